"""A background as it was never photographed: there are few of them."""

import math

import cv2
import numpy as np

from pipeline.frame import RgbImage, resize
from training.geometry import Affine, warped
from training.light import Picture

_RECOLOURED = 0.35
"""How often a view's three colours change places, or mix."""
_SLANTED = 0.25
"""How often a picture is seen sheared, stretched, turned or upside down."""


def seen(
    picture: RgbImage,
    matrix: Affine,
    middle: tuple[float, float],
    size: int,
    rng: np.random.Generator,
) -> Picture:
    """The part of a picture that a map leads to a square; `middle` is the part's, in the picture.

    float32 (size, size, 3), 0…1 and a little beyond.
    """
    if rng.random() < _SLANTED:
        view = _reflected(picture, _slanted(matrix, middle, size, rng), size)
    else:
        view = np.asarray(warped(picture, matrix, size, None))
    return _recoloured(view.astype(np.float32) / np.float32(255), rng)


def _slanted(
    matrix: Affine, middle: tuple[float, float], size: int, rng: np.random.Generator
) -> Affine:
    """A map that is sheared, stretched and turned about a point, at times upside down."""
    slant = rng.normal(0, 0.25, (2, 2)) + np.eye(2)
    slant[1] *= -1 if rng.random() < 0.3 else 1
    shrink = math.sqrt(abs(np.linalg.det(slant))) + 1e-3
    slant *= rng.uniform(1.0, 1.5) / min(shrink, 1.0)
    turned = slant @ matrix[:, :2]
    return np.column_stack((turned, size / 2 - turned @ middle))


def _reflected(picture: RgbImage, matrix: Affine, size: int) -> RgbImage:
    """Mapped to a square; beyond its borders the picture is mirrored."""
    shrink = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    while shrink < 0.6 and min(picture.shape[:2]) > 8:
        width, height = picture.shape[1] // 2, picture.shape[0] // 2
        picture = resize(picture, width, height)
        matrix, shrink = np.column_stack((matrix[:, :2] * 2, matrix[:, 2])), shrink * 2
    return cv2.warpAffine(picture, matrix, (size, size), borderMode=cv2.BORDER_REFLECT_101)


def _recoloured(view: Picture, rng: np.random.Generator) -> Picture:
    """At times with its three colours in other places, or mixed."""
    if rng.random() > _RECOLOURED:
        return view
    if rng.random() < 0.4:
        return view[..., rng.permutation(3)]
    mixed = np.eye(3) + rng.normal(0, 0.3, (3, 3))
    mixed /= mixed.sum(1, keepdims=True).clip(0.3)
    return np.clip(cv2.transform(view, mixed.astype(np.float32)), 0, 1.2)

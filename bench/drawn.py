"""Cut-outs and backgrounds that are drawn, not photographed: clips with exact alpha from nothing.

Small and quick enough for tests, and never the same problem as real people: judge nothing by them
but whether the code works.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.clip import Clip
from bench.cutouts import Cutout
from bench.motion import Size
from pipeline.frame import RgbImage

_FINE = 4
"""Strands are drawn this many times larger and averaged down: a hair has its exact coverage."""
_STRANDS = 160
_SKIN = (205, 160, 130)


def drawn_clips(size: Size, seed: int, count: int = 2, frames: int = 12) -> Iterator[Clip]:
    """Clips of drawn figures over drawn textures, in turn with a still and a moving background."""
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        yield Clip(
            f"drawn-{index}",
            drawn_cutout(size[1], rng),
            texture(size, rng),
            bool(index % 2),
            size,
            frames,
            (seed, index),
        )


def drawn_cutout(height: int, rng: np.random.Generator) -> Cutout:
    """Head, shoulders and hair that stands off in strands; as high as it is wide."""
    side = height * _FINE
    canvas = np.zeros((side, side), np.uint8)
    centre = side // 2, round(side * 0.36)
    shoulders = round(side * 0.4), round(side * 0.42)
    head = round(side * 0.16), round(side * 0.21)
    throat = (round(side * 0.43), centre[1]), (round(side * 0.57), round(side * 0.7))
    cv2.rectangle(canvas, *throat, 255, -1)
    cv2.ellipse(canvas, (centre[0], side), shoulders, 0, 0, 360, 255, -1)
    cv2.ellipse(canvas, centre, head, 0, 0, 360, 255, -1)
    for _ in range(_STRANDS):
        strand = _strand(centre, side, rng)
        cv2.polylines(canvas, [strand], False, 255, int(rng.integers(1, _FINE + 2)), cv2.LINE_AA)
    alpha = cv2.resize(canvas, (height, height), interpolation=cv2.INTER_AREA)
    return Cutout("drawn", _skin_and_cloth(height, rng), alpha.astype(np.float32) / 255)


def texture(size: Size, rng: np.random.Generator) -> RgbImage:
    """Clouds of colour at every scale, uint8 (H, W, 3)."""
    width, height = size
    picture = np.full((height, width, 3), rng.uniform(60, 190, 3), np.float32)
    for octave in range(2, 7):
        shape = 2**octave, 2**octave
        grain = rng.normal(0, 70 / octave, (*shape, 1)) + rng.normal(0, 25 / octave, (*shape, 3))
        grain = grain.astype(np.float32)
        picture += cv2.resize(grain, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _strand(centre: tuple[int, int], side: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """A hair from the upper head outwards, which gravity bends; int32 (points, 2) of x and y."""
    angle = rng.uniform(np.pi * 1.1, np.pi * 1.9)
    root = np.array(centre) + side * np.array([0.15, 0.2]) * (np.cos(angle), np.sin(angle))
    along = np.linspace(0, 1, 12)[:, None]
    outwards = np.array([np.cos(angle + rng.normal(0, 0.3)), np.sin(angle + rng.normal(0, 0.3))])
    length = side * rng.uniform(0.05, 0.16)
    points = root + along * outwards * length + along**2 * np.array([0, length * 0.3])
    strand: NDArray[np.int32] = points.astype(np.int32)
    return strand


def _skin_and_cloth(height: int, rng: np.random.Generator) -> RgbImage:
    """One colour for hair, face and cloth each, with a little texture."""
    hair, cloth = rng.uniform((30, 20, 10), (120, 90, 70)), rng.uniform(30, 200, 3)
    brow, chin = round(height * 0.33), round(height * 0.6)
    picture = np.empty((height, height, 3), np.float32)
    picture[:brow], picture[brow:chin], picture[chin:] = hair, _SKIN, cloth
    picture += rng.normal(0, 6, picture.shape)
    soft: RgbImage = cv2.convertScaleAbs(cv2.GaussianBlur(picture, (0, 0), height / 80))
    return soft

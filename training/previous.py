"""The alpha of a frame before, as a network that runs would have it: late, coarse, often wrong.

All alphas are float32 (S, S), 0…1.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import AlphaMatte
from training.geometry import disc, moved, warped
from training.light import coarse

NONE, WRONG = 0.5, 0.1
"""How often there is no previous alpha, and how often it has nothing to do with the picture."""
_SHIFT, _ZOOM, _TURN_DEGREES = 0.08, 0.08, 4.0
"""The most that a scene moves: about five frames of lively motion."""


def previous_alpha(
    people: Sequence[AlphaMatte],
    distractors: Sequence[AlphaMatte],
    stranger: AlphaMatte,
    rng: np.random.Generator,
) -> AlphaMatte:
    """For a scene's people and other things a previous alpha at random; zeros are none.

    `stranger` is a matte of another scene.
    """
    size = stranger.shape[0]
    chance = rng.random()
    if chance < NONE:
        return np.zeros((size, size), np.float32)
    if chance > 1 - WRONG or not people:
        return _soft(_wrong(united(people, size), stranger, rng), rng)
    seen = [alpha for alpha in people if len(people) == 1 or rng.random() < 0.85]
    seen += [alpha for alpha in distractors if rng.random() < 0.4]
    return _soft(_damaged(_moved(united(seen, size), rng), rng), rng)


def faithful(alpha: AlphaMatte, rng: np.random.Generator) -> AlphaMatte:
    """Late and coarse but otherwise right, as it mostly is; used to validate."""
    return np.asarray(coarse(_moved(alpha, rng), 0.25), np.float32)


def united(alphas: Sequence[AlphaMatte], size: int) -> AlphaMatte:
    """What any of them covers."""
    rest = np.ones((size, size), np.float32)
    for alpha in alphas:
        rest *= 1 - alpha
    return 1 - rest


def _moved(alpha: AlphaMatte, rng: np.random.Generator) -> AlphaMatte:
    """Mostly by little, since a camera shows people who sit."""
    part = rng.random() ** 2
    size = alpha.shape[0]
    motion = moved(size, rng, _SHIFT * part, _ZOOM * part, _TURN_DEGREES * part)
    return np.asarray(cv2.warpAffine(alpha, motion, (size, size), borderMode=cv2.BORDER_REPLICATE))


def _damaged(alpha: AlphaMatte, rng: np.random.Generator) -> AlphaMatte:
    if rng.random() < 0.35:
        alpha = _fattened(alpha, rng)
    if rng.random() < 0.3:
        alpha = np.maximum(alpha, _blobs(alpha.shape[0], rng))
    if rng.random() < 0.3:
        alpha = alpha * (1 - _blobs(alpha.shape[0], rng))
    if rng.random() < 0.12:
        alpha = alpha * (1 - _block(alpha.shape[0], rng))
    if rng.random() < 0.12:
        alpha = alpha * np.float32(rng.uniform(0.3, 0.95))
    return alpha


def _wrong(alpha: AlphaMatte, stranger: AlphaMatte, rng: np.random.Generator) -> AlphaMatte:
    size = alpha.shape[0]
    choice = rng.integers(6)
    if choice == 0:
        return np.ones_like(alpha)
    if choice == 1:
        return _blobs(size, rng)
    if choice == 2:
        return np.asarray(warped(alpha, moved(size, rng, 0.5, 0.4, 20), size))
    if choice == 3:
        return 1 - alpha
    return stranger


def _soft(alpha: AlphaMatte, rng: np.random.Generator) -> AlphaMatte:
    """At a resolution like that of the network's own output, or blurred."""
    if rng.random() < 0.7:
        alpha = np.asarray(coarse(alpha, rng.choice((0.25, 0.25, 0.125))))
    if rng.random() < 0.3:
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.5, 6)))
    return np.clip(alpha, 0, 1)


def _fattened(alpha: AlphaMatte, rng: np.random.Generator) -> AlphaMatte:
    reach = int(rng.integers(1, max(2, alpha.shape[0] // 32)))
    change = cv2.dilate if rng.random() < 0.5 else cv2.erode
    return np.asarray(change(alpha, disc(reach)))


def _blobs(size: int, rng: np.random.Generator) -> AlphaMatte:
    canvas = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(1, 4)):
        centre = rng.integers(0, size, 2).tolist()
        axes = (rng.uniform(0.03, 0.2, 2) * size).astype(int).tolist()
        cv2.ellipse(canvas, centre, axes, rng.uniform(0, 180), 0, 360, 255, -1)
    return canvas.astype(np.float32) / np.float32(255)


def _block(size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A large rectangle of ones, from a border."""
    canvas = np.zeros((size, size), np.float32)
    depth = int(rng.uniform(0.2, 0.6) * size)
    canvas[:depth] = 1
    return np.ascontiguousarray(np.rot90(canvas, int(rng.integers(4))))

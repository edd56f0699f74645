"""What stands in front of people: the edge of a desk, the back of a screen, a microphone's arm."""

import cv2
import numpy as np

from pipeline.frame import AlphaMatte
from training.light import Picture
from training.people import Levels

_DESK, _BOX = 0.4, 0.75
"""Up to which chance it is a desk, and up to which a box; else an arm."""


def in_front(texture: Picture, rng: np.random.Generator) -> tuple[Picture, AlphaMatte]:
    """Something's colour, float32 (S, S, 3), and alpha, float32 (S, S).

    It has a part of `texture` for its colour, or one colour alone, mostly dark.
    """
    mask = _shape(texture.shape[0], rng)
    alpha = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.4, 1.5)).astype(np.float32) / 255
    colour = texture * np.float32(rng.uniform(0.3, 1.2))
    if rng.random() < 0.5:
        plain = rng.uniform(0.03, 0.9) ** 1.5 * np.exp(rng.normal(0, 0.15, 3))
        colour = np.broadcast_to(plain.astype(np.float32), texture.shape)
    return np.asarray(colour, np.float32), alpha


def _shape(size: int, rng: np.random.Generator) -> Levels:
    chance = rng.random()
    if chance < _DESK:
        return _desk(size, rng)
    return _box(size, rng) if chance < _BOX else _arm(size, rng)


def _desk(size: int, rng: np.random.Generator) -> Levels:
    """All below a line, nearly level."""
    top, tilt = rng.uniform(0.7, 0.97), rng.normal(0, 0.02)
    return _filled(size, [(0, top - tilt), (1, top + tilt), (1, 1.1), (0, 1.1)])


def _box(size: int, rng: np.random.Generator) -> Levels:
    """A laptop, a screen's back, a cup: from the lower border upwards."""
    wide, high = rng.uniform(0.06, 0.5), rng.uniform(0.06, 0.35)
    left, lean = rng.uniform(-0.1, 1.0 - wide / 2), rng.normal(0, 0.02)
    right, top = left + wide, 1 - high
    return _filled(size, [(left + lean, top), (right + lean, top), (right, 1.1), (left, 1.1)])


def _arm(size: int, rng: np.random.Generator) -> Levels:
    """A thin bar from a border inwards, with something round at its end."""
    start = np.array([rng.uniform(0, 1), 1.05] if rng.random() < 0.6 else [1.05, rng.uniform(0, 1)])
    end = rng.uniform((0.15, 0.35), (0.85, 0.85))
    canvas = np.zeros((size, size), np.uint8)
    first, last = ((point * size).astype(int).tolist() for point in (start, end))
    cv2.line(canvas, first, last, 255, max(1, round(rng.uniform(0.01, 0.04) * size)))
    axes = (rng.uniform(0.01, 0.08, 2) * size).astype(int).tolist()
    cv2.ellipse(canvas, last, axes, rng.uniform(0, 180), 0, 360, 255, -1)
    return canvas[:, ::-1].copy() if rng.random() < 0.5 else canvas


def _filled(size: int, corners: list[tuple[float, float]]) -> Levels:
    canvas = np.zeros((size, size), np.uint8)
    cv2.fillPoly(canvas, [np.round(np.array(corners) * size).astype(np.int32)], 255)
    return canvas

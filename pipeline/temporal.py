"""Alpha over time: a still edge stops flickering, a moving one neither lags nor leaves a ghost."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import AlphaMatte, resize
from pipeline.sampling import Points

NEW_WEIGHT = 0.2
"""How much of a new alpha is taken where nothing moves."""
STILL, MOVING = 1.4, 2.6
"""A change of colour, in multiples of the picture's noise, up to which it is still, and moves."""
NOISE_FLOOR = 0.7
"""The least noise reckoned with, in steps of 0 … 255."""
REACH = 31
"""Side of the square, in pixels of the guide, round a motion that is taken to move along."""
DISAGREEMENT = 0.5
"""A change of alpha this large is believed at once: something came or went."""
CUT_CHANGE = 40.0
"""Mean change of a 16×9 miniature, in steps of 0 … 255, that makes a scene cut."""
_SNAP = 0.005
"""Smoothing never quite arrives: this close to 0 or 1 alpha is taken to be there."""


class TemporalFilter:
    """Exponential smoothing, weighted at each pixel by what moves.

    Where the picture is still, two mattes differ by the network's own restlessness or by camera
    noise seen through the guided filter, and the new one enters by `NEW_WEIGHT`. Where the picture
    moves, or the two disagree outright, the new one is taken whole. A scene cut drops all state.
    """

    def __init__(self) -> None:
        self.cuts = 0
        self._luma: NDArray[np.int16] | None = None
        self._alpha: AlphaMatte | None = None

    def reset(self) -> None:
        """Forget what was seen: the next alpha is taken as it is."""
        self._luma = self._alpha = None

    def __call__(self, guide: NDArray[np.uint8], alpha: AlphaMatte) -> AlphaMatte:
        """Alpha, float32 (H, W), steadied.

        `guide` is the frame as RGB at a reduced size, uint8 (h, w, 3): motion is looked for there.
        """
        luma = cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY).astype(np.int16)
        before, self._luma = self._luma, luma
        if before is None or self._alpha is None or self._alpha.shape != alpha.shape:
            self._alpha = alpha
        elif is_cut(before, luma):
            self.cuts += 1
            self._alpha = alpha
        else:
            self._alpha = _blend(self._alpha, alpha, _motion(before, luma))
        return self._alpha


def is_cut(before: NDArray[np.int16], now: NDArray[np.int16]) -> bool:
    """Whether two lumas, int16 (h, w) of 0 … 255, come from different scenes."""
    return float(np.abs(_miniature(before) - _miniature(now)).mean()) > CUT_CHANGE


def _miniature(luma: NDArray[np.int16]) -> NDArray[np.float32]:
    return cv2.resize(luma, (16, 9), interpolation=cv2.INTER_AREA).astype(np.float32)


def _motion(before: NDArray[np.int16], now: NDArray[np.int16]) -> NDArray[np.float32]:
    """0 where the picture stands still within its own noise, 1 near what surely moves."""
    change = cv2.blur(np.abs(now - before).astype(np.float32), (5, 5))
    noise = max(float(np.median(change)), NOISE_FLOOR)
    motion = np.clip((change / noise - STILL) / (MOVING - STILL), 0, 1)
    return cv2.dilate(motion, np.ones((REACH, REACH), np.uint8))


def _blend(before: AlphaMatte, now: AlphaMatte, motion: NDArray[np.float32]) -> AlphaMatte:
    """Move from one alpha to the next, as far as motion (h, w) and their disagreement allow."""
    height, width = motion.shape
    change = np.abs(resize(now, width, height) - resize(before, width, height))
    weight = np.clip(np.maximum(motion, cv2.blur(change, (3, 3)) / DISAGREEMENT), NEW_WEIGHT, 1)
    points = Points.where(before != now)
    old = points.take(before)
    mixed = old + points.sample(weight) * (points.take(now) - old)
    mixed[mixed < _SNAP] = 0
    mixed[mixed > 1 - _SNAP] = 1
    result = now.copy()
    points.put(result, mixed)
    return result

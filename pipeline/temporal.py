"""Alpha over time: a still edge stops flickering, a moving one neither lags nor leaves a ghost."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Cells, pooling
from pipeline.matte import EdgeMatte

NEW_WEIGHT = 0.2
"""How much of a new alpha is taken where nothing moves."""
MOVING_WEIGHT = 0.85
"""How much where something moves: what a network finds in a moving edge is restless, too."""
STILL, MOVING = 1.4, 2.6
"""A change of colour, in multiples of the picture's noise, up to which it is still, and moves."""
NOISE_FLOOR = 0.7
"""The least noise reckoned with, in steps of 0 … 255."""
REACH = 31
"""Side of the square, in pixels of the guide, round a motion that is taken to move along."""
DISAGREEMENT = 0.5
"""A change of alpha this large is believed at once: something came or went."""
_SNAP = 0.005
"""Smoothing never quite arrives: this close to 0 or 1 alpha is taken to be there."""


class TemporalFilter:
    """Exponential smoothing, weighted at each pixel by what moves.

    Where the picture is still, two mattes differ by the network's own restlessness or by camera
    noise seen through the guided filter, and the new one enters by `NEW_WEIGHT`. Where the picture
    moves it enters by `MOVING_WEIGHT`, and where the two disagree outright it is taken whole. A
    scene cut drops all state.
    """

    def __init__(self) -> None:
        self._luma: NDArray[np.int16] | None = None
        self._matte: EdgeMatte | None = None

    def reset(self) -> None:
        """Forget what was seen: the next alpha is taken as it is."""
        self._luma = self._matte = None

    def __call__(
        self, guide: NDArray[np.uint8], matte: EdgeMatte, *, is_cut: bool = False
    ) -> EdgeMatte:
        """The matte, steadied. `guide` is the frame reduced by its cells, RGB uint8 (h, w, 3)."""
        luma = cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY).astype(np.int16)
        before, self._luma = self._luma, luma
        if is_cut or before is None or self._matte is None or before.shape != luma.shape:
            self._matte = matte
        else:
            self._matte = _blend(self._matte, matte, _motion(before, luma))
        return self._matte


def _motion(before: NDArray[np.int16], now: NDArray[np.int16]) -> NDArray[np.float32]:
    """0 where the picture stands still within its own noise, 1 near what surely moves."""
    change = cv2.blur(np.abs(now - before).astype(np.float32), (5, 5))
    noise = max(float(np.median(change[::4, ::4])), NOISE_FLOOR)
    motion = np.clip((change / noise - STILL) / (MOVING - STILL), 0, 1)
    return cv2.dilate(motion, np.ones((REACH, REACH), np.uint8))


def _blend(before: EdgeMatte, now: EdgeMatte, motion: NDArray[np.float32]) -> EdgeMatte:
    """Move from one matte to the next, as far as motion (h, w) and their disagreement allow."""
    disagreement = cv2.blur(np.abs(now.low - before.low), (3, 3)) / DISAGREEMENT
    weight = np.clip(np.maximum(MOVING_WEIGHT * motion, disagreement), NEW_WEIGHT, 1)
    cells = Cells.union(before.cells, now.cells)
    old, new = before.at(cells), now.at(cells)
    mixed = old + cells.take(weight)[:, None] * (new - old)
    mixed[mixed < _SNAP] = 0
    mixed[mixed > 1 - _SNAP] = 1
    mean = (mixed @ pooling(now.side, (1, 1)))[:, 0]
    still_edge = (mean > 0) & (mean < 1)
    inside = now.inside.copy()
    inside.reshape(-1)[cells.index] = mean > 0.5
    kept = Cells(cells.index[still_edge], cells.shape)
    return replace(now, cells=kept, values=mixed[still_edge], inside=inside)

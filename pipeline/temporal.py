"""Alpha over time: a still edge stops flickering, a moving one neither lags nor leaves a ghost.

Live frames know only what was before them (`TemporalFilter`). Those of a film are steadied by the
one after them as well (`steadied`), which does not lag.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Cells, Floats, pooling
from pipeline.matte import EdgeMatte

NEW_WEIGHT = 0.2
"""How much of a new alpha is taken where nothing moves."""
MOVING_WEIGHT = 0.85
"""How much where something moves: what a network finds in a moving edge is restless, too."""
NEIGHBOUR_WEIGHT = 0.25
"""How much of a film's alpha is taken of that of the frame before, and of that after."""
AROUND, SLACK = 3, 0.1
"""A neighbour's alpha counts as far as it goes no more than so far beyond those of so many cells on
a side, of about 2 lines of 360, in the frame itself."""
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


def steadied(before: EdgeMatte | None, now: EdgeMatte, after: EdgeMatte | None) -> EdgeMatte:
    """The matte of a frame, steadied by those of its neighbours, where there are any.

    They count alike, so that what moves is drawn neither where it was nor where it will be; and no
    further than both agree, or the frame itself has it close by: of what moves fast each of them
    would show a ghost.
    """
    cells, beside = now.cells, [one for one in (before, after) if one is not None]
    for one in beside:
        sides = Cells.where(now.inside != one.inside)
        cells = Cells.union(Cells.union(cells, one.cells), sides)
    found, others = now.at(cells), [one.at(cells) for one in beside]
    least, most = (cells.take(bound)[:, None] for bound in _bounds(now))
    if before is not None and after is not None:
        least = np.minimum(least, np.maximum(*others))
        most = np.maximum(most, np.minimum(*others))
    alpha = found.copy()
    for other in others:
        alpha += NEIGHBOUR_WEIGHT * (np.clip(other, least, most) - found)
    return _with_edge(now, cells, alpha)


def _bounds(matte: EdgeMatte) -> tuple[Floats, Floats]:
    """How little and how much a neighbour's alpha may count as in each cell: (h, w)."""
    least = matte.inside.astype(np.float32)
    most = least.copy()
    least.reshape(-1)[matte.cells.index] = matte.values.min(axis=1)
    most.reshape(-1)[matte.cells.index] = matte.values.max(axis=1)
    around = np.ones((AROUND, AROUND), np.uint8)
    return cv2.erode(least, around) - SLACK, cv2.dilate(most, around) + SLACK


def _blend(before: EdgeMatte, now: EdgeMatte, motion: NDArray[np.float32]) -> EdgeMatte:
    """Move from one matte to the next, as far as motion (h, w) and their disagreement allow."""
    disagreement = cv2.blur(np.abs(now.low - before.low), (3, 3)) / DISAGREEMENT
    weight = np.clip(np.maximum(MOVING_WEIGHT * motion, disagreement), NEW_WEIGHT, 1)
    cells = Cells.union(before.cells, now.cells)
    old, new = before.at(cells), now.at(cells)
    return _with_edge(now, cells, old + cells.take(weight)[:, None] * (new - old))


def _with_edge(matte: EdgeMatte, cells: Cells, alpha: Floats) -> EdgeMatte:
    """The matte with another alpha in some cells, float32 (n, side²), all of its edge's included.

    It is written to.
    """
    alpha[alpha < _SNAP] = 0
    alpha[alpha > 1 - _SNAP] = 1
    mean = (alpha @ pooling(matte.side, (1, 1)))[:, 0]
    still_edge = (mean > 0) & (mean < 1)
    inside = matte.inside.copy()
    inside.reshape(-1)[cells.index] = mean > 0.5
    kept = Cells(cells.index[still_edge], cells.shape)
    return replace(matte, cells=kept, values=alpha[still_edge], inside=inside)

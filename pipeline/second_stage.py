"""A second stage after the network: what is uncertain becomes a trimap, which somebody else solves.

It sees all of the edge at once, for as long as that takes; there is no doing it in parts.
"""

import math
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.carry import Carried
from pipeline.cells import Cells, reduce
from pipeline.frame import AlphaMatte, Frame, RgbImage, Roi, Trimap
from pipeline.guided import along_colours
from pipeline.matte import EdgeMatte
from pipeline.refine import EdgeView, Refined
from pipeline.refine_stats import RefineStats
from pipeline.trimap import UNKNOWN, reduced_trimap, trimap_of, unknown_box


class TrimapMatting(Protocol):
    """Finds alpha from a picture and its trimap; `name` is what reports call it.

    `most_pixels` bounds what it is given; `margin` is how many pixels about the unknown it wants.
    It is called by one thread at a time, unless it says otherwise.
    """

    name: str
    most_pixels: int
    margin: int

    def __call__(self, rgb: RgbImage, trimap: Trimap) -> AlphaMatte | None:
        """Alpha float32 (h, w), 0…1, of RGB uint8 (h, w, 3) and a trimap (h, w).

        None where there is no solution.
        """
        ...


class TrimapRefiner:
    """Refines whole frames by a trimap; see `EdgeRefiner`. Nothing is carried between them."""

    def __init__(
        self, matting: TrimapMatting, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.name = matting.name
        self.carried = Carried()
        self._matting, self._clock = matting, clock

    def __call__(self, view: EdgeView, left: float = math.inf) -> Refined:
        """The matte with alpha found anew where it is unknown; as it is where time is short."""
        began, matte = self._clock(), view.matte
        trimap = trimap_of(matte)
        if not np.any(trimap == UNKNOWN):
            return Refined(matte, None, RefineStats())
        if math.isfinite(left):
            return Refined(matte, None, RefineStats(found=1))
        alpha = solved(self._matting, view.frame, trimap, matte.full)
        share = float(np.mean(trimap == UNKNOWN))
        stats = RefineStats(1, 1, 0, self._clock() - began, share)
        return Refined(EdgeMatte.from_alpha(alpha), None, stats)


def solved(matting: TrimapMatting, frame: Frame, trimap: Trimap, alpha: AlphaMatte) -> AlphaMatte:
    """Alpha of every pixel, float32 (H, W), found anew where the trimap is unknown, if it can be.

    Where the box of the unknown has more pixels than `matting` takes it is shown that box reduced;
    what it finds is then brought up along the frame's colours.
    """
    step = _step(trimap, matting)
    shape, guide = frame.grid(step), frame.reduced(step)
    small = trimap if step == 1 else reduced_trimap(trimap, shape, step)
    found = _solved_in_box(matting, guide, small, reduce(alpha, shape, (step, step)))
    if found is None:
        return alpha
    if step > 1:
        found = _brought_up(frame, found, guide, small == UNKNOWN, step)
    return np.where(trimap == UNKNOWN, found, alpha)


def _step(trimap: Trimap, matting: TrimapMatting) -> int:
    """By how much the frame is reduced, a power of two."""
    step = 1
    while _area(unknown_box(trimap, matting.margin * step)) > matting.most_pixels * step**2:
        step *= 2
    return step


def _area(box: Roi | None) -> int:
    return box.width * box.height if box else 0


def _solved_in_box(
    matting: TrimapMatting, rgb: RgbImage, trimap: Trimap, alpha: AlphaMatte
) -> AlphaMatte | None:
    """None where foreground and background are not both known: nothing follows from one."""
    box = unknown_box(trimap, matting.margin)
    assert box is not None
    part = slice(box.top, box.bottom), slice(box.left, box.right)
    if not {0, 255} <= set(np.unique(trimap[part]).tolist()):
        return None
    solution = matting(*(np.ascontiguousarray(one[part]) for one in (rgb, trimap)))
    if solution is None:
        return None
    found = alpha.copy()
    found[part] = np.where(trimap[part] == UNKNOWN, solution, alpha[part])
    return found


def _brought_up(
    frame: Frame, low: AlphaMatte, guide: RgbImage, unknown: NDArray[np.bool_], step: int
) -> AlphaMatte:
    """Alpha of a reduced frame at the frame's own size; 0 wherever it is known."""
    cells, found = Cells.where(unknown), np.zeros((frame.height, frame.width), np.float32)
    values = np.clip(along_colours(frame, low, guide, cells, step), 0, 1)
    found.reshape(-1)[cells.samples(found, (step, step))] = values
    return found

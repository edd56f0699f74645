"""A trimap out of a matte: what a second stage may take for known, and what it has to find out."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Floats, repeat
from pipeline.frame import Roi, Trimap
from pipeline.matte import EdgeMatte

UNKNOWN = 128
OUTWARD, INWARD = 0.015, 0.0075
"""Of the frame's shorter side: so far from a matte's edge nothing is taken for known. What the
first stage misses of hair lies outside."""
_CERTAIN = 0.05
"""Alpha so near to 0 or 1 is no part of the edge."""


def trimap_of(matte: EdgeMatte, outward: float = OUTWARD, inward: float = INWARD) -> Trimap:
    """uint8 (H, W): 0 background, 128 unknown, 255 foreground; in steps of the matte's cells."""
    inside, side = matte.low > 0.5, matte.side
    edge = np.zeros(inside.shape, np.uint8)
    mixed = np.abs(matte.values - 0.5) < 0.5 - _CERTAIN
    edge.reshape(-1)[matte.cells.index] = mixed.any(axis=1)
    shorter = min(matte.width, matte.height) / side
    unknown = np.where(inside, _grown(edge, inward * shorter), _grown(edge, outward * shorter))
    plane = np.empty((matte.height, matte.width), np.uint8)
    is_unknown, is_inside = (repeat(mask, plane, (side, side)) for mask in (unknown > 0, inside))
    plane[:] = np.where(is_unknown, np.uint8(UNKNOWN), 255 * is_inside)
    return plane


def certain_trimap(
    levels: NDArray[np.uint8], foreground: int, background: int, eroded: int
) -> Trimap:
    """Known is what lies above `foreground` or below `background`, levels of 255, each eroded by a
    square of so many pixels; 0: by a cross of three.

    What rembg's alpha matting does (its `bg.py`), by sums over boxes: any square takes as long.
    Beyond the borders there is background.
    """
    trimap = np.full(levels.shape, UNKNOWN, np.uint8)
    trimap[_none_near(levels <= foreground, eroded, beyond=True)] = 255
    trimap[_none_near(levels >= background, eroded, beyond=False)] = 0
    return trimap


def _none_near(mask: NDArray[np.bool_], side: int, *, beyond: bool) -> NDArray[np.bool_]:
    """Where a square, or a cross for side 0, has nothing of a mask, which goes on as `beyond`."""
    levels, constant = mask.astype(np.uint8), cv2.BORDER_CONSTANT
    if not side:
        cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
        return cv2.dilate(levels, cross, borderType=constant, borderValue=int(beyond)) == 0
    down, across = (min(side, 2 * length) for length in mask.shape)  # no square need be larger
    middle = across // 2, down // 2
    counts = cv2.boxFilter(
        levels, cv2.CV_32S, (across, down), anchor=middle, normalize=False, borderType=constant
    )
    none: NDArray[np.bool_] = counts == 0
    if beyond:
        for lines, reach in ((none, down), (none.T, across)):
            lines[: reach // 2] = lines[len(lines) - (reach - 1) // 2 :] = False
    return none


def unknown_box(trimap: Trimap, margin: int) -> Roi | None:
    """The rectangle round all that is unknown, with so many pixels about it; None: nothing is."""
    unknown = trimap == UNKNOWN
    rows, columns = np.flatnonzero(unknown.any(axis=1)), np.flatnonzero(unknown.any(axis=0))
    if not len(rows):
        return None
    height, width = trimap.shape
    return Roi(
        max(0, int(columns[0]) - margin),
        max(0, int(rows[0]) - margin),
        min(width, int(columns[-1]) + 1 + margin),
        min(height, int(rows[-1]) + 1 + margin),
    )


def reduced_trimap(trimap: Trimap, shape: tuple[int, int], step: int) -> Trimap:
    """Over cells of `step` pixels, to a grid of `shape` (h, w); known is what is so all through."""
    padded = cv2.copyMakeBorder(
        trimap,
        0,
        shape[0] * step - trimap.shape[0],
        0,
        shape[1] * step - trimap.shape[1],
        cv2.BORDER_REPLICATE,
    )
    cells = padded.reshape(shape[0], step, shape[1], step)
    least, most = cells.min(axis=(1, 3)), cells.max(axis=(1, 3))
    return np.where(least == most, least, np.uint8(UNKNOWN))


def _grown(mask: Floats, radius: float) -> Floats:
    reach = 2 * max(1, round(radius)) + 1
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))

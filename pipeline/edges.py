"""Where an edge is worked on at the frame's own resolution: patches, their places and windows.

A tiling covers a frame with patches, always at the same places, so that what was found in one can
be carried to the next frame. Patches overlap by some 2 · `MARGIN` pixels, and the windows that they
are blended with add up to 1 everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Floats, spread
from pipeline.colour import Plane, rgb_from_yuv
from pipeline.frame import AlphaMatte, Frame, RgbImage, Roi
from pipeline.matte import EdgeMatte

PATCH = 128
"""Side of a patch in pixels."""
MARGIN = 16
"""Pixels at each side of a patch that its neighbour shows too."""
CHANNELS = 5
"""Of a patch: red, green, blue, coarse alpha, guided alpha."""
STEP = 8
"""Patches lie at multiples of it: of every side of a cell, and of every chroma sample."""
_IN_ORDER = [place for channel in range(CHANNELS) for place in (channel, channel)]

Patches = NDArray[np.uint8]
"""uint8 (n, PATCH, PATCH, CHANNELS), 0…255."""


@dataclass(frozen=True, eq=False)
class Tiling:
    """The patches that cover a frame, in rows and columns, and the weight of each at its pixels.

    `down` and `across` are float32 (rows, PATCH) and (columns, PATCH): a patch's window is their
    outer product.
    """

    tops: tuple[int, ...]
    lefts: tuple[int, ...]
    down: Floats
    across: Floats

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.tops), len(self.lefts)

    def roi(self, number: int) -> Roi:
        """The pixels of a patch, counted row by row; they may reach over the lower right border."""
        row, column = divmod(number, len(self.lefts))
        left, top = self.lefts[column], self.tops[row]
        return Roi(left, top, left + PATCH, top + PATCH)

    def cells(self, number: int, side: int) -> tuple[slice, slice]:
        """The cells of a patch, in a plane of cells."""
        roi = self.roi(number)
        return slice(roi.top // side, roi.bottom // side), slice(
            roi.left // side, roi.right // side
        )

    def window(self, number: int, step: int = 1) -> Floats:
        """A patch's weights, one each `step` pixels: float32 (PATCH / step) squared."""
        row, column = divmod(number, len(self.lefts))
        down, across = self.down[row], self.across[column]
        if step > 1:
            down, across = (line.reshape(-1, step).mean(1) for line in (down, across))
        return down[:, None] * across

    def sums(self, plane: Floats, side: int) -> Floats:
        """The sum of a plane of cells (h, w) under each patch's window: float32 (patches,)."""
        down = _at_cells(self.tops, self.down, plane.shape[0], side)
        across = _at_cells(self.lefts, self.across, plane.shape[1], side)
        return (down @ plane @ across.T).reshape(-1)


@lru_cache(maxsize=16)
def tiling(width: int, height: int) -> Tiling:
    """The patches of a frame."""
    tops, lefts = _places(height), _places(width)
    return Tiling(tops, lefts, _windows(tops), _windows(lefts))


def _places(length: int) -> tuple[int, ...]:
    """Where patches begin that cover a side of a frame, evenly spaced."""
    last = max(0, -(-(length - PATCH) // STEP) * STEP)
    count = 1 + -(-last // (PATCH - 2 * MARGIN))
    return tuple(int(place) // STEP * STEP for place in np.linspace(0, last, count))


def _windows(places: tuple[int, ...]) -> Floats:
    """Weights that fall off towards neighbours and add up to 1: float32 (places, PATCH)."""
    ramp = np.minimum(np.arange(PATCH) + 0.5, 2 * MARGIN)
    ramp = np.minimum(ramp, ramp[::-1])
    lines = np.zeros((len(places), places[-1] + PATCH))
    for line, place in zip(lines, places, strict=True):
        line[place : place + PATCH] = ramp
    lines /= lines.sum(0)
    parts = [line[place : place + PATCH] for line, place in zip(lines, places, strict=True)]
    return np.array(parts, np.float32)


def _at_cells(places: tuple[int, ...], windows: Floats, cells: int, side: int) -> Floats:
    """The mean weight of each patch in each of a line's cells: float32 (places, cells)."""
    lines = np.zeros((len(places), places[-1] // side + PATCH // side + cells), np.float32)
    for line, place, window in zip(lines, places, windows, strict=True):
        line[place // side :][: PATCH // side] = window.reshape(-1, side).mean(1)
    return lines[:, :cells]


def uncertainty(matte: EdgeMatte) -> Floats:
    """How uncertain each cell is, 0…1, float32 (h, w): by alpha that is mixed, and by its slope."""
    between = np.zeros(matte.inside.shape, np.float32)
    pixels = 4 * matte.values * (1 - matte.values)
    between.reshape(-1)[matte.cells.index] = pixels.mean(1)
    slope = cv2.magnitude(*(cv2.Sobel(matte.low, cv2.CV_32F, *way) for way in ((1, 0), (0, 1))))
    return np.maximum(between, np.minimum(slope / 8, 1))


def feather(matte: EdgeMatte) -> Floats:
    """How far alpha may be changed at the pixels of the matte's cells: float32 (n, side²).

    1 within the edge's band, falling to 0 towards its border, beyond which nothing is touched.
    """
    band = np.zeros(matte.inside.shape, np.float32)
    band.reshape(-1)[matte.cells.index] = 1
    inner = np.maximum(2 * cv2.blur(band, (3, 3)) - 1, 0)
    return matte.cells.enlarge(inner, (matte.side, matte.side))


def feather_plane(matte: EdgeMatte) -> AlphaMatte:
    """The same of every pixel, 0 beyond the band: float32 (H, W)."""
    return replace(matte, values=feather(matte), inside=np.zeros_like(matte.inside)).full


def coarse_plane(frame: Frame, alpha: AlphaMatte, side: int) -> NDArray[np.uint8]:
    """A network's coarse alpha, of any size, brought up bilinearly: uint8 (H, W)."""
    rows, columns = frame.grid(side)
    low = cv2.convertScaleAbs(cv2.resize(alpha, (columns, rows)), alpha=255)
    return spread(low, frame.planes[0], (side, side))


def cut_patches(
    frame: Frame, coarse: NDArray[np.uint8], guided: AlphaMatte, rois: Sequence[Roi]
) -> Patches:
    """What a generator is shown of each ROI. `coarse` uint8, `guided` float32 (H, W)."""
    patches = np.empty((len(rois), PATCH, PATCH, CHANNELS), np.uint8)
    for patch, roi in zip(patches, rois, strict=True):
        levels = cv2.convertScaleAbs(cut(guided, roi), alpha=255)
        planes = rgb_at(frame, roi), cut(coarse, roi), levels
        cv2.mixChannels(planes, [patch], _IN_ORDER)  # NumPy takes five times as long
    return patches


def cut(plane: Plane, roi: Roi) -> Plane:
    """The ROI of a plane (H, W[, C]), which goes on beyond its borders as it ends there."""
    height, width = plane.shape[:2]
    left, top = max(0, roi.left), max(0, roi.top)
    inside = plane[top : min(height, roi.bottom), left : min(width, roi.right)]
    if inside.shape[:2] == (roi.height, roi.width):
        return inside
    over = top - roi.top, max(0, roi.bottom - height), left - roi.left, max(0, roi.right - width)
    return cv2.copyMakeBorder(inside, *over, cv2.BORDER_REPLICATE)


def rgb_at(frame: Frame, roi: Roi) -> RgbImage:
    """An ROI as RGB, uint8 (h, w, 3); its corner lies at even pixels."""
    if frame.is_rgb:
        return cut(frame.planes[0], roi)
    planes = []
    for plane in frame.planes:
        down, across = (2 // samples for samples in frame.block(plane, 2))
        own = Roi(roi.left // across, roi.top // down, roi.right // across, roi.bottom // down)
        planes.append(cv2.resize(cut(plane, own), (roi.width, roi.height)))
    return rgb_from_yuv(tuple(planes), frame.colour, frame.height)

"""Small subjects seen at several scales: in the whole frame, and then closer.

A network sees a frame at some 300 pixels a side, so that a person of a tenth of its height has
thirty of them. Where the first look finds something small, a second one is for that alone.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from pipeline.cells import Floats, cell_side
from pipeline.frame import AlphaMatte, Frame, Roi
from pipeline.segment import Segmenter
from pipeline.subject import WHOLE, Look, grown, part_of

SMALL = 0.25
"""Part of the frame, at most, that a crop round something small has."""
MARGIN = 0.35
"""Of the subject's size, added on every side: the first look is not sure of it."""
MOST_CROPS = 4
"""The largest; each costs as much as the look at the whole."""
AGREES = 0.1
"""The least IoU, within a crop, of what was seen closer and in the whole. The first look is coarse;
below that the two are not about the same thing."""
_FOREGROUND = 0.5
_LEAST_SIDE = 16
"""Pixels of a crop: in fewer there is nothing closer to see."""
_SPECK = 2e-4
"""Part of the frame below which what was found is noise."""
_FEATHER = 0.1
"""Of a crop's sides, over which what was seen closer gives way to what was seen in the whole."""


@dataclass(frozen=True, slots=True, eq=False)
class SeveralScales:
    """A segmenter that looks again, closer, at what it finds small; see `Segmenter`."""

    segmenter: Segmenter

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        """A crop that is asked for is looked at as it is."""
        alpha = self.segmenter(frame, look)
        crops = small_crops(alpha, frame) if look.crop is None else []
        if not crops:
            return alpha
        rows, columns = frame.grid(cell_side(frame.width, frame.height))
        joined: AlphaMatte = cv2.resize(alpha, (columns, rows), interpolation=cv2.INTER_LINEAR)
        rgb = frame.rgb
        for crop in crops:
            part = np.ascontiguousarray(rgb[crop.top : crop.bottom, crop.left : crop.right])
            closer = self.segmenter(Frame.from_rgb(part), replace(look, previous=None))
            _join(joined, closer, crop, frame)
        return joined


def small_crops(alpha: AlphaMatte, frame: Frame) -> list[Roi]:
    """Where something small is, with a margin, the largest first; what is near it is in it.

    `alpha` is coarse, float32 (h, w) over the whole frame.
    """
    found = np.asarray(alpha > _FOREGROUND, np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(found)
    across, down = frame.width / alpha.shape[1], frame.height / alpha.shape[0]
    crops: list[Roi] = []
    for left, top, width, height, area in stats[1:]:
        if area < _SPECK * alpha.size:
            continue
        pixels = left * across, top * down, (left + width) * across, (top + height) * down
        crops.append(grown(Roi(*map(int, pixels)), MARGIN, frame))
    small = [crop for crop in _merged(crops) if _is_small(crop, frame)]
    return sorted(small, key=_area, reverse=True)[:MOST_CROPS]


def _is_small(crop: Roi, frame: Frame) -> bool:
    has_detail = min(crop.width, crop.height) >= _LEAST_SIDE
    return has_detail and _area(crop) < SMALL * frame.width * frame.height


def _merged(crops: list[Roi]) -> list[Roi]:
    """Those that overlap, or what came of them does, as one."""
    merged: list[Roi] = []
    for crop in crops:
        apart = []
        for other in merged:
            if _overlap(crop, other):
                crop = _union(crop, other)
            else:
                apart.append(other)
        merged = [*apart, crop]
    return merged if len(merged) == len(crops) else _merged(merged)


def _join(joined: AlphaMatte, closer: AlphaMatte, crop: Roi, frame: Frame) -> None:
    """Put what was seen closer in its place, unless it is something else than was seen there."""
    part = joined[part_of(joined, crop, frame)]
    height, width = part.shape
    smaller = height < closer.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    closer = cv2.resize(closer, (width, height), interpolation=how)
    one, other = closer > _FOREGROUND, part > _FOREGROUND
    if np.sum(one & other) >= AGREES * np.sum(one | other):
        part += _window(height, width) * (closer - part)


def _window(height: int, width: int) -> Floats:
    """1 within a crop, falling to 0 towards its borders: float32 (height, width)."""
    down, across = (_ramp(length) for length in (height, width))
    return down[:, None] * across


def _ramp(length: int) -> Floats:
    place = (np.arange(length, dtype=np.float32) + 0.5) / (_FEATHER * length)
    return np.minimum(1, np.minimum(place, place[::-1]))


def _overlap(one: Roi, other: Roi) -> bool:
    across = min(one.right, other.right) - max(one.left, other.left)
    return across > 0 and min(one.bottom, other.bottom) - max(one.top, other.top) > 0


def _union(one: Roi, other: Roi) -> Roi:
    return Roi(
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )


def _area(roi: Roi) -> int:
    return roi.width * roi.height

"""Where the network looks: a crop that follows the subject, so that its few pixels count.

The crop for a frame comes from the matte of the frame `LAG` before it. That is what lets several
frames be segmented at once, and the result be the same however many they are.
"""

import math
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from pipeline.closer import Say
from pipeline.frame import AlphaMatte, Frame, Roi
from pipeline.matte import EdgeMatte

LAG = 4
"""Frames between a matte and the crop that follows from it; the most that can be in flight."""
CHECK_EVERY = 30
"""So often the whole frame is looked at too: somebody else may have come in."""
DISTRUST = 300
"""Frames that are seen whole once a crop has misled: a subject half lost is followed by halves."""
AGREES = 0.75
"""The least IoU, within a crop, of what is seen there and of what is seen in the whole frame."""
MARGIN = 0.25
"""Of the subject's size, added on every side."""
WORTH = 0.7
"""A crop of more than this part of the frame is not worth its risk: the whole is taken."""
INNER_MARGIN, SLACK = 0.05, 2.0
"""A crop is kept while the subject has this margin in it and it is not so much too large."""
_PRESENT, _FOREGROUND = 0.1, 0.5


@dataclass(frozen=True, slots=True)
class Look:
    """Where a network is to look in a frame: at `crop`, in pixels, or at the whole of it.

    `smaller` is by how many sizes less closely than it could. `checked`: the whole frame is to be
    looked at beside the crop, in a look of its own, see `checked_by_whole`. `closer` is how far a
    second look at outlines counts, if there is what does that; None: there is none. `previous` is
    the alpha of a frame before, float32 (h, w) over the whole frame, for networks that take it.
    """

    crop: Roi | None = None
    checked: bool = False
    smaller: int = 0
    closer: Say | None = None
    previous: AlphaMatte | None = field(default=None, compare=False)


WHOLE = Look()
SMALLEST = sys.maxsize
"""By how many sizes `Look.smaller` is the smallest there is."""


class SubjectCrop:
    """Says of each frame, in order, where to look, and learns from each matte, in order.

    A subject is followed once it has been seen for more than `LAG` frames, so that its motion is
    known. Its first crop is checked, and each `CHECK_EVERY` frames.
    """

    def __init__(self, crops: bool = True) -> None:
        """Without `crops` whole frames are looked at, each with the alpha of one before it."""
        self._crops = crops
        self._looks: deque[Look] = deque([WHOLE] * LAG)
        self._crop: Roi | None = None
        self._path: deque[Roi] = deque(maxlen=LAG + 1)
        self._seen = self._cropped = self._distrust = 0

    def next(self, *, is_cut: bool) -> Look:
        """Where to look in the next frame. A new scene, and `LAG` frames of it, are seen whole."""
        look = self._looks.popleft()
        self._seen = 0 if is_cut else self._seen + 1
        if self._seen < LAG:
            return WHOLE
        if look.crop is None:
            self._cropped = 0
            return look
        self._cropped += 1
        if 1 < self._cropped <= 1 + LAG:  # what came of the first check is not known yet
            return replace(look, crop=None)
        return replace(look, checked=self._cropped == 1 or self._seen % CHECK_EVERY == 0)

    def learn(
        self, frame: Frame, matte: EdgeMatte, *, is_cut: bool = False, misled: bool = False
    ) -> None:
        """Follow the subject; several people are one region, and an empty matte is no crop.

        `misled`: the crop did not show what the whole frame did.
        """
        self._distrust = DISTRUST if misled else max(0, self._distrust - 1)
        subject = _bounds(matte)
        if subject is None or is_cut:
            self._path.clear()
            self._crop = None
        if subject is not None:
            self._path.append(subject)
            self._crop = self._follow(_swept(self._path), frame)
        self._looks.append(Look(self._crop, previous=matte.low))

    def _follow(self, subject: Roi, frame: Frame) -> Roi | None:
        wanted = grown(subject, MARGIN, frame)
        if not self._crops or self._distrust or len(self._path) <= LAG:
            return None
        if _area(wanted) > WORTH * frame.width * frame.height:
            return None
        old = self._crop
        if old is not None and contains(old, grown(subject, INNER_MARGIN, frame)):
            return old if _area(old) <= SLACK * _area(wanted) else wanted
        return wanted


def checked_by_whole(
    alpha: AlphaMatte, whole: AlphaMatte, crop: Roi, frame: Frame
) -> tuple[AlphaMatte, bool]:
    """Alpha seen in a crop joined with that seen in the whole frame, and whether the crop misled.

    Within the crop its own alpha counts, unless the two disagree: then the whole frame's does.
    Both are float32 and lie over the whole frame, `alpha` (h, w) with 0 beyond the crop.
    """
    height, width = alpha.shape
    joined = cv2.resize(whole, (width, height), interpolation=cv2.INTER_LINEAR)
    part = part_of(alpha, crop, frame)
    one, other = alpha[part] > _FOREGROUND, joined[part] > _FOREGROUND
    misled = bool(np.sum(one & other) < AGREES * np.sum(one | other))
    if not misled:
        joined[part] = alpha[part]
    return joined, misled


def part_of(alpha: AlphaMatte, crop: Roi, frame: Frame) -> tuple[slice, slice]:
    """Where a crop of a frame lies in an alpha of the whole frame, at another size."""
    down, across = alpha.shape[0] / frame.height, alpha.shape[1] / frame.width
    return (
        slice(int(crop.top * down), math.ceil(crop.bottom * down)),
        slice(int(crop.left * across), math.ceil(crop.right * across)),
    )


def _bounds(matte: EdgeMatte) -> Roi | None:
    """The rectangle round all that is foreground, in pixels; None if nothing is."""
    present = matte.low > _PRESENT
    rows, columns = np.flatnonzero(present.any(axis=1)), np.flatnonzero(present.any(axis=0))
    if not len(rows):
        return None
    left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return Roi(*(int(edge) * matte.side for edge in (left, top, right, bottom)))


def _swept(path: Sequence[Roi]) -> Roi:
    """What a subject covers until its crop is used, if it goes on as it did along its path.

    All of the path is in it: who came in was seen when the crop was checked, and not since.
    """
    before, now = path[0], path[-1]
    return Roi(
        min(2 * now.left - before.left, *(one.left for one in path)),
        min(2 * now.top - before.top, *(one.top for one in path)),
        max(2 * now.right - before.right, *(one.right for one in path)),
        max(2 * now.bottom - before.bottom, *(one.bottom for one in path)),
    )


def grown(roi: Roi, margin: float, frame: Frame) -> Roi:
    """A rectangle with a margin, in parts of its size, on each side; within the frame."""
    across, down = int(margin * roi.width), int(margin * roi.height)
    return Roi(
        max(0, roi.left - across),
        max(0, roi.top - down),
        min(frame.width, roi.right + across),
        min(frame.height, roi.bottom + down),
    )


def contains(outer: Roi, inner: Roi) -> bool:
    return (
        outer.left <= inner.left
        and outer.top <= inner.top
        and outer.right >= inner.right
        and outer.bottom >= inner.bottom
    )


def _area(roi: Roi) -> int:
    return roi.width * roi.height

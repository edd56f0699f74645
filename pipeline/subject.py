"""Where the network looks: a crop that follows the subject, so that its few pixels count.

The crop for a frame comes from the matte of the frame `LAG` before it. That is what lets several
frames be segmented at once, and the result be the same however many they are.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from pipeline.frame import Frame, Roi
from pipeline.matte import EdgeMatte

LAG = 4
"""Frames between a matte and the crop that follows from it; the most that can be in flight."""
AROUND_EVERY = 30
"""So often the rest of the frame is looked at too, lest somebody else came in."""
MARGIN = 0.25
"""Of the subject's size, added on every side."""
WORTH = 0.7
"""A crop of more than this part of the frame is not worth its risk: the whole is taken."""
INNER_MARGIN, SLACK = 0.05, 2.0
"""A crop is kept while the subject has this margin in it and it is not so much too large."""
_PRESENT = 0.1


@dataclass(frozen=True, slots=True)
class Look:
    """Where a network is to look in a frame: at `crop`, in pixels, and at the rest if `around`.

    `smaller` is by how many sizes less closely than it could.
    """

    crop: Roi | None = None
    around: bool = True
    smaller: int = 0


WHOLE = Look()


class SubjectCrop:
    """Says of each frame, in order, where to look, and learns from each matte, in order.

    A subject is followed once it has been seen for more than `LAG` frames, so that its motion is
    known.
    """

    def __init__(self) -> None:
        self._crops: deque[Roi | None] = deque([None] * LAG)
        self._crop: Roi | None = None
        self._path: deque[Roi] = deque(maxlen=LAG + 1)
        self._size: tuple[int, int] | None = None
        self._seen = 0

    def next(self, *, is_cut: bool) -> Look:
        """Where to look in the next frame. A new scene, and `LAG` frames of it, are seen whole."""
        crop = self._crops.popleft()
        self._seen = 0 if is_cut else self._seen + 1
        if self._seen < LAG:
            return WHOLE
        return Look(crop, around=crop is None or self._seen % AROUND_EVERY == 0)

    def learn(self, frame: Frame, matte: EdgeMatte) -> None:
        """Follow the subject; several people are one region, and an empty matte is no crop."""
        subject = _bounds(matte)
        before, self._size = self._size, (frame.width, frame.height)
        if subject is None or before not in (None, self._size):
            self._path.clear()
            self._crop = None
        if subject is not None:
            self._path.append(subject)
            self._crop = self._follow(_swept(self._path[0], subject), frame)
        self._crops.append(self._crop)

    def _follow(self, subject: Roi, frame: Frame) -> Roi | None:
        wanted = grown(subject, MARGIN, frame)
        if len(self._path) <= LAG or _area(wanted) > WORTH * frame.width * frame.height:
            return None
        old = self._crop
        if old is not None and contains(old, grown(subject, INNER_MARGIN, frame)):
            return old if _area(old) <= SLACK * _area(wanted) else wanted
        return wanted


def _bounds(matte: EdgeMatte) -> Roi | None:
    """The rectangle round all that is foreground, in pixels; None if nothing is."""
    present = matte.low > _PRESENT
    rows, columns = np.flatnonzero(present.any(axis=1)), np.flatnonzero(present.any(axis=0))
    if not len(rows):
        return None
    left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return Roi(*(int(edge) * matte.side for edge in (left, top, right, bottom)))


def _swept(before: Roi, now: Roi) -> Roi:
    """What a subject covers until its crop is used, if it goes on as it did since `before`."""
    return Roi(
        min(now.left, 2 * now.left - before.left),
        min(now.top, 2 * now.top - before.top),
        max(now.right, 2 * now.right - before.right),
        max(now.bottom, 2 * now.bottom - before.bottom),
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

"""How a film is divided into parts that can be made each for itself.

A part begins with a warm-up: frames that go through the pipeline and are thrown away, until what
the pipeline remembers is what it would be after all that came before.
"""

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pipeline.frame import Frame
from stream.resumable import SEGMENT_FRAMES

WARM_UP = 60
"""Frames. A still alpha of before counts for less than a millionth after so many."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells a frame of a file from all others."""

    pts: int
    digest: int

    @classmethod
    def of(cls, frame: Frame) -> "Mark":
        return cls(frame.pts, zlib.crc32(frame.planes[0].tobytes()))


@dataclass(frozen=True, slots=True)
class Part:
    """Frames of a file: `skipped` come before, then `warm_up` and `frames` from `first` to `last`.

    Only the last `frames` of these are written, as the segment of this `number`.
    """

    number: int
    skipped: int
    warm_up: int
    frames: int
    first: Mark
    last: Mark


async def plan(source: AsyncIterator[Frame]) -> AsyncIterator[Part]:
    """The parts of a source, each as soon as its last frame was decoded."""
    starts: list[Mark] = []
    count = 0
    async for frame in source:
        if count == 0 or (count + WARM_UP) % SEGMENT_FRAMES == 0:
            starts.append(Mark.of(frame))
        last, count = frame, count + 1
        if count % SEGMENT_FRAMES == 0:
            yield _part(count, starts.pop(0), last)
    if count % SEGMENT_FRAMES:
        yield _part(count, starts.pop(0), last)


def _part(count: int, first: Mark, last: Frame) -> Part:
    """The part that ends after so many frames of the file."""
    number = (count - 1) // SEGMENT_FRAMES
    begins = number * SEGMENT_FRAMES
    warm_up = min(WARM_UP, begins)
    return Part(number, begins - warm_up, warm_up, count - begins, first, Mark.of(last))

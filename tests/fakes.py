"""Ends of a session that live in memory."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np

from pipeline.frame import Frame
from pipeline.matted import Matted


def plain_frame(pts: int = 0, grey: int = 128, size: tuple[int, int] = (16, 12)) -> Frame:
    """A frame of one grey."""
    return Frame.from_rgb(np.full((size[1], size[0], 3), grey, np.uint8), pts)


class ListSource:
    """Gives prepared frames, then raises `error` if there is one, or never ends."""

    def __init__(
        self, frames: list[Frame], error: Exception | None = None, *, endless: bool = False
    ) -> None:
        self.busy_seconds = 0.0
        self.closed = False
        self._frames, self._error, self._endless = frames, error, endless

    async def __aiter__(self) -> AsyncIterator[Frame]:
        for frame in self._frames:
            yield frame
        if self._error is not None:
            raise self._error
        if self._endless:
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed = True


class KeepingSink:
    """Keeps what it is given; raises `error` at the frame number `at`."""

    def __init__(self, error: Exception | None = None, at: int = 0) -> None:
        self.busy_seconds = 0.0
        self.written: list[Matted] = []
        self.got_one = asyncio.Event()
        self.finished: bool | None = None
        """Whether it was complete when it was finished."""
        self.closed = False
        self._error, self._at = error, at

    async def write(self, matted: Matted) -> None:
        if self._error is not None and len(self.written) == self._at:
            raise self._error
        self.written.append(matted)
        self.got_one.set()

    async def finish(self, *, complete: bool = True) -> None:
        self.finished = complete

    async def aclose(self) -> None:
        self.closed = True

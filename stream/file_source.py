"""A video file as a source of frames."""

import time
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path

from pipeline.frame import Frame
from stream.inputs import PICTURES_A_SECOND, open_input
from stream.span import Span
from stream.video_info import VideoInfo
from stream.video_reader import VideoReader
from stream.worker import Worker


class DecodedSource:
    """Frames that are decoded in a thread of its own, every one in order.

    Damaged parts are passed over; `losses` says what was missed once the iteration has ended.
    """

    def __init__(self, reader: VideoReader) -> None:
        self.path = reader.path
        self.busy_seconds = 0.0
        self._reader = reader
        self._worker = Worker("decode")
        self._closed = False

    @property
    def info(self) -> VideoInfo:
        return self._reader.info

    @property
    def losses(self) -> list[str]:
        return self._reader.losses

    @property
    def begins(self) -> Fraction:
        """The moment of the first frame, in seconds."""
        return self._reader.begins

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while (frame := await self._worker.run(self._next)) is not None:
            yield frame

    async def skip(self, frames: int) -> Frame | None:
        """Pass over so many frames, and give the first of them."""
        first = None
        for _ in range(frames):
            frame = await self._worker.run(self._next)
            first = first or frame
        return first

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            await self._worker.run(self._reader.close)
            self._worker.close()

    def _next(self) -> Frame | None:
        began = time.perf_counter()
        frame = self._reader.read()
        self.busy_seconds += time.perf_counter() - began
        return frame


class FileSource(DecodedSource):
    """The first video stream of a file.

    `start` and `duration`, in seconds, choose a part; frames keep their pts, less `start`. A name
    such as frames/%06d.png stands for numbered pictures, of which so many make a second.
    Raises SourceError if the file cannot be opened or holds no video.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        start: float = 0.0,
        duration: float | None = None,
        pictures_a_second: Fraction = PICTURES_A_SECOND,
    ) -> None:
        container = open_input(Path(path), pictures_a_second)
        span = Span.choose(container, start, duration)
        super().__init__(VideoReader(Path(path), container, span))

    @property
    def span(self) -> Span:
        """The part that is read, by the file's own clock."""
        return self._reader.span

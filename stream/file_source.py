"""A video file as a source of frames."""

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
from av.stream import Disposition

from pipeline.errors import OptionError, SourceError
from pipeline.frame import Frame
from stream.convert import frame_from_video, quarter_turns
from stream.inputs import open_input
from stream.worker import Worker

FALLBACK_RATE = Fraction(25)
SHORT_BY_S = 0.5
"""A file that ends so much before its header says is taken to be cut off."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a file says of its video: the size is that of the upright picture."""

    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    turns: int
    """Quarter turns to the left that brought the stored picture upright."""
    frames: int
    """As the header has it, within the part that is read; 0 if it does not say."""


class FileSource:
    """Decodes the first video stream of a file, in a thread of its own, every frame in order.

    `start` and `duration`, in seconds, choose a part; frames keep their pts, less `start`. Damaged
    parts are passed over; `losses` says what was missed once the iteration has ended.
    Raises SourceError if the file cannot be opened or holds no video.
    """

    def __init__(
        self, path: str | Path, *, start: float = 0.0, duration: float | None = None
    ) -> None:
        if start < 0 or (duration is not None and duration <= 0):
            raise OptionError(f"start {start:g}, duration {duration}: both are positive seconds")
        self.path = Path(path)
        self.start, self.duration = start, duration
        self.busy_seconds = 0.0
        self.losses: list[str] = []
        self._container = open_input(self.path)
        self._stream = _first_video(self._container, self.path)
        self._stream.codec_context.thread_type = "AUTO"
        self._time_base = self._stream.time_base or Fraction(1, av.time_base)
        self._worker = Worker("decode")
        self._frames = self._decode()
        self._damaged = self._packets_read = self._turns = 0
        self._reached_s = 0.0
        self._last_pts: int | None = None
        self._pending = next(self._frames, None)
        self.info = self._describe()

    @property
    def span(self) -> tuple[float, float]:
        """The part that is read, in seconds by the file's own clock."""
        first = (self._container.start_time or 0) / av.time_base + self.start
        return first, first + (self.duration or float("inf"))

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while (frame := await self._worker.run(self._next)) is not None:
            yield frame

    async def aclose(self) -> None:
        await self._worker.run(self._container.close)
        self._worker.close()

    def _next(self) -> Frame | None:
        began = time.perf_counter()
        frame, self._pending = self._pending, None
        if frame is None:
            frame = next(self._frames, None)
        self.busy_seconds += time.perf_counter() - began
        return frame

    def _describe(self) -> VideoInfo:
        if self._pending is None:
            raise SourceError(f"{self.path}: no picture can be decoded from its video stream")
        stream = self._stream
        rate = stream.average_rate or stream.guessed_rate or FALLBACK_RATE
        frames = stream.frames or int(rate * self._header_end_s())
        if self.start or self.duration is not None:
            span = min(self.duration or float("inf"), self._header_end_s() - self.start)
            frames = max(0, min(frames, round(rate * span)))
        first = self._pending
        return VideoInfo(first.width, first.height, first.time_base, rate, self._turns, frames)

    def _header_end_s(self) -> float:
        """How long the file is by its header, in seconds; 0 if it does not say."""
        return (self._container.duration or 0) / av.time_base

    def _decode(self) -> Iterator[Frame]:
        first, last = self.span
        if self.start:
            self._container.seek(int(first / self._time_base), stream=self._stream)
        shift = round(self.start / self._time_base)
        for video in self._pictures():
            pts = self._pts(video)
            if pts * self._time_base >= last:
                return
            if pts * self._time_base >= first:
                yield self._frame(video, pts - shift)
        self._note_losses(first - self.start)

    def _pictures(self) -> Iterator[av.VideoFrame]:
        """Everything that can be decoded."""
        for packet in self._packets():
            self._damaged += packet.is_corrupt
            try:
                yield from self._stream.decode(packet)
            except av.error.FFmpegError:
                self._damaged += 1

    def _packets(self) -> Iterator["av.Packet[Any]"]:
        try:
            for packet in self._container.demux():
                if packet.pts is not None and packet.time_base:
                    end = (packet.pts + (packet.duration or 0)) * packet.time_base
                    self._reached_s = max(self._reached_s, float(end))
                if packet.stream is self._stream:
                    self._packets_read += packet.size > 0
                    yield packet
        except av.error.FFmpegError as error:
            self.losses.append(f"reading stopped at {self._reached_s:.2f} s: {error.strerror}")

    def _pts(self, video: av.VideoFrame) -> int:
        """The picture's own pts, else one frame after the last: never backwards."""
        rate = self._stream.average_rate or FALLBACK_RATE
        step = max(1, round(1 / rate / self._time_base))
        after = 0 if self._last_pts is None else self._last_pts + step
        self._last_pts = after if video.pts is None else video.pts
        return self._last_pts

    def _frame(self, video: av.VideoFrame, pts: int) -> Frame:
        self._turns = quarter_turns(video.rotation)
        return frame_from_video(video, pts, self._time_base)

    def _note_losses(self, origin: float) -> None:
        if self._damaged:
            self.losses.append(f"{self._damaged} damaged packets were passed over")
        missing = self._stream.frames - self._packets_read
        length = self._header_end_s()
        if not self.start and missing > 0:
            self.losses.append(f"it breaks off: {missing} of {self._stream.frames} frames are gone")
        elif self._header_is_exact() and self._reached_s < origin + length - SHORT_BY_S:
            self.losses.append(
                f"it breaks off at {self._reached_s - origin:.2f} s of {length:.2f} s"
            )

    def _header_is_exact(self) -> bool:
        """Whether the duration was written down, rather than guessed from the bit rate."""
        name = self._container.format.name
        return any(kind in name for kind in ("mov", "matroska", "avi"))


def _first_video(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The first stream of moving pictures; an album's cover is none."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    container.close()
    raise SourceError(f"{path}: no video stream in it")

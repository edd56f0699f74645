"""A video file while it is being read: one decoder, and an account of what was lost. It blocks."""

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
from av.stream import Disposition

from pipeline.errors import SourceError
from pipeline.frame import Frame
from stream.convert import frame_from_video, quarter_turns
from stream.decoder import decoder_of
from stream.span import WHOLE, Clock, Span
from stream.video_info import VideoInfo

FALLBACK_RATE = Fraction(25)
SHORT_BY_S = 0.5
"""A file that ends so much before its header says is taken to be cut off."""
EXACT_HEADERS = ("mov", "matroska", "avi", "flv")
"""Containers that write their duration down; elsewhere it is guessed from the bit rate."""


class VideoReader:
    """Decodes the first video stream of a container, every picture in order, and closes it.

    `losses` says what was missed, once `read` has given None.
    Raises SourceError, which names `path`, if there is no picture in the chosen part.
    """

    def __init__(
        self, path: Path, container: av.container.InputContainer, span: Span = WHOLE
    ) -> None:
        self.path, self.span = path, span
        self.losses: list[str] = []
        self._container = container
        self._stream = _first_video(self._container, path)
        self._decoder = decoder_of(self._stream)
        self._decoder.thread_type = "AUTO"
        self._time_base = self._stream.time_base or Fraction(1, av.time_base)
        self._clock = Clock()
        self._damaged = self._packets_read = self._turns = 0
        self._size: tuple[int, int] | None = None
        self._reached_s = 0.0
        self._frames = self._decode()
        self._pending = next(self._frames, None)
        self.info = self._describe()

    def read(self) -> Frame | None:
        """The next frame, or None at the end."""
        frame, self._pending = self._pending, None
        return frame or next(self._frames, None)

    def close(self) -> None:
        self._frames.close()
        self._container.close()

    def _describe(self) -> VideoInfo:
        first, stream = self._pending, self._stream
        if first is None:
            raise SourceError(f"{self.path}: {self._why_empty()}")
        self.begins = first.pts * first.time_base
        rate, aspect = self._rate(), stream.sample_aspect_ratio or Fraction(0)
        frames = self._foretell(rate)
        return VideoInfo(
            first.width, first.height, self._time_base, rate, self._turns, aspect, frames
        )

    def _why_empty(self) -> str:
        length = self._header_seconds()
        if self.span.shift and self.span.shift >= length:
            return f"the start, {float(self.span.shift):g} s, lies after its end at {length:.2f} s"
        return "no picture can be decoded from its video stream"

    def _foretell(self, rate: Fraction) -> int:
        """How many frames will come, if nothing is broken; 0 if nobody knows."""
        everything = self._stream.frames or int(rate * self._header_ticks() / av.time_base)
        if self.span == WHOLE:
            return everything
        left = Fraction(self._header_ticks(), av.time_base) - self.span.shift
        return max(0, min(everything, round(rate * min(left, self.span.length or left))))

    def _rate(self) -> Fraction:
        return self._stream.average_rate or self._stream.guessed_rate or FALLBACK_RATE

    def _header_ticks(self) -> int:
        return self._container.duration or 0

    def _header_seconds(self) -> float:
        """How long the file is by its header; 0 if it does not say."""
        return self._header_ticks() / av.time_base

    def _decode(self) -> Generator[Frame, None, None]:
        if self.span.first is not None:
            self._container.seek(int(self.span.first / self._time_base), stream=self._stream)
        shift = round(self.span.shift / self._time_base)
        step = max(1, round(1 / self._rate() / self._time_base))
        for video in self._pictures():
            pts = self._clock.forward(video.pts, step)
            if self.span.is_over(pts * self._time_base):
                return
            if not self.span.is_before(pts * self._time_base):
                yield self._frame(video, pts - shift)
        self._note_losses()

    def _frame(self, video: av.VideoFrame, pts: int) -> Frame:
        self._size = self._size or (video.width, video.height)
        if self._size != (video.width, video.height):
            video = video.reformat(*self._size)
        self._turns = quarter_turns(video.rotation)
        return frame_from_video(video, pts, self._time_base)

    def _pictures(self) -> Iterator[av.VideoFrame]:
        """Everything that can be decoded."""
        for packet in self._packets():
            damaged = packet is not None and packet.is_corrupt
            try:
                yield from self._decoder.decode(packet)
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                damaged = True
            self._damaged += damaged

    def _packets(self) -> Iterator["av.Packet[Any] | None"]:
        """Those of the video, and at the end what makes the decoder give the rest."""
        try:
            for packet in self._container.demux():
                self._note_time(packet)
                if packet.stream is self._stream:
                    self._packets_read += packet.size > 0
                    yield packet
        except av.error.FFmpegError as error:
            self.losses.append(f"reading stopped at {self._reached_s:.2f} s: {error.strerror}")
            yield None

    def _note_time(self, packet: "av.Packet[Any]") -> None:
        if packet.pts is not None and packet.time_base:
            end = (packet.pts + (packet.duration or 0)) * packet.time_base
            self._reached_s = max(self._reached_s, float(end))

    def _note_losses(self) -> None:
        if self._damaged:
            self.losses.append(f"{self._damaged} damaged packets were passed over")
        length = self._header_seconds()
        reached = self._reached_s - (self._container.start_time or 0) / av.time_base
        missing = self._stream.frames - self._packets_read if self.span.first is None else 0
        if missing > 0 and reached < length - 0.5 / self._rate():
            self.losses.append(f"it breaks off: {missing} of {self._stream.frames} frames are gone")
        elif self._header_is_exact() and reached < length - SHORT_BY_S:
            self.losses.append(f"it breaks off at {reached:.2f} s of {length:.2f} s")

    def _header_is_exact(self) -> bool:
        return any(kind in self._container.format.name for kind in EXACT_HEADERS)


def _first_video(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The first stream of moving pictures; an album's cover is none."""
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:
            continue
        if stream.codec_context is None:
            raise SourceError(f"{path}: its video is damaged, or of a codec that is unknown here")
        return stream
    raise SourceError(f"{path}: no video stream in it")

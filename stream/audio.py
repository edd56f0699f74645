"""The sound of a file, carried beside its matted pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import av
import av.container
import av.error

from stream.formats import Container
from stream.inputs import open_input

AudioOutcome = Literal["copied", "encoded", "none"]
_OPUS_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file, in seconds by its own clock; its time stamps lose `shift` seconds."""

    start: float
    end: float
    shift: float


class AudioCarrier:
    """Reads the first audio stream of a file and writes it into an output that is being made.

    Packets are copied as they are where the container takes their codec, else decoded and encoded
    anew. What cannot be decoded is left out and counted in `damaged`.
    """

    def __init__(
        self, path: Path, output: av.container.OutputContainer, container: Container, span: Span
    ) -> None:
        self.outcome: AudioOutcome = "none"
        self.damaged = 0
        self._input = open_input(path)
        self._output = output
        self._span = span
        self._packets = self._open(container)
        self._waiting: av.Packet[Any] | None = None

    def advance(self, seconds: float) -> None:
        """Write all that sounds before this moment of the output: so the streams interleave."""
        while (packet := self._waiting or next(self._packets, None)) is not None:
            if _seconds(packet) >= seconds:
                self._waiting = packet
                return
            self._output.mux(packet)
            self._waiting = None

    def close(self) -> None:
        self._input.close()

    def _open(self, container: Container) -> Iterator["av.Packet[Any]"]:
        if not self._input.streams.audio:
            return iter(())
        stream = self._input.streams.audio[0]
        if stream.codec_context.name in container.audio:
            self.outcome = "copied"
            return self._copied(stream, self._output.add_stream_from_template(stream))
        self.outcome = "encoded"
        rate = _OPUS_RATE if container.audio_encoder == "libopus" else stream.codec_context.rate
        target = self._output.add_stream(container.audio_encoder, rate=rate)
        assert isinstance(target, av.AudioStream)
        target.layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        return self._encoded(stream, target)

    def _copied(self, stream: av.AudioStream, target: av.AudioStream) -> Iterator["av.Packet[Any]"]:
        for packet in self._within_span(stream):
            _shift(packet, self._span.shift)
            packet.stream = target
            yield packet

    def _encoded(
        self, stream: av.AudioStream, target: av.AudioStream
    ) -> Iterator["av.Packet[Any]"]:
        for packet in self._within_span(stream):
            for frame in self._decode(stream, packet):
                _shift(frame, self._span.shift)
                yield from target.encode(frame)
        yield from target.encode(None)

    def _within_span(self, stream: av.AudioStream) -> Iterator["av.Packet[Any]"]:
        if self._span.shift:
            self._input.seek(int(self._span.start * av.time_base))
        try:
            for packet in self._input.demux(stream):
                if packet.pts is None or _seconds(packet) < self._span.start:
                    continue
                if _seconds(packet) >= self._span.end:
                    return
                yield packet
        except av.error.FFmpegError:
            self.damaged += 1

    def _decode(self, stream: av.AudioStream, packet: "av.Packet[Any]") -> list[av.AudioFrame]:
        try:
            return stream.decode(packet)
        except av.error.FFmpegError:
            self.damaged += 1
            return []


def _seconds(packet: "av.Packet[Any]") -> float:
    return float((packet.pts or 0) * (packet.time_base or 0))


def _shift(timed: "av.Packet[Any] | av.AudioFrame", seconds: float) -> None:
    """Make it earlier."""
    ticks = round(seconds / (timed.time_base or 1))
    if timed.pts is not None:
        timed.pts -= ticks
    if timed.dts is not None:
        timed.dts -= ticks

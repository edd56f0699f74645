"""The sound of a file, carried beside its matted pictures."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import av.container
import av.error

from stream.formats import Container
from stream.inputs import open_input
from stream.span import Clock, Span

AudioOutcome = Literal["copied", "encoded", "none"]
_OPUS_RATE = 48_000


class AudioCarrier:
    """Reads the first audio stream of a file and writes it into an output that is being made.

    Packets are copied as they are where the container takes their codec, else decoded and encoded
    anew. What cannot be read is left out and named in `losses`.
    """

    def __init__(
        self, path: Path, output: av.container.OutputContainer, container: Container, span: Span
    ) -> None:
        self.outcome: AudioOutcome = "none"
        self._damaged = 0
        self._unknown = False
        self._input = open_input(path)
        self._output = output
        self._span = span
        self._packets = self._open(container)
        self._waiting: av.Packet[Any] | None = None

    @property
    def losses(self) -> list[str]:
        if self._unknown:
            return ["the sound, of a codec that is unknown here, was left out"]
        return [f"{self._damaged} damaged packets of sound were left out"] * (self._damaged > 0)

    def advance(self, seconds: float) -> None:
        """Write all that sounds before this moment of the output: so the streams interleave."""
        while (packet := self._waiting or next(self._packets, None)) is not None:
            if _moment(packet) >= seconds:
                self._waiting = packet
                return
            self._output.mux(packet)
            self._waiting = None

    def close(self) -> None:
        self._packets = iter(())
        self._input.close()

    def _open(self, container: Container) -> Iterator["av.Packet[Any]"]:
        if not self._input.streams.audio:
            return iter(())
        stream = self._input.streams.audio[0]
        if stream.codec_context is None:
            self._unknown = True
            return iter(())
        if stream.codec_context.codec.canonical_name in container.audio:
            self.outcome = "copied"
            return self._copied(stream, self._output.add_stream_from_template(stream))
        self.outcome = "encoded"
        assert container.audio_encoder is not None
        rate = _OPUS_RATE if container.audio_encoder == "libopus" else stream.codec_context.rate
        target = self._output.add_stream(container.audio_encoder, rate=rate)
        assert isinstance(target, av.AudioStream)
        target.layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        return self._encoded(stream, target)

    def _copied(self, stream: av.AudioStream, target: av.AudioStream) -> Iterator["av.Packet[Any]"]:
        for packet in self._within_span(stream):
            packet.stream = target
            yield packet

    def _encoded(
        self, stream: av.AudioStream, target: av.AudioStream
    ) -> Iterator["av.Packet[Any]"]:
        for packet in self._within_span(stream):
            for frame in self._decode(stream, packet):
                yield from target.encode(frame)
        for frame in self._decode(stream, None):
            yield from target.encode(frame)
        yield from target.encode(None)

    def _within_span(self, stream: av.AudioStream) -> Iterator["av.Packet[Any]"]:
        """The packets of the chosen part, with the times that they have in the output."""
        clock = Clock()
        for packet in self._demuxed(stream):
            if packet.pts is None or packet.dts is None or self._span.is_before(_moment(packet)):
                continue
            if self._span.is_over(_moment(packet)):
                return
            late = clock.forward(packet.dts, packet.duration or 1) - packet.dts
            late -= round(self._span.shift / packet.time_base)
            packet.pts, packet.dts = packet.pts + late, packet.dts + late
            yield packet

    def _demuxed(self, stream: av.AudioStream) -> Iterator["av.Packet[Any]"]:
        if self._span.first is not None:
            self._input.seek(int(self._span.first * av.time_base))
        try:
            yield from self._input.demux(stream)
        except av.error.FFmpegError:
            self._damaged += 1

    def _decode(
        self, stream: av.AudioStream, packet: "av.Packet[Any] | None"
    ) -> list[av.AudioFrame]:
        try:
            return stream.decode(packet)
        except av.error.FFmpegError:
            self._damaged += 1
            return []


def _moment(packet: "av.Packet[Any]") -> Fraction:
    return Fraction(packet.pts or 0) * packet.time_base

"""A stream of a file, carried beside its matted pictures."""

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

CarryOutcome = Literal["copied", "encoded"]
TEXT = frozenset({"ass", "mov_text", "ssa", "subrip", "text", "webvtt"})
"""Subtitles that can be turned into one another."""
_OPUS_RATE = 48_000


class Carrier:
    """Reads the stream number `index` of a file and writes it into an output that is being made.

    Packets are copied as they are where the container takes their codec, else decoded and encoded
    anew. What cannot be read is left out and counted in `damaged`. Language and title go along.
    """

    def __init__(
        self,
        path: Path,
        index: int,
        output: av.container.OutputContainer,
        container: Container,
        span: Span,
    ) -> None:
        self.outcome: CarryOutcome = "copied"
        self.damaged = 0
        self._input = open_input(path)
        self._output, self._span = output, span
        self._waiting: av.Packet[Any] | None = None
        stream = self._input.streams[index]
        self._packets = self._open(stream, container)
        _describe(stream, output.streams[-1])

    def advance(self, seconds: float) -> None:
        """Write all that begins before this moment of the output: so the streams interleave."""
        while (packet := self._waiting or next(self._packets, None)) is not None:
            if moment(packet) >= seconds:
                self._waiting = packet
                return
            self._waiting = None
            try:
                self._output.mux(packet)
            except av.error.InvalidDataError:  # what is damaged is seen only by some containers
                self.damaged += 1

    def close(self) -> None:
        self._packets = iter(())
        self._input.close()

    def _open(self, stream: Any, container: Container) -> Iterator["av.Packet[Any]"]:
        name = stream.codec_context.codec.canonical_name
        if name in (container.audio if stream.type == "audio" else container.subtitles):
            return self._copied(stream, self._output.add_stream_from_template(stream))
        self.outcome = "encoded"
        if stream.type == "audio":
            return self._encoded(stream, self._audio_like(stream, container))
        return self._written(stream, self._subtitles_like(stream, container))

    def _audio_like(self, stream: av.AudioStream, container: Container) -> av.AudioStream:
        assert container.audio_encoder is not None
        rate = _OPUS_RATE if container.audio_encoder == "libopus" else stream.codec_context.rate
        target = self._output.add_stream(container.audio_encoder, rate=rate)
        assert isinstance(target, av.AudioStream)
        target.layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        return target

    def _subtitles_like(self, stream: Any, container: Container) -> Any:
        """Every text goes through the form of ASS, whose header the encoder is given."""
        assert container.subtitle_encoder is not None
        target: Any = self._output.add_stream(container.subtitle_encoder)
        stream.codec_context.open(strict=False)
        target.codec_context.subtitle_header = stream.codec_context.subtitle_header
        target.codec_context.time_base = Fraction(1, 1000)
        return target

    def _copied(self, stream: Any, target: Any) -> Iterator["av.Packet[Any]"]:
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

    def _written(self, stream: Any, target: Any) -> Iterator["av.Packet[Any]"]:
        for packet in self._within_span(stream):
            try:
                text = stream.codec_context.decode2(packet)
                if text is None or len(text) == 0:
                    continue
                written = target.codec_context.encode_subtitle(text)
            except av.error.FFmpegError:
                self.damaged += 1
                continue
            written.stream, written.time_base = target, packet.time_base
            written.pts, written.dts, written.duration = packet.pts, packet.dts, packet.duration
            yield written

    def _within_span(self, stream: Any) -> Iterator["av.Packet[Any]"]:
        """The packets of the chosen part, with the times that they have in the output."""
        clock = Clock()
        for packet in self._demuxed(stream):
            if packet.pts is None or packet.dts is None or self._span.is_before(moment(packet)):
                continue
            if self._span.is_over(moment(packet)):
                return
            late = clock.forward(packet.dts, packet.duration or 1) - packet.dts
            late -= round(self._span.shift / packet.time_base)
            packet.pts, packet.dts = packet.pts + late, packet.dts + late
            yield packet

    def _demuxed(self, stream: Any) -> Iterator["av.Packet[Any]"]:
        if self._span.first is not None:
            self._input.seek(int(self._span.first * av.time_base))
        try:
            yield from self._input.demux(stream)
        except av.error.FFmpegError:
            self.damaged += 1

    def _decode(
        self, stream: av.AudioStream, packet: "av.Packet[Any] | None"
    ) -> list[av.AudioFrame]:
        try:
            return stream.decode(packet)
        except av.error.FFmpegError:
            self.damaged += 1
            return []


def moment(packet: "av.Packet[Any]") -> Fraction:
    """When it begins, in seconds."""
    return Fraction(packet.pts or 0) * packet.time_base


def _describe(source: Any, target: Any) -> None:
    """QuickTime calls a title a name."""
    language = source.metadata.get("language")
    title = source.metadata.get("title") or source.metadata.get("name")
    target.metadata.update({k: v for k, v in (("language", language), ("title", title)) if v})

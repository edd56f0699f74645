"""A video file while it is being written: one encoder, and what goes beside it. It blocks."""

import io
import math
import os
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
from av.video.format import VideoFormat

from pipeline.colour import LIMITED_RANGE, ColourTags
from pipeline.frame import Frame
from pipeline.matted import Matted
from pipeline.network import usable_processors
from stream.carried import Carried
from stream.convert import as_rgb, layout, tag, video_from_frame, yuv_planes
from stream.file_source import FileSource
from stream.fitting import Fitting
from stream.formats import Format
from stream.inputs import output_url
from stream.packet_log import PacketLog
from stream.pipe import Pipe
from stream.scheduling import ordinary_threads
from stream.slots import Slots
from stream.stacked import describe
from stream.verify import Sample
from stream.video_info import VideoInfo

_HELD_BACK_S = 60
"""No encoder holds a picture back for so long."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video is encoded; None leaves a choice to the container's and the codec's default."""

    codec: str | None = None
    crf: int | None = None
    preset: str | None = None


@dataclass(frozen=True, slots=True)
class PictureKind:
    """What pictures have in common: colour tags, and the name of the layout of their planes."""

    colour: ColourTags
    planes: str

    @classmethod
    def of(cls, frame: Frame) -> "PictureKind":
        return cls(frame.colour, layout(yuv_planes(frame), with_alpha=False))


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a video will be like: the same recipe makes packets that go into one file."""

    form: Format
    encoding: Encoding
    info: VideoInfo
    kind: PictureKind

    @property
    def pixel_format(self) -> str:
        if not self.form.encoder.any_chroma:
            return self.form.pixel_format
        planes = self.kind.planes
        return planes.replace("yuv", "yuva") if self.form.alpha == "channel" else planes


class VideoFile:
    """A file, or what goes into a pipe; `finish` makes it whole.

    What else is in `like` goes along where the file can hold it. `sample` keeps pictures to
    compare. What is encoded into a log is put into a file later, by `copy`.
    """

    def __init__(
        self,
        place: Path | Pipe | PacketLog,
        recipe: Recipe,
        like: FileSource | None = None,
        sample: Sample | None = None,
    ) -> None:
        self.pictures = 0
        """Written so far."""
        self._decoded: Fraction | float = -math.inf
        self._recipe, self._form, self._sample = recipe, recipe.form, sample
        self._fitting = Fitting(recipe.form, recipe.info)
        self._log = place if isinstance(place, PacketLog) else None
        self._output = _open(place, recipe.form)
        self._slots = Slots.of(recipe.form.container, recipe.info)
        self._video = self._add_video()
        self._tag(recipe.kind.colour)
        with ordinary_threads():
            self._video.codec_context.open()
        has_room = self._form.container.audio_encoder is not None
        self.carried = self._carry(like) if like and has_room else None
        if self._form.alpha == "stacked":
            size = self._form.padded(*self._form.upright_size(recipe.info))
            self._output.metadata["comment"] = describe(*size)

    def encode(self, matted: Matted) -> None:
        """Write one picture, and what goes beside it."""
        if (pts := self._slots.take(matted.frame)) is not None:
            frame, alpha = self._fitting.fit(matted)
            if self._sample is not None:
                self._sample.note(frame, alpha)
            frame, alpha = self._fitting.turn(frame, alpha)
            full_range = self._form.encoder.full_range
            video = video_from_frame(frame, self._recipe.pixel_format, alpha, full_range)
            video.pts, video.time_base = pts, self._slots.time_base or video.time_base
            self._keep(self._video.encode(video))
            self.pictures += 1
        if self.carried:
            self.carried.advance(matted.frame.seconds)

    def copy(self, packet: "av.Packet[Any]") -> None:
        """Write what another with the same recipe has encoded, and what goes beside it."""
        seconds = float((packet.pts or 0) * packet.time_base)
        packet.stream = self._video
        self._mend(packet)
        self._output.mux(packet)
        if self.carried:
            self.carried.advance(seconds)

    def finish(self, *, to_the_end: bool) -> None:
        """Write what the encoder still holds, what comes after the last picture, and the index."""
        self._keep(self._video.encode(None))
        if self.carried and to_the_end:
            self.carried.advance(float("inf"))
        self._output.close()
        if self._log:
            self._log.close()

    def close(self) -> None:
        """Free everything; what was not finished is no video."""
        if self.carried:
            self.carried.close()
        self._output.close()
        if self._log:
            self._log.close()

    def _keep(self, packets: "list[av.Packet[Any]]") -> None:
        for packet in packets:
            self._mend(packet)
            if self._log is None:
                self._output.mux(packet)
            else:
                self._log.add(packet)

    def _mend(self, packet: "av.Packet[Any]") -> None:
        """Given fewer frames than it holds back, x265 makes up when they are to be decoded."""
        pts, dts = packet.pts, packet.dts
        if pts is None or dts is None:
            return
        too_early = (pts - dts) * packet.time_base > _HELD_BACK_S
        if too_early or dts > pts or dts * packet.time_base <= self._decoded:
            packet.dts = pts
        self._decoded = (packet.dts or 0) * packet.time_base

    def _add_video(self) -> av.VideoStream:
        os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 logs past FFmpeg: errors alone
        encoder, encoding, info = self._form.encoder, self._recipe.encoding, self._recipe.info
        turns = self._fitting.turns
        options = encoder.tuned(encoding.crf, encoding.preset)
        stream = self._output.add_stream(encoder.name, rate=info.rate, options=options)
        assert isinstance(stream, av.VideoStream)
        width, height = self._form.size(info)
        stream.width, stream.height = (height, width) if turns % 2 else (width, height)
        stream.pix_fmt = self._recipe.pixel_format
        if info.aspect and self._form.keeps_aspect:
            upright = turns != info.turns and info.turns % 2
            stream.codec_context.sample_aspect_ratio = 1 / info.aspect if upright else info.aspect
        stream.codec_context.time_base = stream.time_base = self._slots.time_base or info.time_base
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = max(1, usable_processors() // 2)
        if encoder.tag and self._form.container.name in ("mp4", "mov"):
            stream.codec_context.codec_tag = encoder.tag
        if turns:
            stream.set_display_rotation(90 * turns)
        return stream

    def _tag(self, colour: ColourTags) -> None:
        if VideoFormat(self._recipe.pixel_format).is_rgb:
            colour = as_rgb(colour)
        elif not self._form.encoder.full_range:
            colour = replace(colour, range=LIMITED_RANGE)
        tag(self._video.codec_context, colour)

    def _carry(self, like: FileSource) -> Carried:
        return Carried(like.path, self._output, self._form.container, like.span)


def _open(place: Path | Pipe | PacketLog, form: Format) -> av.container.OutputContainer:
    """For a log too: encoders do as the container wants, which is not written then."""
    target: Any = output_url(place) if isinstance(place, Path) else place
    if isinstance(place, PacketLog):
        target = io.BytesIO()
    return av.open(target, "w", format=form.container.name, options=dict(form.container.options))

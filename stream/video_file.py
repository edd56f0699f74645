"""A video file while it is being written: one encoder, and the sound beside it. It blocks."""

import os
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import av.container
import cv2
from av.video.format import VideoFormat

from pipeline.colour import LIMITED_RANGE, ColourTags, Plane
from pipeline.frame import AlphaMatte, Frame, resize
from pipeline.matting import Matted
from pipeline.network import usable_processors
from stream.audio import AudioCarrier
from stream.convert import as_rgb, layout, tag, turn, video_from_frame, yuv_planes
from stream.file_source import FileSource
from stream.formats import Format, squared_width
from stream.inputs import output_url
from stream.pipe import Pipe
from stream.slots import Slots
from stream.stacked import describe, stacked
from stream.verify import Sample
from stream.video_info import VideoInfo


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video is encoded; None leaves a choice to the container's and the codec's default."""

    codec: str | None = None
    crf: int | None = None
    preset: str | None = None


class VideoFile:
    """A file, or what goes into a pipe, for pictures such as `first` and `info` describe.

    `finish` makes it whole. The sound is that of `sound`, if the file can hold any.
    """

    def __init__(
        self,
        place: Path | Pipe,
        form: Format,
        encoding: Encoding,
        info: VideoInfo,
        first: Frame,
        sound: FileSource | None = None,
        sample: Sample | None = None,
    ) -> None:
        self.pictures = 0
        """Written so far."""
        self._form, self._sample = form, sample
        turned_back = form.container.is_movie and form.alpha != "stacked"
        self._turns = info.turns if turned_back else 0
        self._aspect = info.upright_aspect
        self._pixel_format = _pixel_format(form, first)
        self._output = av.open(
            output_url(place) if isinstance(place, Path) else place,
            "w",
            format=form.container.name,
            options=dict(form.container.options),
        )
        self._slots = Slots.of(form.container, info)
        self._video = self._add_video(encoding, info)
        if form.alpha == "stacked":
            described = describe(*form.padded(*form.upright_size(info)))
            self._output.metadata["comment"] = described
        self._tag(first.colour)
        self.audio = self._add_audio(sound) if sound and form.container.audio_encoder else None

    def encode(self, matted: Matted) -> None:
        """Write one picture, and the sound up to it."""
        if (pts := self._slots.take(matted.frame)) is not None:
            frame, alpha = self._prepared(matted)
            if self._sample is not None:
                self._sample.note(self.pictures, frame, alpha)
            frame, alpha = self._turned(frame, alpha)
            full_range = self._form.encoder.full_range
            video = video_from_frame(frame, self._pixel_format, alpha, full_range)
            video.pts, video.time_base = pts, self._slots.time_base or video.time_base
            self._output.mux(self._video.encode(video))
            self.pictures += 1
        if self.audio:
            self.audio.advance(matted.frame.seconds)

    def finish(self, *, with_rest_of_sound: bool) -> None:
        """Write what the encoder still holds, the sound after the last picture, and the index."""
        self._output.mux(self._video.encode(None))
        if self.audio and with_rest_of_sound:
            self.audio.advance(float("inf"))
        self._output.close()

    def close(self) -> None:
        """Free everything; what was not finished is no video."""
        if self.audio:
            self.audio.close()
        self._output.close()

    def _add_video(self, encoding: Encoding, info: VideoInfo) -> av.VideoStream:
        os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 logs past FFmpeg: errors alone
        encoder = self._form.encoder
        options = encoder.tuned(encoding.crf, encoding.preset)
        stream = self._output.add_stream(encoder.name, rate=info.rate, options=options)
        assert isinstance(stream, av.VideoStream)
        width, height = self._form.size(info)
        stream.width, stream.height = (height, width) if self._turns % 2 else (width, height)
        stream.pix_fmt = self._pixel_format
        if info.aspect and self._form.keeps_aspect:
            upright = self._turns != info.turns and info.turns % 2
            stream.codec_context.sample_aspect_ratio = 1 / info.aspect if upright else info.aspect
        stream.codec_context.time_base = stream.time_base = self._slots.time_base or info.time_base
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = max(1, usable_processors() // 2)
        if encoder.tag and self._form.container.name in ("mp4", "mov"):
            stream.codec_context.codec_tag = encoder.tag
        if self._turns:
            stream.set_display_rotation(90 * self._turns)
        return stream

    def _tag(self, colour: ColourTags) -> None:
        if VideoFormat(self._pixel_format).is_rgb:
            colour = as_rgb(colour)
        elif not self._form.encoder.full_range:
            colour = replace(colour, range=LIMITED_RANGE)
        tag(self._video.codec_context, colour)

    def _add_audio(self, sound: FileSource) -> AudioCarrier:
        return AudioCarrier(sound.path, self._output, self._form.container, sound.span)

    def _prepared(self, matted: Matted) -> tuple[Frame, AlphaMatte | None]:
        """The upright picture as the file holds it, and alpha if that lies in a channel."""
        form, frame = self._form, matted.frame
        alpha = None if form.alpha == "nothing" else matted.alpha
        if not form.keeps_aspect:
            frame, alpha = _squared(frame, alpha, self._aspect)
        frame, alpha = _padded(frame, alpha, *form.padded(frame.width, frame.height))
        if alpha is not None and form.alpha == "stacked":
            return stacked(frame.with_planes(yuv_planes(frame)), alpha), None
        return frame, alpha

    def _turned(self, frame: Frame, alpha: AlphaMatte | None) -> tuple[Frame, AlphaMatte | None]:
        """Lying as the source did."""
        frame = frame.with_planes(turn(frame.planes, -self._turns))
        return frame, None if alpha is None else turn((alpha,), -self._turns)[0]


def _pixel_format(form: Format, first: Frame) -> str:
    if form.encoder.any_chroma:
        return layout(yuv_planes(first), with_alpha=form.alpha == "channel")
    return form.pixel_format


def _squared(
    frame: Frame, alpha: AlphaMatte | None, aspect: Fraction
) -> tuple[Frame, AlphaMatte | None]:
    """A picture of square pixels, for a file that cannot say that they are not: wider or less."""
    width = squared_width(frame.width, aspect)
    if width == frame.width:
        return frame, alpha
    planes = tuple(
        resize(plane, width if plane.shape[1] == frame.width else -(-width // 2), len(plane))
        for plane in frame.planes
    )
    alpha = None if alpha is None else resize(alpha, width, len(alpha))
    return frame.with_planes(planes), alpha


def _padded(
    frame: Frame, alpha: AlphaMatte | None, width: int, height: int
) -> tuple[Frame, AlphaMatte | None]:
    """The last line and column repeated up to an even size."""
    if (width, height) == (frame.width, frame.height):
        return frame, alpha
    if alpha is not None:
        alpha = _grow(alpha, height - frame.height, width - frame.width)
    return frame.with_planes(pad_even(frame)), alpha


def pad_even(frame: Frame) -> tuple[Plane, ...]:
    """The planes with their last line and column repeated where that makes the size even.

    A plane subsampled from an odd size was rounded up, and is of the right size already.
    """
    down, right = frame.height % 2, frame.width % 2
    return tuple(
        _grow(
            plane,
            down if plane.shape[0] == frame.height else 0,
            right if plane.shape[1] == frame.width else 0,
        )
        for plane in frame.planes
    )


def _grow(plane: Plane, down: int, right: int) -> Plane:
    return cv2.copyMakeBorder(plane, 0, down, 0, right, cv2.BORDER_REPLICATE)

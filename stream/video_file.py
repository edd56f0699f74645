"""A video file while it is being written: one encoder, and the sound beside it. It blocks."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import av
import av.container
import cv2

from pipeline.colour import LIMITED_RANGE, ColourTags, Plane
from pipeline.frame import AlphaMatte, Frame
from pipeline.matting import Matted
from pipeline.network import usable_processors
from stream.audio import AudioCarrier
from stream.convert import tag, turn, video_from_frame
from stream.file_source import FileSource
from stream.formats import Format
from stream.inputs import url
from stream.video_reader import VideoInfo


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video is encoded; None leaves a choice to the container's and the codec's default."""

    codec: str | None = None
    crf: int | None = None
    preset: str | None = None


class VideoFile:
    """A file at `path` for what becomes of the frames of `like`; `finish` makes it whole."""

    def __init__(
        self,
        path: Path,
        form: Format,
        encoding: Encoding,
        like: FileSource,
        *,
        colour: ColourTags,
        audio: bool,
    ) -> None:
        self._form = form
        self._turns = like.info.turns if form.container.keeps_rotation else 0
        self._output = av.open(
            url(path), "w", format=form.container.name, options=dict(form.container.options)
        )
        self._video = self._add_video(encoding, like.info)
        self._range = colour.range if form.encoder.full_range else LIMITED_RANGE
        tag(self._video.codec_context, replace(colour, range=self._range))
        self.audio = self._add_audio(like) if audio else None

    def encode(self, matted: Matted) -> None:
        """Write one picture, and the sound up to it."""
        frame, alpha = self._stored(matted)
        video = video_from_frame(
            frame, self._form.pixel_format, alpha, self._form.encoder.full_range
        )
        self._output.mux(self._video.encode(video))
        if self.audio:
            self.audio.advance(frame.seconds)

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
        width, height = self._form.padded(info.width, info.height)
        stream.width, stream.height = (height, width) if self._turns % 2 else (width, height)
        stream.pix_fmt = self._form.pixel_format
        if info.aspect:
            upright = self._turns != info.turns and info.turns % 2
            stream.codec_context.sample_aspect_ratio = 1 / info.aspect if upright else info.aspect
        stream.codec_context.time_base = stream.time_base = info.time_base
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = max(1, usable_processors() // 2)
        if encoder.tag and self._form.container.name in ("mp4", "mov"):
            stream.codec_context.codec_tag = encoder.tag
        if self._turns:
            stream.set_display_rotation(90 * self._turns)
        return stream

    def _add_audio(self, like: FileSource) -> AudioCarrier:
        return AudioCarrier(like.path, self._output, self._form.container, like.span)

    def _stored(self, matted: Matted) -> tuple[Frame, AlphaMatte | None]:
        """Padded to a size that the encoder takes, and turned to lie as the source did."""
        frame, width, height = matted.frame, matted.frame.width, matted.frame.height
        wide, high = self._form.padded(width, height)
        planes = frame.planes if (wide, high) == (width, height) else pad_even(frame)
        frame = frame.with_planes(turn(planes, -self._turns))
        if not self._form.with_alpha:
            return frame, None
        (alpha,) = turn((_grow(matted.alpha, high - height, wide - width),), -self._turns)
        return frame, alpha


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

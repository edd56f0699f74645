"""Small video files made and read back with PyAV: a red disc that crosses a blue wall."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import numpy as np
from numpy.typing import NDArray

from pipeline.colour import UNTAGGED, ColourTags
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.subject import WHOLE, Look
from stream.convert import tag
from stream.scheduling import ordinary_threads

DISC = (200, 60, 40)
WALL = (40, 80, 160)
AUDIO_RATE = 48_000
AUDIO_CHUNK = 480
"""Samples in a frame given to the audio encoder."""


def paint(width: int, height: int, index: int = 0) -> RgbImage:
    """The picture number `index`: uint8 (height, width, 3)."""
    rows, columns = np.mgrid[:height, :width]
    x, y, radius = width * (0.3 + 0.02 * index), height * 0.4, height * 0.3
    inside = np.hypot(columns - x, rows - y) < radius
    return np.where(inside[..., None], DISC, WALL).astype(np.uint8)


class RedSegmenter:
    """Takes what is redder than it is blue for foreground."""

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        rgb = frame.reduced(4 if frame.width > 640 else 2).astype(np.int16)
        return (rgb[..., 0] > rgb[..., 2]).astype(np.float32)


class Everything:
    """Takes all of a frame for foreground."""

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        return np.ones((20, 20), np.float32)


@dataclass(frozen=True)
class Sound:
    """A tone beside the picture."""

    codec: str = "aac"
    seconds: float = 0.4
    layout: str = "mono"


def make_clip(
    path: Path,
    *,
    size: tuple[int, int] = (64, 48),
    frames: int = 10,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: int = 25,
    time_base: Fraction | None = None,
    pts: Sequence[int] | None = None,
    degrees: int = 0,
    colour: ColourTags = UNTAGGED,
    aspect: Fraction | None = None,
    sound: Sound | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write a clip and give its path. `pts` counts in `time_base`, by default 1/rate."""
    with av.open(path, "w", container_options=container_options or {}) as output:
        stream = output.add_stream(codec, rate=rate, options=options or {})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.time_base = stream.time_base = time_base or Fraction(1, rate)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        tag(stream.codec_context, colour)
        if degrees:
            stream.set_display_rotation(degrees)
        tone = _Tone(output, sound) if sound else None
        with ordinary_threads():
            output.start_encoding()
        for index in range(frames):
            picture = av.VideoFrame.from_ndarray(paint(*size, index), "rgb24")
            picture = picture.reformat(format=pix_fmt)
            tag(picture, colour)
            picture.pts = pts[index] if pts else index
            picture.time_base = stream.codec_context.time_base
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        if tone:
            tone.write()
    return path


class _Tone:
    def __init__(self, output: av.container.OutputContainer, sound: Sound) -> None:
        self._output, self._sound = output, sound
        stream = output.add_stream(sound.codec, rate=AUDIO_RATE)
        assert isinstance(stream, av.AudioStream)
        stream.layout = sound.layout
        self._stream = stream

    def write(self) -> None:
        for start in range(0, int(self._sound.seconds * AUDIO_RATE), AUDIO_CHUNK):
            self._output.mux(self._stream.encode(self._chunk(start)))
        self._output.mux(self._stream.encode(None))

    def _chunk(self, start: int) -> av.AudioFrame:
        moments = np.arange(start, start + AUDIO_CHUNK) / AUDIO_RATE
        wave = (8000 * np.sin(2 * np.pi * 440 * moments)).astype(np.int16)
        channels = 1 if self._sound.layout == "mono" else 2
        packed = np.repeat(wave, channels)[None]
        frame = av.AudioFrame.from_ndarray(packed, "s16", self._sound.layout)
        frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, start, Fraction(1, AUDIO_RATE)
        return frame


@dataclass
class Clip:
    """What a file holds."""

    pictures: list[av.VideoFrame]
    times: list[Fraction]
    """Of the pictures, in seconds."""
    codec: str
    size: tuple[int, int]
    """As it is stored."""
    tags: ColourTags
    aspect: Fraction | None
    sound: "list[tuple[Fraction, bytes]]" = field(default_factory=list)
    """Packets of the first audio stream, with their times in seconds."""
    sound_codec: str | None = None

    def rgb(self, index: int) -> RgbImage:
        """As it is stored, not turned; untagged samples are read as FFmpeg does."""
        return self.pictures[index].to_ndarray(format="rgb24").astype(np.uint8)

    def luma(self, index: int) -> NDArray[np.uint8]:
        plane = self.pictures[index].planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return rows[: plane.height, : plane.width].copy()

    def alpha(self, index: int) -> NDArray[np.uint8]:
        """The alpha plane of an 8-bit picture that has one; more bits are cut."""
        picture = self.pictures[index]
        return picture.to_ndarray(format="rgba")[..., 3].astype(np.uint8)


def read_clip(path: Path, decoder: str | None = None) -> Clip:
    """Everything in a file; `decoder` names one, such as libvpx-vp9, which knows of alpha."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        if decoder is not None:
            context = av.codec.context.CodecContext.create(decoder, "r")  # type: ignore[assignment]
            context.extradata = stream.codec_context.extradata
        clip = Clip(
            [], [], stream.codec_context.name, (stream.width, stream.height), UNTAGGED, None
        )
        clip.aspect = stream.sample_aspect_ratio
        for packet in container.demux():
            if packet.stream is stream:
                for picture in _decode(context, packet):
                    clip.pictures.append(picture)
                    clip.times.append(Fraction(picture.pts or 0) * (stream.time_base or 0))
            elif packet.stream.type == "audio" and packet.size:
                clip.sound_codec = packet.stream.codec_context.name
                when = Fraction(packet.pts or 0) * (packet.time_base or 0)
                clip.sound.append((when, bytes(packet)))
    clip.tags = tags_of(clip.pictures[0])
    return clip


def _decode(context: av.VideoCodecContext, packet: "av.Packet[Any]") -> Iterator[av.VideoFrame]:
    yield from context.decode(packet if packet.size else None)


def tags_of(picture: av.VideoFrame) -> ColourTags:
    return ColourTags(
        int(picture.colorspace),
        int(picture.color_primaries),
        int(picture.color_trc),
        int(picture.color_range),
    )

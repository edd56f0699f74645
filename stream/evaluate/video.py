"""Mattes and colours out of a video: its alpha plane if it has one, else its luma."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import av
import av.error
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from pipeline.errors import SourceError
from pipeline.frame import AlphaMatte, RgbImage
from stream.evaluate.pictures import Loader

# FFmpeg's own decoders of these drop alpha without a word.
_DECODERS_THAT_KEEP_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_FULL_RANGE = 2
_GREY_TOLERANCE = 24
"""Levels of 255 that colour may stand out after lossy compression."""


@dataclass(frozen=True, slots=True)
class Video:
    """A video whose frames are read in order, one at a time."""

    path: Path

    def mattes(self) -> Iterator[Loader[AlphaMatte]]:
        for frame in self._frames():
            yield partial(self._matte, frame)

    def colours(self) -> Iterator[Loader[RgbImage]]:
        for frame in self._frames():
            yield partial(_colour_of, frame)

    def _matte(self, frame: VideoFrame) -> AlphaMatte:
        matte = matte_of(frame)
        if matte is None:
            raise SourceError(
                f"{self.path} is a colour video without alpha: give a matte or a video with alpha"
            )
        return matte

    def _frames(self) -> Iterator[VideoFrame]:
        try:
            with av.open(self.path) as container:
                if not container.streams.video:
                    raise SourceError(f"{self.path} has no video: name one that has")
                yield from _decoded(container)
        except (av.error.FFmpegError, OSError) as error:
            raise SourceError(
                f"{self.path} cannot be read ({error.strerror}): name a video or a folder "
                "of pictures"
            ) from error


def _decoded(container: av.container.InputContainer) -> Iterator[VideoFrame]:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    if stream.codec.name not in _DECODERS_THAT_KEEP_ALPHA:
        yield from container.decode(stream)
        return
    name = _DECODERS_THAT_KEEP_ALPHA[stream.codec.name]
    decoder = cast(VideoCodecContext, av.CodecContext.create(name, "r"))
    for packet in container.demux(stream):
        yield from decoder.decode(packet)


def _colour_of(frame: VideoFrame) -> RgbImage:
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def matte_of(frame: VideoFrame) -> AlphaMatte | None:
    """Alpha if the frame has one, else luma in the range it is tagged with; float32 (H, W).

    None if the frame has no alpha and is coloured.
    """
    planar = _planar(frame)
    components = planar.format.components
    alpha = next((each for each in components if each.is_alpha), None)
    component = alpha or components[0]
    samples = _plane(planar, component.plane, component.bits)
    top = (1 << component.bits) - 1
    if alpha is None and not _is_grey(planar):
        return None
    if alpha or _is_full_range(frame):
        return samples.astype(np.float32) / np.float32(top)
    step = 1 << (component.bits - 8)
    straight = (samples.astype(np.float32) - 16 * step) / (219 * step)
    return np.clip(straight, 0, 1).astype(np.float32)


def _planar(frame: VideoFrame) -> VideoFrame:
    """The same samples, one component a plane."""
    kind = frame.format
    if kind.is_planar or kind.name.startswith("gray"):
        return frame
    if kind.components[0].bits == 1:
        return frame.reformat(format="gray")
    has_alpha = any(component.is_alpha for component in kind.components)
    deep = "16le" if kind.components[0].bits > 8 else ""
    if kind.is_rgb or has_alpha or kind.has_palette:
        return frame.reformat(format=f"gbr{'a' if has_alpha or kind.has_palette else ''}p{deep}")
    return frame.reformat(format=f"yuv444p{deep}")


def _is_grey(planar: VideoFrame) -> bool:
    """Whether colour is nowhere farther from grey than lossy compression takes it."""
    parts = planar.format.components
    if len(parts) == 1:
        return True
    bits = parts[0].bits
    planes = [_plane(planar, part.plane, bits).astype(np.int32) for part in parts]
    if planar.format.is_rgb:
        spread = max(np.abs(planes[0] - other).max() for other in planes[1:])
    else:
        spread = max(np.abs(chroma - (1 << (bits - 1))).max() for chroma in planes[1:])
    return bool(spread <= _GREY_TOLERANCE << (bits - 8))


def _plane(frame: VideoFrame, index: int, bits: int) -> NDArray[np.unsignedinteger]:
    """One plane without its padding, (h, w); a plane of chroma has its own size."""
    plane = frame.planes[index]
    order = ">" if frame.format.is_big_endian else "<"
    kind = np.dtype("u1" if bits <= 8 else f"{order}u2")
    rows = np.frombuffer(memoryview(plane), kind).reshape(-1, plane.line_size // kind.itemsize)
    return rows[: plane.height, : plane.width]


def _is_full_range(frame: VideoFrame) -> bool:
    kind: VideoFormat = frame.format
    if kind.is_rgb or kind.name.startswith(("yuvj", "gray")):
        return True
    return int(frame.color_range) == _FULL_RANGE

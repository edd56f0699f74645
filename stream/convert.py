"""av.VideoFrame ↔ Frame: the one place where time stamps, colour tags and planes change hands."""

from fractions import Fraction

import av
import numpy as np
from av.video.format import VideoFormat

from pipeline.colour import (
    BT709,
    FULL_RANGE,
    LIMITED_RANGE,
    ColourTags,
    Plane,
    Planes,
    yuv_from_rgb,
)
from pipeline.frame import AlphaMatte, Frame

_PLANAR = {f"yuv{kind}{chroma}p" for kind in ("", "a", "j") for chroma in ("420", "422", "444")}


def frame_from_video(video: av.VideoFrame, pts: int, time_base: Fraction) -> Frame:
    """A decoded picture as a Frame, turned upright.

    8-bit planar YCbCr is taken as it lies in the decoder's memory. More bits are brought to 8 with
    the same chroma subsampling, RGB to BT.709 without subsampling.
    """
    tags, turns = _tags(video), quarter_turns(video.rotation)
    if not _can_take(video.format, turns):
        video = video.reformat(format=_nearest(video.format, turns))
    if video.format.is_rgb:
        planes, tags = _yuv444(_packed(video), BT709), BT709
    else:
        planes = tuple(_plane(video, index) for index in range(3))
    return Frame(turn(planes, turns), pts, time_base, tags)


def video_from_frame(
    frame: Frame, pixel_format: str, alpha: AlphaMatte | None, full_range: bool = True
) -> av.VideoFrame:
    """A Frame for an encoder that wants `pixel_format`, with its time stamp and colour tags.

    `alpha`, float32 (H, W), is laid beside the colours if given; then the format has to hold it.
    Samples of 0 … 255 are brought to 16 … 235 unless `full_range` is allowed.
    """
    planes = _yuv444(frame.planes[0], frame.colour) if frame.is_rgb else frame.planes
    name = _layout(planes, with_alpha=alpha is not None)
    video = av.VideoFrame(frame.width, frame.height, name)
    for index, plane in enumerate(planes if alpha is None else (*planes, to_bytes(alpha))):
        _fill(video, index, plane)
    tag(video, frame.colour)
    if name != pixel_format:
        limit = frame.colour.full_range and not full_range
        wanted = LIMITED_RANGE if limit else None
        video = video.reformat(format=pixel_format, dst_color_range=wanted)
    video.pts, video.time_base = frame.pts, frame.time_base
    return video


def tag(target: "av.VideoFrame | av.VideoCodecContext", colour: ColourTags) -> None:
    """Write the colour tags onto a picture or an encoder."""
    target.colorspace = colour.matrix
    target.color_primaries = colour.primaries
    target.color_trc = colour.transfer
    target.color_range = colour.range


def to_bytes(alpha: AlphaMatte) -> Plane:
    """Alpha of 0 … 1 as uint8 of 0 … 255."""
    return np.rint(alpha * np.float32(255)).astype(np.uint8)


def quarter_turns(degrees: float) -> int:
    """How many quarter turns to the left a display matrix of so many degrees asks for: 0 … 3."""
    return round(degrees / 90) % 4


def turn(planes: Planes, turns: int) -> Planes:
    """Turn all planes by quarter turns to the left."""
    if turns == 0:
        return planes
    return tuple(np.ascontiguousarray(np.rot90(plane, turns)) for plane in planes)


def _tags(video: av.VideoFrame) -> ColourTags:
    old_full_range = video.format.name.startswith("yuvj")
    return ColourTags(
        int(video.colorspace),
        int(video.color_primaries),
        int(video.color_trc),
        FULL_RANGE if old_full_range else int(video.color_range),
    )


def _can_take(pixel_format: VideoFormat, turns: int) -> bool:
    """4:2:2 lying on its side would be 4:4:0, which encoders do not take."""
    return pixel_format.name in _PLANAR and not (turns % 2 and "422" in pixel_format.name)


def _nearest(pixel_format: VideoFormat, turns: int) -> str:
    if pixel_format.is_rgb or pixel_format.has_palette or pixel_format.is_bayer:
        return "rgb24"
    halved_width = pixel_format.chroma_width(64) < 64
    halved_height = pixel_format.chroma_height(64) < 64
    if len(pixel_format.components) < 3 or halved_height:
        return "yuv420p"
    return "yuv422p" if halved_width and turns % 2 == 0 else "yuv444p"


def _rows(video: av.VideoFrame, index: int) -> Plane:
    """A plane's memory, padding and all: uint8 (lines, bytes in a line)."""
    plane = video.planes[index]
    return np.frombuffer(memoryview(plane), np.uint8)[: plane.height * plane.line_size].reshape(
        plane.height, plane.line_size
    )


def _plane(video: av.VideoFrame, index: int) -> Plane:
    return _rows(video, index)[:, : video.planes[index].width]


def _packed(video: av.VideoFrame) -> Plane:
    rows = _rows(video, 0)[:, : 3 * video.width]
    return np.ascontiguousarray(rows).reshape(video.height, video.width, 3)


def _fill(video: av.VideoFrame, index: int, values: Plane) -> None:
    _rows(video, index)[:, : values.shape[1]] = values


def _yuv444(rgb: Plane, colour: ColourTags) -> Planes:
    height, width = rgb.shape[:2]
    return yuv_from_rgb(rgb, colour, height, ((height, width),) * 3)


def _layout(planes: Planes, *, with_alpha: bool) -> str:
    """The name of the pixel format that the planes already have."""
    (height, width), (chroma_height, chroma_width) = planes[0].shape, planes[1].shape
    chroma = "444" if chroma_width == width else "422" if chroma_height == height else "420"
    return f"yuv{'a' if with_alpha else ''}{chroma}p"

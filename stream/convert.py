"""av.VideoFrame ↔ Frame: the one place where time stamps, colour tags and planes change hands."""

from dataclasses import replace
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
from stream.palette import with_palette

_RGB_MATRIX = 0
_PLANAR = {f"yuv{kind}{chroma}p" for kind in ("", "a", "j") for chroma in ("420", "422", "444")}


def frame_from_video(video: av.VideoFrame, pts: int, time_base: Fraction) -> Frame:
    """A decoded picture as a Frame, turned upright.

    8-bit planar YCbCr is taken as it lies in the decoder's memory. More bits are brought to 8 with
    the same chroma subsampling, RGB to BT.709 without subsampling. Alpha, if any, goes along.
    """
    tags, turns, alpha = _tags(video), quarter_turns(video.rotation), _alpha(video)
    if not _can_take(video.format, turns):
        video = video.reformat(format=_nearest(video.format, turns))
    if video.format.is_rgb:
        planes, tags = _yuv444(_packed(video), BT709), BT709
    else:
        planes = tuple(_plane(video, index) for index in range(3))
    if alpha is not None:
        (alpha,) = turn((alpha,), turns)
    return Frame(turn(planes, turns), pts, time_base, tags, alpha)


def video_from_frame(
    frame: Frame, pixel_format: str, alpha: AlphaMatte | None, full_range: bool = True
) -> av.VideoFrame:
    """A Frame for an encoder that wants `pixel_format`, with its time stamp and colour tags.

    `alpha`, float32 (H, W), is laid beside the colours if given; then the format has to hold it.
    Samples of 0 … 255 are brought to 16 … 235 unless `full_range` is allowed.
    """
    if _is_rgb(pixel_format):
        return _rgb_video(frame, pixel_format, alpha)
    planes = yuv_planes(frame)
    name = layout(planes, with_alpha=alpha is not None)
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


def _rgb_video(frame: Frame, pixel_format: str, alpha: AlphaMatte | None) -> av.VideoFrame:
    """Palettes are chosen from RGBA whether or not there is alpha."""
    opaque = np.full((frame.height, frame.width), 255, np.uint8)
    rgba = np.dstack((frame.rgb, opaque if alpha is None else to_bytes(alpha)))
    video = av.VideoFrame.from_ndarray(rgba, "rgba")
    video.pts, video.time_base = frame.pts, frame.time_base
    video = with_palette(video) if pixel_format == "pal8" else video.reformat(format=pixel_format)
    tag(video, as_rgb(frame.colour))
    return video


def tag(target: "av.VideoFrame | av.VideoCodecContext", colour: ColourTags) -> None:
    """Write the colour tags onto a picture or an encoder."""
    target.colorspace = colour.matrix
    target.color_primaries = colour.primaries
    target.color_trc = colour.transfer
    target.color_range = colour.range


def as_rgb(colour: ColourTags) -> ColourTags:
    """The tags of a picture once it is RGB: primaries and transfer stay."""
    return replace(colour, matrix=_RGB_MATRIX, range=FULL_RANGE)


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


def _is_rgb(pixel_format: str) -> bool:
    known = VideoFormat(pixel_format)
    return known.is_rgb or known.has_palette


def holds_alpha(pixel_format: VideoFormat) -> bool:
    """Whether there is room for it; one of a palette's colours may be transparent."""
    return pixel_format.has_palette or any(part.is_alpha for part in pixel_format.components)


def _alpha(video: av.VideoFrame) -> Plane | None:
    """Alpha, uint8 (H, W), of a picture with pixels that are not wholly there."""
    known = video.format
    if not holds_alpha(known):
        return None
    if known.name not in _PLANAR:
        video = video.reformat(format="rgba" if known.is_rgb or known.has_palette else "yuva444p")
    alpha = _packed(video, 4)[..., 3] if video.format.is_rgb else _plane(video, 3)
    return None if alpha.min(initial=255) == 255 else np.ascontiguousarray(alpha)


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


def _packed(video: av.VideoFrame, channels: int = 3) -> Plane:
    rows = _rows(video, 0)[:, : channels * video.width]
    return np.ascontiguousarray(rows).reshape(video.height, video.width, channels)


def _fill(video: av.VideoFrame, index: int, values: Plane) -> None:
    _rows(video, index)[:, : values.shape[1]] = values


def yuv_planes(frame: Frame) -> Planes:
    """Its Y, Cb and Cr planes; those of an RGB picture are not subsampled."""
    return _yuv444(frame.planes[0], frame.colour) if frame.is_rgb else frame.planes


def _yuv444(rgb: Plane, colour: ColourTags) -> Planes:
    height, width = rgb.shape[:2]
    return yuv_from_rgb(rgb, colour, height, ((height, width),) * 3)


def layout(planes: Planes, *, with_alpha: bool) -> str:
    """The name of the pixel format that the planes already have."""
    (height, width), (chroma_height, chroma_width) = planes[0].shape, planes[1].shape
    chroma = "444" if chroma_width == width else "422" if chroma_height == height else "420"
    return f"yuv{'a' if with_alpha else ''}{chroma}p"

"""A new background behind the foreground."""

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colour import Plane, Planes, yuv_from_rgb
from pipeline.errors import OptionError
from pipeline.foreground import estimate_colours, foreground_at
from pipeline.frame import AlphaMatte, Frame, RgbImage, resize
from pipeline.guided import low_size
from pipeline.sampling import Points

DEFAULT_BLUR_LINES = 36
"""The default radius of blur is the frame's height divided by this."""


class Background(Protocol):
    """What lies behind: planes of the frame's own sizes and colours, or None for transparent."""

    def __call__(self, frame: Frame, alpha: AlphaMatte) -> Planes | None: ...


class Transparent:
    """Nothing lies behind: the foreground's colours are kept and alpha goes along."""

    def __call__(self, frame: Frame, alpha: AlphaMatte) -> None:
        return None


class Picture:
    """A still picture, RGB uint8 (h, w, 3), scaled and cropped to cover the frame."""

    def __init__(self, rgb: RgbImage) -> None:
        self.rgb = rgb
        self._fitted: tuple[object, Planes] | None = None

    def __call__(self, frame: Frame, alpha: AlphaMatte) -> Planes:
        like = (frame.colour, *(plane.shape for plane in frame.planes))
        if self._fitted is None or self._fitted[0] != like:
            self._fitted = like, planes_like(frame, cover(self.rgb, frame.width, frame.height))
        return self._fitted[1]


class Blur:
    """The room itself, out of focus, by a Gaussian of `radius` pixels (None: by the frame's size).

    The person is left out of the average, so no halo of theirs surrounds them.
    """

    def __init__(self, radius: float | None = None) -> None:
        if radius is not None and not 0 < radius <= 500:
            raise OptionError(f"blur radius {radius:g}: it is from 1 to 500 pixels")
        self.radius = radius

    def __call__(self, frame: Frame, alpha: AlphaMatte) -> Planes:
        radius = self.radius or frame.height / DEFAULT_BLUR_LINES
        return tuple(_blur(plane, alpha, radius * _scale(plane, frame)) for plane in frame.planes)


def solid(red: int, green: int, blue: int) -> Picture:
    """One colour, 0 … 255 each."""
    return Picture(np.full((1, 1, 3), (red, green, blue), np.uint8))


def composite(frame: Frame, alpha: AlphaMatte, background: Planes | None) -> Frame:
    """The frame's foreground before a background, or its colours alone if that is None.

    `alpha` is float32 (H, W), straight. Where it is 1 samples leave as they came; at the edge they
    are freed of the old background; where it is 0 nothing of the old picture is left.
    """
    width, height = low_size(frame)
    low_alpha = resize(alpha, width, height)
    planes = []
    for index, plane in enumerate(frame.planes):
        local = resize(alpha, plane.shape[1], plane.shape[0])
        colours = estimate_colours(resize(plane, width, height), low_alpha)
        behind = None if background is None else background[index]
        planes.append(_blend(plane, local, colours, behind))
    return frame.with_planes(tuple(planes))


def _blend(
    plane: Plane,
    alpha: AlphaMatte,
    colours: tuple[NDArray[np.float32], NDArray[np.float32]],
    behind: Plane | None,
) -> Plane:
    """One plane: its foreground over `behind`, or alone, its colours running on beyond the edge."""
    points = Points.where((alpha > 0) & (alpha < 1))
    weight = points.take(alpha)
    edge = foreground_at(plane, weight, colours, points)
    if behind is None:
        result = resize(np.rint(colours[0]).astype(np.uint8), plane.shape[1], plane.shape[0]).copy()
    else:
        result = behind.copy()
        below = points.take(behind)
        edge = below + weight.reshape(-1, *[1] * (edge.ndim - 1)) * (edge - below)
    cv2.copyTo(plane, (alpha >= 1).view(np.uint8), result)
    points.put(result, np.rint(edge).astype(np.uint8))
    return result


def planes_like(frame: Frame, rgb: RgbImage) -> Planes:
    """An RGB picture of the frame's size, as the frame's own kind of planes."""
    if frame.is_rgb:
        return (rgb,)
    shapes = tuple((plane.shape[0], plane.shape[1]) for plane in frame.planes)
    return yuv_from_rgb(rgb, frame.colour, frame.height, shapes)


def cover(rgb: RgbImage, width: int, height: int) -> RgbImage:
    """Scale a picture to cover width × height and cut off what is over, equally on both sides."""
    scale = max(width / rgb.shape[1], height / rgb.shape[0])
    cut_width = min(rgb.shape[1], max(1, round(width / scale)))
    cut_height = min(rgb.shape[0], max(1, round(height / scale)))
    left, top = (rgb.shape[1] - cut_width) // 2, (rgb.shape[0] - cut_height) // 2
    return resize(rgb[top : top + cut_height, left : left + cut_width], width, height)


def _scale(plane: Plane, frame: Frame) -> float:
    return float(plane.shape[0] / frame.height)


def _blur(plane: Plane, alpha: AlphaMatte, sigma: float) -> Plane:
    """A plane blurred by a Gaussian whose weight is 1 - alpha; reckoned at a size that suits it."""
    height, width = plane.shape[:2]
    step = max(1, min(8, int(sigma / 2)))
    size = -(-width // step), -(-height // step)
    small = resize(plane, *size).astype(np.float32)
    # Widened, for a pixel at the edge is partly the person's colour.
    weight = 1 - cv2.dilate(resize(alpha, *size), np.ones((3, 3), np.uint8)) + np.float32(1e-3)
    if plane.ndim == 3:
        weight = weight[..., None]
    total = cv2.GaussianBlur(weight, (0, 0), sigma / step).reshape(weight.shape)
    blurred = cv2.GaussianBlur(small * weight, (0, 0), sigma / step) / total
    return resize(np.rint(np.clip(blurred, 0, 255)).astype(np.uint8), width, height)

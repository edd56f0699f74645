"""A new background behind the foreground."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np

from pipeline.blend import EdgeColour
from pipeline.cells import Block, Floats, double, halve, repeat, spread
from pipeline.colour import Plane, Planes, yuv_from_rgb
from pipeline.errors import OptionError
from pipeline.foreground import estimate_colours, unmix
from pipeline.frame import AlphaMatte, Frame, RgbImage, resize
from pipeline.matte import EdgeMatte

DEFAULT_BLUR_LINES = 36
"""The default radius of blur is the frame's height divided by this."""

_LEAST_SIGMA, _WIDE_SIGMA = 0.3, 4.0
"""In cells; a blur as wide as the latter is reckoned at half the size, where it looks the same."""
_LITTLE = np.float32(1e-3)


class Background(Protocol):
    """What lies behind: planes of the frame's own sizes and colours, or None for transparent."""

    def __call__(self, frame: Frame, matte: EdgeMatte) -> Planes | None: ...


class Transparent:
    """Nothing lies behind: the foreground's colours are kept and alpha goes along."""

    def __call__(self, frame: Frame, matte: EdgeMatte) -> None:
        return None


class Picture:
    """A still picture, RGB uint8 (h, w, 3), scaled and cropped to cover the frame."""

    def __init__(self, rgb: RgbImage) -> None:
        self.rgb = rgb
        self._fitted: tuple[object, Planes] | None = None

    def __call__(self, frame: Frame, matte: EdgeMatte) -> Planes:
        like = (frame.colour, *(plane.shape for plane in frame.planes))
        fitted = self._fitted  # read once: a call shows its background from two threads
        if fitted is None or fitted[0] != like:
            fitted = like, planes_like(frame, cover(self.rgb, frame.width, frame.height))
            self._fitted = fitted
        return fitted[1]


class Blur:
    """The room itself, out of focus, by a Gaussian of `radius` pixels (None: by the frame's size).

    The person is left out of the average, so no halo of theirs surrounds them.
    """

    def __init__(self, radius: float | None = None) -> None:
        if radius is not None and not 0 < radius <= 500:
            raise OptionError(f"blur radius {radius:g}: it is from 1 to 500 pixels")
        self.radius = radius

    def __call__(self, frame: Frame, matte: EdgeMatte) -> Planes:
        sigma = max((self.radius or frame.height / DEFAULT_BLUR_LINES) / matte.side, _LEAST_SIGMA)
        # Widened, for a cell at the edge is partly the person's colour.
        room = 1 - cv2.dilate(matte.low, np.ones((3, 3), np.uint8)) + _LITTLE
        low = _blur(cv2.merge(frame.low(matte.side)), room, sigma)
        blurred = tuple(
            spread(small, plane, frame.block(plane, matte.side))
            for plane, small in zip(frame.channels, cv2.split(low), strict=True)
        )
        return (cv2.merge(blurred),) if frame.is_rgb else blurred


def solid(red: int, green: int, blue: int) -> Picture:
    """One colour, 0 … 255 each."""
    return Picture(np.full((1, 1, 3), (red, green, blue), np.uint8))


def composite(
    frame: Frame, matte: EdgeMatte, background: Planes | None, known: EdgeColour | None = None
) -> Frame:
    """The frame's foreground before a background, or its colours alone if that is None.

    Where alpha is 1 samples leave as they came; at the edge they are freed of the old background;
    where it is 0 nothing of the old picture is left. Colours at the edge are estimated from those
    around, as far as they are not `known`.
    """
    behind: Planes | tuple[None, ...] = (None,) * 3
    if background is not None:
        behind = tuple(cv2.split(background[0])) if frame.is_rgb else background
    fore, back = estimate_colours(frame.low(matte.side), matte.low)
    mixed = tuple(
        _blend(plane, matte, frame.block(plane, matte.side), colours, under)
        for plane, colours, under in zip(
            frame.channels, _channels(frame, fore, back, known), behind, strict=True
        )
    )
    return frame.with_planes((cv2.merge(mixed),) if frame.is_rgb else mixed)


def composite_apart(
    frame: Frame,
    matte: EdgeMatte,
    mixture: EdgeMatte,
    background: Planes | None,
    known: EdgeColour | None = None,
) -> tuple[Frame, EdgeMatte]:
    """The same by one matte, with the foreground's colours by another; and the alpha that results.

    `mixture` says how far the frame's pixels are mixtures with the old background. Alpha that a
    frame has of its own is multiplied into the matte: its colours are straight already.
    """
    alone = replace(composite(frame, mixture, None, known), alpha=None)
    if frame.alpha is not None:
        own = frame.alpha.astype(np.float32) / np.float32(255)
        matte = EdgeMatte.from_alpha(matte.full * own)
    if background is not None:
        pairs = zip(alone.planes, background, strict=True)
        alone = alone.with_planes(tuple(_over(above, below, matte.full) for above, below in pairs))
    return alone, matte


def _over(above: Plane, below: Plane, alpha: AlphaMatte) -> Plane:
    """A plane before another, (h, w) or (h, w, 3), by the alpha of the whole frame."""
    weight = resize(alpha, above.shape[1], above.shape[0])
    if above.ndim == 3:
        weight = weight[..., None]
    return np.rint(below + weight * (above.astype(np.float32) - below)).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Colours:
    """Of one channel, float32 (h, w) each: foreground and background, and what is known.

    `difference` is foreground minus background times `weight`, 0…1, which says how far.
    """

    foreground: Floats
    background: Floats
    difference: Floats | None = None
    weight: Floats | None = None


def _channels(
    frame: Frame, fore: Sequence[Floats], back: Sequence[Floats], known: EdgeColour | None
) -> Iterator[_Colours]:
    """The colours of each of the frame's channels."""
    if known is None:
        yield from map(_Colours, fore, back)
        return
    from_rgb = np.linalg.inv(frame.channels_to_rgb[:, :3])
    differences = np.tensordot(from_rgb, known.difference, 1).astype(np.float32)
    for one, other, difference in zip(fore, back, differences, strict=True):
        yield _Colours(one, other, difference, known.weight)


def _blend(
    plane: Plane,
    matte: EdgeMatte,
    block: Block,
    colours: _Colours,
    behind: Plane | None,
) -> Plane:
    """One plane: its foreground over `behind`, or alone, its colours running on beyond the edge."""
    if behind is None:
        result = spread(np.rint(colours.foreground).astype(np.uint8), plane, block).copy()
    else:
        result = behind.copy()
    cv2.copyTo(plane, repeat(matte.inside, plane, block), result)
    if len(matte.cells):
        _blend_edge(plane, matte, block, colours, behind, result)
    return result


def _blend_edge(
    plane: Plane,
    matte: EdgeMatte,
    block: Block,
    colours: _Colours,
    behind: Plane | None,
    result: Plane,
) -> None:
    """Write the edge's samples into `result`."""
    cells = matte.cells
    samples, alpha = cells.samples(plane, block), matte.pooled(block)
    image = np.take(plane, samples).astype(np.float32)
    smooth = colours.foreground, colours.background
    edge = unmix(image, alpha, *(cells.enlarge(colour, block) for colour in smooth))
    if colours.difference is not None and colours.weight is not None:
        exact = cells.enlarge(colours.difference, block) * (1 - alpha)
        edge += exact + cells.enlarge(colours.weight, block) * (image - edge)
        np.clip(edge, 0, 255, out=edge)
    if behind is not None:
        below = np.take(behind, samples).astype(np.float32)
        edge -= below
        edge *= alpha
        edge += below
    result.reshape(-1)[samples] = cv2.convertScaleAbs(edge)


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


def _blur(low: Plane, weight: Floats, sigma: float) -> Plane:
    """A reduced picture, uint8 (h, w, 3), blurred by a weighted Gaussian of `sigma` cells."""
    if sigma >= _WIDE_SIGMA:
        return double(_blur(halve(low), halve(weight), sigma / 2), low)
    blurred = cv2.GaussianBlur(low * cv2.merge([weight] * 3), (0, 0), sigma)
    blurred /= cv2.merge([cv2.GaussianBlur(weight, (0, 0), sigma)] * 3)
    return cv2.convertScaleAbs(blurred)

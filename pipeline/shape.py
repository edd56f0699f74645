"""The shape of a matte: cleaned up, its edge moved, softened, and made more or less opaque.

Grey-scale morphology by discs (Serra, "Image Analysis and Mathematical Morphology", 1982), so that
soft edges and single hairs keep their alpha where nothing is changed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Floats
from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte, resize
from pipeline.matte import EdgeMatte
from pipeline.regions import nearest_region

Levels = NDArray[np.uint8]
"""Alpha in steps of 255, (H, W): ten times as fast to work on."""
LIMITS: dict[str, tuple[float, float]] = {
    "opening": (0, 100),
    "closing": (0, 100),
    "smallest": (0, 100),
    "shift": (-50, 50),
    "feather": (-100, 100),
    "gamma": (0.1, 10),
}
"""Least and most of each of a Shape's fields."""
_UNITS = {"smallest": " per cent of the frame", "gamma": ""}

LARGEST_DISC = 8
"""Pixels of radius: a larger one takes long, and is made of several or of a reduced alpha."""
VISIBLE = 0.1
"""Alpha that makes a region, when small ones are looked for."""
_TAIL = 0.023
"""Of a Gaussian, beyond two standard deviations: cut off, so that a ramp has an end."""
_ONE = np.float32(1)
_AROUND = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is done to a matte, in this order; nothing by default. OptionError out of `LIMITS`.

    `opening` takes away what is thinner than a disc of this radius, `closing` fills what is
    narrower, `smallest` takes away regions that cover less than so many per cent of the frame.
    `shift` moves the edge by so many pixels, outward or, below 0, inward. `feather` lays a soft
    ramp so many pixels wide outside the edge or, below 0, inside it. `gamma` above 1 makes what is
    half transparent more opaque, below 1 less. Pixels are those of the frame.
    """

    opening: int = 0
    closing: int = 0
    smallest: float = 0.0
    shift: int = 0
    feather: int = 0
    gamma: float = 1.0

    def __post_init__(self) -> None:
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                unit = _UNITS.get(name, " pixels")
                raise OptionError(f"{name} {value:g}: it is from {least:g} to {most:g}{unit}")

    def cleaned(self, matte: EdgeMatte) -> EdgeMatte:
        """Without what is no part of the subject, and with what is; the same if none is wanted."""
        if self.opening or self.closing:
            alpha = matte.full
            if self.opening:
                alpha = alpha * _stays(alpha, self.opening)
            if self.closing:
                alpha = 1 - (1 - alpha) * _stays(1 - alpha, self.closing)
            matte = EdgeMatte.from_alpha(alpha)
        return _without_small(matte, self.smallest / 100) if self.smallest else matte

    def edged(self, matte: EdgeMatte) -> EdgeMatte:
        """With its edge moved, softened, more or less opaque; the same if none is wanted."""
        if self.shift or self.feather:
            alpha = _outward_or_inward(matte.full, self.shift, _grown)
            alpha = _outward_or_inward(alpha, self.feather, _feathered)
            matte = EdgeMatte.from_alpha(alpha)
        if self.gamma != 1:
            matte = replace(matte, values=matte.values ** np.float32(1 / self.gamma))
        return matte


AS_IT_IS = Shape()


def _outward_or_inward(
    alpha: AlphaMatte, pixels: int, act: Callable[[AlphaMatte, int], AlphaMatte]
) -> AlphaMatte:
    """Inward is outward for the background. Beyond the frame there is neither."""
    if pixels > 0:
        return act(alpha, pixels)
    return 1 - act(1 - alpha, -pixels) if pixels else alpha


def _grown(alpha: AlphaMatte, pixels: int) -> AlphaMatte:
    """Dilated by a disc of this radius."""
    return np.maximum(alpha, _brought_up(_dilated(_levels(alpha), pixels), alpha))


def _feathered(alpha: AlphaMatte, pixels: int) -> AlphaMatte:
    """With a ramp so many pixels wide, that begins at the edge: grown by half, and blurred."""
    scale = _scale(pixels / 2)
    grown = _dilated(_reduced(alpha, scale), max(1, round(pixels / 2 / scale)))
    sigma, wide = pixels / 4 / scale, grown.astype(np.float32) / 255
    ramp = cv2.GaussianBlur(wide, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    ramp = (ramp - _TAIL) / (1 - 2 * _TAIL)
    return np.maximum(alpha, _brought_up(_levels(np.maximum(ramp, 0)), alpha))


def _stays(alpha: AlphaMatte, radius: int) -> Floats:
    """What part of alpha stays, 0…1, when it is opened by a disc of this radius: float32 (H, W).

    Large discs open a reduced alpha. A part, not the result, is brought up, so that an edge that
    stays is as sharp as it was; and what lies next to what stays, stays, what next to what goes,
    goes, for an edge falls between the reduced pixels.
    """
    scale = _scale(radius)
    levels = _reduced(alpha, scale)
    opened = cv2.morphologyEx(levels, cv2.MORPH_OPEN, _disc(round(radius / scale)))
    if scale > 1:
        opened, levels = cv2.dilate(opened, _disc(2)), cv2.dilate(levels, _AROUND)
    part = np.where(levels > 0, opened / np.maximum(levels, _ONE), _ONE)
    return _brought_up(_levels(np.minimum(part, _ONE)), alpha)


def _without_small(matte: EdgeMatte, least: float) -> EdgeMatte:
    """Regions that cover less than this part of the frame taken away, with all that is near them.

    They are told apart cell by cell: what is less than a cell away from another is one with it.
    """
    peak = matte.inside.astype(np.float32)
    peak.reshape(-1)[matte.cells.index] = matte.values.max(axis=1)
    seen = peak > VISIBLE
    if not seen.any():
        return matte
    labels = nearest_region(seen)
    areas = np.bincount(labels[seen], weights=matte.low[seen])
    large = (areas * matte.side**2 >= least * matte.width * matte.height)[labels]
    values = matte.values * matte.cells.take(large)[:, None]
    return replace(matte, values=values, inside=matte.inside & large)


def _dilated(levels: Levels, radius: int) -> Levels:
    """By a disc, or by several whose radii add up to it, which is much the same and faster."""
    while radius:
        step = min(radius, LARGEST_DISC)
        levels, radius = np.asarray(cv2.dilate(levels, _disc(step)), np.uint8), radius - step
    return levels


def _disc(radius: int) -> Levels:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(disc, np.uint8)


def _scale(radius: float) -> int:
    """By which a radius is reduced to no more than `LARGEST_DISC`: a power of two."""
    return 1 << max(0, math.ceil(math.log2(radius / LARGEST_DISC)))


def _levels(alpha: Floats) -> Levels:
    return cv2.convertScaleAbs(alpha, alpha=255)


def _reduced(alpha: AlphaMatte, scale: int) -> Levels:
    height, width = alpha.shape
    return _levels(resize(alpha, -(-width // scale), -(-height // scale)))


def _brought_up(levels: Levels, alpha: AlphaMatte) -> AlphaMatte:
    """As float32, 0…1, at the size of `alpha`. What is all 255 is exactly 1."""
    return resize(levels, alpha.shape[1], alpha.shape[0]).astype(np.float32) / np.float32(255)

"""The foreground's true colour at the edge, so that the old background does not shine through.

Germer's and Forte's observation ("Approximate Fast Foreground Colour Estimation", ICIP 2021): the
foreground and the background near a pixel are averages weighted by alpha and by 1 - alpha, and what
is left of I = αF + (1 - α)B is given to F.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import AlphaMatte
from pipeline.sampling import Points

Floats = NDArray[Any]
"""float32."""

WINDOWS = (31, 5)
"""Sides of the averaging windows, in pixels of the reduced picture: the second pass sharpens."""
_LITTLE = 1e-3


def estimate_colours(picture: NDArray[np.uint8], alpha: AlphaMatte) -> tuple[Floats, Floats]:
    """Smooth foreground and background colours of a reduced plane: float32 of its shape each.

    `picture` is uint8 (h, w) or (h, w, C), `alpha` float32 (h, w). Far from all foreground its
    colour is the mean of all foreground, so nothing of the room is in it; likewise the background.
    """
    image = picture.astype(np.float32)
    weight = alpha if image.ndim == 2 else alpha[..., None]
    foreground = background = image
    for side in WINDOWS:
        foreground = _average(foreground, weight, side)
        background = _average(background, 1 - weight, side)
        rest = image - weight * foreground - (1 - weight) * background
        foreground = np.clip(foreground + weight * rest, 0, 255)
    return foreground, background


def _average(values: Floats, weight: Floats, side: int) -> Floats:
    """The weighted mean in a square window; that of the whole picture where the window has none."""
    weighted = values * weight
    overall = weighted.mean(axis=(0, 1)) / (weight.mean() + _LITTLE)
    total = cv2.blur(weight, (side, side)).reshape(weight.shape)
    local = cv2.blur(weighted, (side, side)).reshape(values.shape)
    return (local + _LITTLE * overall) / (total + _LITTLE)


def foreground_at(
    plane: NDArray[np.uint8], alpha: Floats, colours: tuple[Floats, Floats], points: Points
) -> Floats:
    """The foreground colour of a plane at some pixels, 0 … 255: float32 (N,) or (N, C).

    `alpha` is float32 (N,), `colours` comes from `estimate_colours` at any size.
    """
    image = points.take(plane).astype(np.float32)
    foreground, background = (points.sample(colour) for colour in colours)
    weight = alpha if image.ndim == 1 else alpha[:, None]
    rest = image - weight * foreground - (1 - weight) * background
    return np.clip(foreground + weight * rest, 0, 255)

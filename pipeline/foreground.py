"""The foreground's true colour at the edge, so that the old background does not shine through.

Germer's and Forte's observation ("Approximate Fast Foreground Colour Estimation", ICIP 2021): the
foreground and the background near a pixel are averages weighted by alpha and by 1 - alpha, and what
is left of I = αF + (1 - α)B is given to F.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Floats, double, halve

WINDOWS = (15, 3)
"""Sides of the averaging windows, in pairs of cells: the second pass sharpens."""
_LITTLE = 1e-3


def estimate_colours(plane: NDArray[np.uint8], alpha: Floats) -> tuple[Floats, Floats]:
    """Smooth foreground and background colours of a reduced plane: float32 (h, w) each.

    `plane` is uint8 (h, w), `alpha` float32 (h, w). Far from all foreground its colour is the mean
    of all foreground, so nothing of the room is in it; likewise the background.
    """
    foreground = background = image = halve(plane).astype(np.float32)
    weight = halve(alpha)
    for side in WINDOWS:
        foreground = _average(foreground, weight, side)
        background = _average(background, 1 - weight, side)
        foreground = unmix(image, weight, foreground, background)
    return double(foreground, plane), double(background, plane)


def unmix(image: Floats, alpha: Floats, foreground: Floats, background: Floats) -> Floats:
    """The foreground colour that with its neighbours' estimates best explains I = αF + (1 - α)B."""
    rest = image - alpha * foreground - (1 - alpha) * background
    return np.clip(foreground + alpha * rest, 0, 255)


def _average(values: Floats, weight: Floats, side: int) -> Floats:
    """The weighted mean in a square window; that of the whole picture where the window has none."""
    weighted = values * weight
    overall = weighted.mean() / (weight.mean() + _LITTLE)
    total = cv2.blur(weight, (side, side))
    return (cv2.blur(weighted, (side, side)) + _LITTLE * overall) / (total + _LITTLE)

"""The foreground's true colour at the edge, so that the old background does not shine through.

Germer's and Forte's observation ("Approximate Fast Foreground Colour Estimation", ICIP 2021): the
foreground and the background near a pixel are averages weighted by alpha and by 1 - alpha, and what
is left of I = αF + (1 - α)B is given to F.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.cells import Floats, double, halve
from pipeline.colour import Planes

WIDE, NARROW = 7, 3
"""Sides of the averaging windows, in fours of cells and then in pairs: the second pass sharpens."""
_LITTLE = 1e-3


def estimate_colours(planes: Planes, alpha: Floats) -> tuple[Sequence[Floats], Sequence[Floats]]:
    """Smooth foreground and background colours of reduced planes: float32 (h, w), one a plane.

    `planes` are uint8 (h, w), `alpha` float32 (h, w). Far from all foreground its colour is the
    mean of all foreground, so nothing of the room is in it; likewise the background.
    """
    image, weight = halve(cv2.merge(planes)).astype(np.float32), cv2.merge([halve(alpha)] * 3)
    coarse, coarse_weight = halve(image), halve(weight)
    wide = _refine(coarse, coarse_weight, (coarse, coarse), WIDE)
    foreground, background = (double(colour, image) for colour in wide)
    colours = _refine(image, weight, (foreground, background), NARROW)
    fore, back = ([double(plane, alpha) for plane in cv2.split(colour)] for colour in colours)
    return fore, back


def _refine(
    image: Floats, weight: Floats, colours: tuple[Floats, Floats], side: int
) -> tuple[Floats, Floats]:
    """Average the colours in windows of a side, and give what they leave of I to the foreground."""
    foreground = _average(colours[0], weight, side)
    background = _average(colours[1], 1 - weight, side)
    return unmix(image, weight, foreground, background), background


def unmix(image: Floats, alpha: Floats, foreground: Floats, background: Floats) -> Floats:
    """The foreground colour that with its neighbours' estimates best explains I = αF + (1 - α)B."""
    colour = foreground - background  # in place from here: these arrays are the hottest of all
    colour *= -alpha
    colour -= background
    colour += image
    colour *= alpha
    colour += foreground
    return np.clip(colour, 0, 255, out=colour)


def _average(values: Floats, weight: Floats, side: int) -> Floats:
    """The weighted mean in a square window; that of the whole picture where the window has none."""
    weighted = values * weight
    overall = np.array(cv2.mean(weighted)[:3]) / (cv2.mean(weight)[0] + _LITTLE)
    total = cv2.blur(weight, (side, side))
    total += np.float32(_LITTLE)
    local = cv2.blur(weighted, (side, side))
    lines = local.reshape(len(local), -1)  # NumPy adds to lines ten times as fast as to triples
    lines += np.tile((_LITTLE * overall).astype(np.float32), local.shape[1])
    local /= total
    return local

"""A second look, closer, at the outline that a first one has found.

What a network of 176 × 96 pixels calls an edge is off by one of them, more often than not. The
second look is at a larger picture, with the first look's alpha beside it, to move the outline to
where it belongs. Who is foreground it has no say in: it counts near the first look's outline alone,
and adds no more than a pixel, since what only one of two looks takes for a person is more often a
thing beside one.
"""

import cv2
import numpy as np

from pipeline.cells import Floats
from pipeline.frame import AlphaMatte, RgbImage
from pipeline.views import Shapes, stretch, view, with_alpha

REACH = 4
"""Pixels of the second look's alpha from what is uncertain to the first, in which it counts."""
CERTAIN, FOREGROUND = 0.1, 0.5
"""An alpha this near to 0 or 1 is certain; from here on it is foreground."""
_FEATHER = (3, 3)
_AROUND = np.ones((3, 3), np.uint8)


class CloserLook:
    """What looks again. It may be called from several threads at once."""

    def __init__(self, networks: Shapes) -> None:
        """`networks` take the first look's alpha as their fourth channel."""
        self.networks = networks

    def __call__(self, picture: RgbImage, alpha: AlphaMatte, weight: float = 1.0) -> AlphaMatte:
        """Alpha float32 as large as the second look's, of the first look's at a picture.

        `weight`, 0…1, is how much the second look counts. Where the first one found no outline its
        alpha is given back as it is.
        """
        if not alpha.min() < FOREGROUND < alpha.max():
            return alpha
        network, shown = view(self.networks, picture)
        closer = network(with_alpha(shown, alpha))
        height, width = closer.shape
        first = stretch(alpha, width, height)
        closer = np.minimum(closer, cv2.dilate(first, _AROUND))
        return first + np.float32(weight) * near_edge(first) * (closer - first)


def near_edge(alpha: AlphaMatte) -> Floats:
    """How much a second look counts, float32 (h, w), 0…1: 1 near an edge, 0 far from any."""
    uncertain = cv2.inRange(alpha, CERTAIN, 1 - CERTAIN)
    side = np.asarray(alpha > FOREGROUND, np.uint8) * 255
    outline = cv2.morphologyEx(side, cv2.MORPH_GRADIENT, _AROUND)
    reached = np.ones((2 * REACH + 1,) * 2, np.uint8)
    near = cv2.dilate(cv2.bitwise_or(uncertain, outline), reached)
    return np.asarray(cv2.blur(near, _FEATHER), np.float32) / 255

"""A second look, closer, at the outline that a first one has found.

What a network of 176 × 96 pixels calls an edge is off by one of them, more often than not. The
second look is at a larger picture, with the first look's alpha beside it, to move the outline to
where it belongs. Who is foreground it has no say in: it counts near the first look's outline alone.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Floats
from pipeline.frame import AlphaMatte, RgbImage
from pipeline.surer import surer
from pipeline.views import Shapes, stretch, view, with_alpha

CERTAIN, FOREGROUND = 0.1, 0.5
"""An alpha this near to 0 or 1 is certain; from here on it is foreground."""
_FEATHER = (3, 3)


@dataclass(frozen=True, slots=True)
class Say:
    """How far a second look counts: within `reach` pixels of its alpha from what is uncertain to
    the first one, by `weight`, 0…1; outwards it moves no outline by more than `growth`. What both
    say is made surer by `gain`."""

    reach: int
    growth: int
    weight: float
    gain: float = 1.0


STILL = Say(22, 22, 1.0)
"""In a picture by itself."""
MOVING = Say(6, 2, 1.0, 2.0)
"""In frames that follow each other a first look may be shown the matte of the frame before: what
was added to that comes back, and what only one of two looks takes for a person is more often a
thing beside one."""


class CloserLook:
    """What looks again. It may be called from several threads at once."""

    def __init__(self, networks: Shapes, weight: float = 1.0) -> None:
        """`networks` take the first look's alpha as their fourth channel.

        By `weight`, 0…1, all that they say is lessened.
        """
        self.networks, self.weight = networks, weight

    @property
    def side(self) -> int:
        """Pixels of the shortest side of what it is shown."""
        return min(min(shape) for shape in self.networks)

    def __call__(self, picture: RgbImage, alpha: AlphaMatte, say: Say = STILL) -> AlphaMatte:
        """Alpha float32 as large as the second look's, of the first look's at a picture.

        Where that found no outline its alpha is given back as it is.
        """
        if not alpha.min() < FOREGROUND < alpha.max():
            return alpha
        network, shown = view(self.networks, picture)
        closer = network(with_alpha(shown, alpha))
        height, width = closer.shape
        first = stretch(alpha, width, height)
        closer = np.minimum(closer, cv2.dilate(first, _around(say.growth)))
        weight = np.float32(self.weight * say.weight) * near_edge(first, say.reach)
        return surer(first + weight * (closer - first), say.gain**self.weight)


def near_edge(alpha: AlphaMatte, reach: int) -> Floats:
    """How much a second look counts, float32 (h, w), 0…1: 1 near an edge, 0 far from any."""
    uncertain = cv2.inRange(alpha, CERTAIN, 1 - CERTAIN)
    side = np.asarray(alpha > FOREGROUND, np.uint8) * 255
    outline = cv2.morphologyEx(side, cv2.MORPH_GRADIENT, _around(1))
    near = cv2.dilate(cv2.bitwise_or(uncertain, outline), _around(reach))
    return np.asarray(cv2.blur(near, _FEATHER), np.float32) / 255


def _around(pixels: int) -> NDArray[np.uint8]:
    """What dilates by so many pixels."""
    return np.ones((2 * pixels + 1,) * 2, np.uint8)

"""What a network is shown of a picture: as large as its input, in the shape that is nearest."""

import math
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import reduce
from pipeline.colour import Plane
from pipeline.frame import AlphaMatte, RgbImage
from pipeline.runtime import InputShape, Network

Shapes = Mapping[InputShape, Network]
"""A network by the shapes of its input."""


def view(networks: Shapes, picture: RgbImage) -> tuple[Network, RgbImage]:
    """The network whose shape is nearest to the picture's, and the picture in that shape."""
    height, width = picture.shape[:2]
    shape = min(networks, key=lambda one: abs(math.log(one[0] / one[1] * height / width)))
    down, across = 1 + (height > 2 * shape[1]), 1 + (width > 2 * shape[0])
    picture = reduce(picture, (-(-height // down), -(-width // across)), (down, across))
    return networks[shape], stretch(picture, *shape)


def with_alpha(picture: RgbImage, alpha: AlphaMatte | None) -> NDArray[np.uint8]:
    """The picture with an alpha as its fourth channel, 0…255; zeros if there is none."""
    height, width = picture.shape[:2]
    levels = np.zeros((height, width), np.uint8)
    if alpha is not None:
        levels = cv2.convertScaleAbs(stretch(alpha, width, height), alpha=255)
    return np.asarray(cv2.merge([picture, levels]))


def stretch(plane: Plane, width: int, height: int) -> Plane:
    """Bilinear also downwards: scaling by area takes five times as long."""
    return cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)

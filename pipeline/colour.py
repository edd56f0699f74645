"""YCbCr and RGB: the matrices of ITU-T H.273, and pictures taken from one to the other."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]
"""uint8 (H, W) or (H, W, 3)."""

Planes = tuple[Plane, ...]

_LUMA_WEIGHTS = {  # H.273 matrix coefficients → (weight of red, weight of blue)
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.601, 625 lines
    6: (0.299, 0.114),  # BT.601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020
}
_UNSPECIFIED = 2
LIMITED_RANGE, FULL_RANGE = 1, 2
_HD_LINES = 577
"""From this height on a player takes untagged video for BT.709, below it for BT.601."""


@dataclass(frozen=True, slots=True)
class ColourTags:
    """How sample values are to be read: code points of ITU-T H.273, carried through as they are."""

    matrix: int = _UNSPECIFIED
    primaries: int = _UNSPECIFIED
    transfer: int = _UNSPECIFIED
    range: int = 0

    @property
    def full_range(self) -> bool:
        """Whether samples use 0 … 255, as in JPEG, rather than 16 … 235."""
        return self.range == FULL_RANGE


UNTAGGED = ColourTags()
BT709 = ColourTags(1, 1, 1, LIMITED_RANGE)


@cache
def _to_rgb(matrix: int, full_range: bool, is_hd: bool) -> NDArray[np.float32]:
    """The affine map from (Y, Cb, Cr) to (R, G, B), all 0…255: float32 (3, 4)."""
    untagged = 1 if is_hd else 6
    red, blue = _LUMA_WEIGHTS.get(matrix, _LUMA_WEIGHTS[untagged])
    green = 1 - red - blue
    luma_gain, chroma_gain = (1.0, 1.0) if full_range else (255 / 219, 255 / 224)
    by_cr, by_cb = 2 * (1 - red) * chroma_gain, 2 * (1 - blue) * chroma_gain
    linear = np.array(
        [
            [luma_gain, 0, by_cr],
            [luma_gain, -by_cb * blue / green, -by_cr * red / green],
            [luma_gain, by_cb, 0],
        ]
    )
    offset = linear @ np.array([0.0 if full_range else 16.0, 128.0, 128.0])
    return np.hstack([linear, -offset[:, None]]).astype(np.float32)


def yuv_to_rgb_map(colour: ColourTags, lines: int) -> NDArray[np.float32]:
    """The affine map (Y, Cb, Cr, 1) → (R, G, B) of a picture so many lines high: float32 (3, 4)."""
    return _to_rgb(colour.matrix, colour.full_range, lines >= _HD_LINES)


def rgb_from_yuv(planes: Planes, colour: ColourTags, lines: int) -> NDArray[np.uint8]:
    """Three planes of one size, uint8 (H, W), to RGB, uint8 (H, W, 3).

    `lines` is the height of the source picture: it decides what untagged video means.
    """
    rgb: NDArray[np.uint8] = cv2.transform(cv2.merge(planes), yuv_to_rgb_map(colour, lines))
    return rgb


def yuv_from_rgb(
    rgb: NDArray[np.uint8], colour: ColourTags, lines: int, shapes: tuple[tuple[int, int], ...]
) -> Planes:
    """RGB, uint8 (H, W, 3), to Y, Cb and Cr planes of the given (height, width) each, uint8."""
    forward = yuv_to_rgb_map(colour, lines)
    linear = np.linalg.inv(forward[:, :3].astype(np.float64))
    back = np.hstack([linear, -(linear @ forward[:, 3:])]).astype(np.float32)
    full = cv2.split(cv2.transform(rgb, back))
    return tuple(
        plane
        if plane.shape == shape
        else cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_AREA)
        for plane, shape in zip(full, shapes, strict=True)
    )

"""Stacked alpha: colour above and alpha below, in a picture for codecs that know of no alpha.

Colours are premultiplied, so that what a codec blurs beyond the edge is black. Lines between the
two keep a codec's blocks from mixing them.
"""

import cv2
import numpy as np

from pipeline.colour import Plane, Planes
from pipeline.frame import AlphaMatte, Frame, RgbImage

GUARD = 16
"""Lines between colour and alpha, the last of the one and the first of the other repeated."""
_NEUTRAL = 128
_LIMITED = 16, 219
"""Black, and from there to white, of luma that is not of full range."""


def stacked_size(width: int, height: int) -> tuple[int, int]:
    """The size of a stacked picture, of one whose sizes are even."""
    return width, 2 * height + GUARD


def describe(width: int, height: int) -> str:
    """What a player has to know of a stacked picture, as text: the size is that of the colours."""
    return f"stacked; width={width}; height={height}; guard={GUARD}"


def stacked(frame: Frame, alpha: AlphaMatte) -> Frame:
    """Colour times alpha above, alpha as luma below; Y, Cb and Cr planes of an even size."""
    zeros = _range(frame)[0], _NEUTRAL, _NEUTRAL
    coloured = tuple(
        _times(plane, alpha, zero) for plane, zero in zip(frame.planes, zeros, strict=True)
    )
    pairs = zip(coloured, grey(frame, alpha), strict=True)
    return frame.with_planes(tuple(_stack(*pair, frame.height) for pair in pairs))


def unstacked(rgb: RgbImage) -> tuple[RgbImage, Plane]:
    """The premultiplied colours and the alpha of a stacked picture: uint8 (h, w, 3) and (h, w)."""
    height = (len(rgb) - GUARD) // 2
    return rgb[:height], rgb[height + GUARD :, :, 1]


def grey(frame: Frame, alpha: AlphaMatte) -> Planes:
    """Alpha as a picture without colour, as the frame's own kind of planes."""
    black, white = _range(frame)
    luma = np.rint(alpha * np.float32(white) + np.float32(black)).astype(np.uint8)
    return luma, *(np.full_like(plane, _NEUTRAL) for plane in frame.planes[1:])


def _range(frame: Frame) -> tuple[int, int]:
    return (0, 255) if frame.colour.full_range else _LIMITED


def _times(plane: Plane, alpha: AlphaMatte, zero: int) -> Plane:
    weight = alpha
    if plane.shape != alpha.shape:
        weight = cv2.resize(alpha, plane.shape[::-1], interpolation=cv2.INTER_AREA)
    return np.rint((plane.astype(np.float32) - zero) * weight + zero).astype(np.uint8)


def _stack(above: Plane, below: Plane, lines: int) -> Plane:
    rows = GUARD // 2 * above.shape[0] // lines
    guard = np.repeat(above[-1:], rows, axis=0), np.repeat(below[:1], rows, axis=0)
    return np.vstack((above, *guard, below))

"""What a peer sees of a matted frame: the composite, the matte, or both above each other."""

import cv2
import numpy as np

from pipeline.colour import Plane, Planes
from pipeline.composite import Background, Picture, Transparent, solid
from pipeline.frame import AlphaMatte, Frame
from pipeline.matte import EdgeMatte
from pipeline.matting import Matted
from stream.server.options import Show

GUARD = 16
"""Lines between colour and alpha in a stacked picture: a codec's blocks mix what is adjacent."""
_NEUTRAL = 128
_LIMITED = 16, 219
"""Black, and from there to white, of luma that is not of full range."""
_GREY = solid(48, 48, 48)


def picture_of(matted: Matted, show: Show) -> Frame:
    """What is sent; its width and height are even, as encoders want them."""
    matted = _even(matted)
    if show == "matte":
        return matted.frame.with_planes(_grey(matted.frame, _luma(matted.frame, matted.alpha)))
    return _stacked(matted.frame, matted.alpha) if matted.transparent else matted.frame


def curtain(like: Frame, background: Background) -> Matted:
    """Nobody before the background. Nothing of the frame is in it but its size and time.

    A background that is made of the frame, or changes with time, is grey instead.
    """
    nobody = EdgeMatte.from_alpha(np.zeros((like.height, like.width), np.float32))
    still = background if type(background) is Picture else _GREY
    transparent = isinstance(background, Transparent)
    return Matted(like.with_planes(still(like, nobody)), nobody, transparent)


def _even(matted: Matted) -> Matted:
    frame = matted.frame
    if frame.width % 2 == frame.height % 2 == 0:
        return matted
    height, width = frame.height // 2 * 2, frame.width // 2 * 2
    planes = tuple(
        plane[: _share(plane.shape[0], height, frame.height)][
            :, : _share(plane.shape[1], width, frame.width)
        ]
        for plane in frame.planes
    )
    matte = EdgeMatte.from_alpha(np.ascontiguousarray(matted.alpha[:height, :width]))
    return Matted(frame.with_planes(planes), matte, matted.transparent)


def _share(samples: int, kept: int, of: int) -> int:
    """How many samples of a plane belong to the lines that are kept."""
    return samples if samples == of == kept else samples * kept // of


def _range(frame: Frame) -> tuple[int, int]:
    return (0, 255) if frame.colour.full_range else _LIMITED


def _luma(frame: Frame, alpha: AlphaMatte) -> Plane:
    black, white = _range(frame)
    return np.rint(alpha * np.float32(white) + np.float32(black)).astype(np.uint8)


def _grey(frame: Frame, luma: Plane) -> Planes:
    """A picture without colour, as the frame's own kind of planes."""
    return luma, *(np.full_like(plane, _NEUTRAL) for plane in frame.planes[1:])


def _stacked(frame: Frame, alpha: AlphaMatte) -> Frame:
    """Colour times alpha above, alpha as luma below, and lines that keep them apart between."""
    zeros = _range(frame)[0], _NEUTRAL, _NEUTRAL
    coloured = tuple(
        _times(plane, alpha, zero) for plane, zero in zip(frame.planes, zeros, strict=True)
    )
    below = _grey(frame, _luma(frame, alpha))
    pairs = zip(coloured, below, strict=True)
    return frame.with_planes(tuple(_stack(*pair, frame.height) for pair in pairs))


def _times(plane: Plane, alpha: AlphaMatte, zero: int) -> Plane:
    weight = alpha
    if plane.shape != alpha.shape:
        weight = cv2.resize(alpha, plane.shape[::-1], interpolation=cv2.INTER_AREA)
    return np.rint((plane.astype(np.float32) - zero) * weight + zero).astype(np.uint8)


def _stack(above: Plane, below: Plane, lines: int) -> Plane:
    rows = GUARD // 2 * above.shape[0] // lines
    guard = np.repeat(above[-1:], rows, axis=0), np.repeat(below[:1], rows, axis=0)
    return np.vstack((above, *guard, below))

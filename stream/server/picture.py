"""What a peer sees of a matted frame: the composite, the matte, or both above each other."""

import numpy as np

from pipeline.composite import Background, Picture, Transparent, solid
from pipeline.frame import Frame
from pipeline.matte import EdgeMatte
from pipeline.matted import Matted
from stream.server.options import Show
from stream.stacked import grey, stacked

_GREY = solid(48, 48, 48)


def picture_of(matted: Matted, show: Show) -> Frame:
    """What is sent; its width and height are even, as encoders want them."""
    matted = even(matted)
    if show == "matte":
        return matted.frame.with_planes(grey(matted.frame, matted.alpha))
    return stacked(matted.frame, matted.alpha) if matted.transparent else matted.frame


def curtain(like: Frame, background: Background) -> Matted:
    """Nobody before the background. Nothing of the frame is in it but its size and time.

    A background that is made of the frame, or changes with time, is grey instead.
    """
    nobody = EdgeMatte.from_alpha(np.zeros((like.height, like.width), np.float32))
    still = background if type(background) is Picture else _GREY
    transparent = isinstance(background, Transparent)
    return Matted(like.with_planes(still(like, nobody)), nobody, transparent)


def even(matted: Matted) -> Matted:
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

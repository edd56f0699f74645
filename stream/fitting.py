"""Pictures made to fit what holds them: square pixels, even sizes, stacked, lying as before."""

from fractions import Fraction

import cv2

from pipeline.colour import Plane
from pipeline.frame import AlphaMatte, Frame, resize
from pipeline.matted import Matted
from stream.convert import turn, yuv_planes
from stream.formats import Format, squared_width
from stream.stacked import stacked
from stream.video_info import VideoInfo


class Fitting:
    """Takes what became of the frames of a source to what a format holds."""

    def __init__(self, form: Format, info: VideoInfo) -> None:
        self._form, self._aspect = form, info.upright_aspect
        turned_back = form.container.is_movie and form.alpha != "stacked"
        self.turns = info.turns if turned_back else 0
        """Quarter turns to the right from the upright picture to the stored one."""

    def fit(self, matted: Matted) -> tuple[Frame, AlphaMatte | None]:
        """The upright picture as the file holds it, and alpha if that lies in a channel."""
        form, frame = self._form, matted.frame
        alpha = None if form.alpha == "nothing" else matted.alpha
        if not form.keeps_aspect:
            frame, alpha = _squared(frame, alpha, self._aspect)
        frame, alpha = _padded(frame, alpha, *form.padded(frame.width, frame.height))
        if alpha is not None and form.alpha == "stacked":
            return stacked(frame.with_planes(yuv_planes(frame)), alpha), None
        return frame, alpha

    def turn(self, frame: Frame, alpha: AlphaMatte | None) -> tuple[Frame, AlphaMatte | None]:
        """Lying as the source did."""
        frame = frame.with_planes(turn(frame.planes, -self.turns))
        return frame, None if alpha is None else turn((alpha,), -self.turns)[0]


def _squared(
    frame: Frame, alpha: AlphaMatte | None, aspect: Fraction
) -> tuple[Frame, AlphaMatte | None]:
    """A picture of square pixels, for a file that cannot say that they are not: wider or less."""
    width = squared_width(frame.width, aspect)
    if width == frame.width:
        return frame, alpha
    planes = tuple(
        resize(plane, width if plane.shape[1] == frame.width else -(-width // 2), len(plane))
        for plane in frame.planes
    )
    alpha = None if alpha is None else resize(alpha, width, len(alpha))
    return frame.with_planes(planes), alpha


def _padded(
    frame: Frame, alpha: AlphaMatte | None, width: int, height: int
) -> tuple[Frame, AlphaMatte | None]:
    """The last line and column repeated up to an even size."""
    if (width, height) == (frame.width, frame.height):
        return frame, alpha
    if alpha is not None:
        alpha = _grow(alpha, height - frame.height, width - frame.width)
    return frame.with_planes(pad_even(frame)), alpha


def pad_even(frame: Frame) -> tuple[Plane, ...]:
    """The planes with their last line and column repeated where that makes the size even.

    A plane subsampled from an odd size was rounded up, and is of the right size already.
    """
    down, right = frame.height % 2, frame.width % 2
    return tuple(
        _grow(
            plane,
            down if plane.shape[0] == frame.height else 0,
            right if plane.shape[1] == frame.width else 0,
        )
        for plane in frame.planes
    )


def _grow(plane: Plane, down: int, right: int) -> Plane:
    return cv2.copyMakeBorder(plane, 0, down, 0, right, cv2.BORDER_REPLICATE)

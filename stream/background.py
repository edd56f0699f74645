"""What a user calls a background, made into one."""

import contextlib
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
import cv2
import numpy as np

from pipeline.colour import Planes
from pipeline.composite import Background, Blur, Picture, Transparent, solid
from pipeline.errors import OptionError, SourceError
from pipeline.frame import MILLISECONDS, Frame
from pipeline.matte import EdgeMatte
from stream.convert import frame_from_video
from stream.inputs import open_input
from stream.video_reader import FALLBACK_RATE

CHROMA_GREEN = (0, 177, 64)
"""The green of screens for keying."""
PICTURES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def open_background(text: str) -> Background:
    """`transparent`, `blur`, `blur:RADIUS`, `#RRGGBB`, `green`, or the path of an image or video.

    Raises OptionError, with the choices, for anything else.
    """
    if text == "transparent":
        return Transparent()
    if text == "blur" or text.startswith("blur:"):
        return Blur(_radius(text))
    if text == "green":
        return solid(*CHROMA_GREEN)
    if colour := re.fullmatch(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", text):
        return solid(*(int(part, 16) for part in colour.groups()))
    return _open_file(Path(text))


class VideoBackground:
    """A video that covers the frame, keeps its own time and begins again when it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._container = open_input(path)
        except SourceError as error:
            raise OptionError(f"background {error}") from None
        self._pictures = self._decode()
        self._shown, self._following = next(self._pictures), next(self._pictures)
        self._start: Fraction | None = None
        self._picture: Picture | None = None

    def begin(self, moment: Fraction) -> None:
        """Its time begins then, in seconds; by default with the first frame that comes."""
        if self._start is None:
            self._start = moment

    def __call__(self, frame: Frame, matte: EdgeMatte) -> Planes:
        now = frame.pts * frame.time_base
        self.begin(now)
        assert self._start is not None
        self._advance(now - self._start)
        if self._picture is None:
            self._picture = Picture(frame_from_video(self._shown[1], 0, MILLISECONDS).rgb)
        return self._picture(frame, matte)

    def _advance(self, seconds: Fraction) -> None:
        while self._following[0] <= seconds:
            self._shown, self._following = self._following, next(self._pictures)
            self._picture = None

    def _decode(self) -> Iterator[tuple[Fraction, av.VideoFrame]]:
        """Pictures for ever, each with the moment at which it is due, in seconds from the start."""
        due = Fraction(0)
        while True:
            first = last = None
            for video in self._decode_once():
                now = Fraction(video.pts or 0) * (video.time_base or 0)
                first, last = (now, now) if first is None or last is None else (first, now)
                yield due + now - first, video
            if first is None or last is None:
                raise OptionError(f"background {str(self._path)!r}: no picture can be decoded")
            due += last - first + self._frame_seconds()
            self._container.seek(0)

    def _decode_once(self) -> Iterator[av.VideoFrame]:
        if not self._container.streams.video:
            return
        with contextlib.suppress(av.error.FFmpegError):
            yield from self._container.decode(video=0)

    def _frame_seconds(self) -> Fraction:
        return 1 / (self._container.streams.video[0].average_rate or FALLBACK_RATE)


def _radius(text: str) -> float | None:
    if text == "blur":
        return None
    try:
        return float(text.removeprefix("blur:"))
    except ValueError:
        raise OptionError(f"background {text!r}: blur:RADIUS wants a number of pixels") from None


def _open_file(path: Path) -> Background:
    if not path.is_file():
        raise OptionError(
            f"background {str(path)!r}: no such file, and none of transparent, blur, blur:RADIUS, "
            "green, #RRGGBB"
        )
    if path.suffix.lower() not in PICTURES:
        return VideoBackground(path)
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise OptionError(f"background {str(path)!r}: not a picture that can be read")
    return Picture(picture.astype(np.uint8, copy=False))

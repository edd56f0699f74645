"""GrabCut with nobody there to draw: a rectangle is all that it is told. A baseline.

Rother, Kolmogorov and Blake, "GrabCut: Interactive Foreground Extraction using Iterated Graph
Cuts", SIGGRAPH 2004, as OpenCV has it. What lies outside the rectangle is certainly background.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.methods import AbsentError, ClipMatter, Loaded, without_places
from pipeline.errors import ModelError
from pipeline.frame import AlphaMatte, Frame, RgbImage, resize
from pipeline.models import MODEL_FOR
from pipeline.segment import U2Net

ITERATIONS = 5
LONGEST_SIDE = 320
"""Pixels, as many as U²-Net looks at: at 480 it takes two to five times as long."""
_FOUND = 0.5

Part = tuple[float, float, float, float]
"""Left, top, right and bottom of a rectangle, in parts of the picture's width and height."""
Finder = Callable[[Frame], Part]
"""Says where in a picture the subject is."""

MIDDLE: Part = (0.05, 0.05, 0.95, 0.95)
_ROOM = 0.02
"""Left round a box, in parts of the picture's sides: the network's matte may be a little thin."""


@dataclass(frozen=True, slots=True)
class GrabCut:
    """Every frame for itself; the mask is brought to size bilinearly and not smoothed."""

    name: str
    title: str
    what: str
    finder: Callable[[], Finder]
    sources: tuple[str, ...] = ("bench/grabcut.py",)

    @contextmanager
    def open(self) -> Iterator[Loaded]:
        try:
            find = self.finder()
        except ModelError as error:
            raise AbsentError(without_places(str(error))) from error
        yield Loaded(_matter(find), f"OpenCV {cv2.__version__}")


_HOW = f"{ITERATIONS} iterations at {LONGEST_SIDE} px on the longer side, a hard mask"


def by_rectangle() -> GrabCut:
    """As a program without a user has it: the subject is taken to be in the middle."""
    what = f"told only that the outer {MIDDLE[0]:.0%} on each side are background; {_HOW}"
    return GrabCut("grabcut", "GrabCut, central rectangle", what, lambda: lambda frame: MIDDLE)


def by_box() -> GrabCut:
    """The same, told by a network where the subject is: better, and there is less to cut."""
    what = f"told the box of what u2netp finds, with {_ROOM:.0%} of room; {_HOW}"
    sources = ("bench/grabcut.py", "pipeline/**/*.py", "pipeline/calibration/*")
    return GrabCut("grabcut-box", "GrabCut, box by u2netp", what, _box_by_network, sources)


def grabcut(rgb: RgbImage, inside: Part) -> NDArray[np.uint8]:
    """What belongs to the subject: 1, else 0, uint8 (H, W). The same for the same picture."""
    mask = np.zeros(rgb.shape[:2], np.uint8)
    rectangle = rectangle_of(inside, rgb.shape[1], rgb.shape[0])
    cv2.setRNGSeed(0)  # its clusters begin at random
    cv2.grabCut(rgb, mask, rectangle, None, None, ITERATIONS, cv2.GC_INIT_WITH_RECT)
    return mask & np.uint8(1)  # foreground is 1, probable foreground 3


def rectangle_of(inside: Part, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, width and height in pixels, as OpenCV takes them.

    A part that leaves nothing outside tells nothing: it gives the central rectangle.
    """
    left, top, right, bottom = (
        round(part * side) for part, side in zip(inside, (width, height) * 2, strict=True)
    )
    if (right - left, bottom - top) == (width, height):
        return rectangle_of(MIDDLE, width, height)
    return left, top, right - left, bottom - top


def box_of(alpha: AlphaMatte) -> Part:
    """Where a matte has its subject; the middle where it has none."""
    left, top, width, height = cv2.boundingRect((alpha > _FOUND).astype(np.uint8))
    if not width:
        return MIDDLE
    rows, columns = alpha.shape
    return (
        max(0.0, left / columns - _ROOM),
        max(0.0, top / rows - _ROOM),
        min(1.0, (left + width) / columns + _ROOM),
        min(1.0, (top + height) / rows + _ROOM),
    )


def _box_by_network() -> Finder:
    segmenter = U2Net.load(MODEL_FOR["any"])
    return lambda frame: box_of(segmenter(frame))


def _matter(find: Finder) -> ClipMatter:
    def matte(frames: Sequence[Frame]) -> Iterator[AlphaMatte]:
        for frame in frames:
            mask = grabcut(_bounded(frame.rgb), find(frame))
            yield resize(mask.astype(np.float32), frame.width, frame.height)

    return matte


def _bounded(rgb: RgbImage) -> RgbImage:
    height, width = rgb.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    return resize(rgb, round(scale * width), round(scale * height))

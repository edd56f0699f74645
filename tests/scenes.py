"""Small pictures with a known matte: a disc before a wall, and a segmenter that half sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colour import BT709, yuv_from_rgb
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.matting import Matting
from pipeline.subject import WHOLE, Look

DISC = (200, 60, 40)
WALL = (40, 80, 160)


def disc_alpha(width: int, height: int, x: float, y: float, radius: float) -> AlphaMatte:
    """A disc with an edge one pixel soft: float32 (height, width)."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1).astype(np.float32)


def paint(
    alpha: AlphaMatte,
    foreground: tuple[int, int, int] = DISC,
    background: tuple[int, int, int] = WALL,
) -> RgbImage:
    """One colour over another: uint8 (H, W, 3)."""
    weight = alpha[..., None]
    mixed = weight * np.array(foreground) + (1 - weight) * np.array(background)
    return np.rint(mixed).astype(np.uint8)


def noisy(rgb: RgbImage, sigma: float, random: np.random.Generator) -> RgbImage:
    """As a camera in poor light sees it."""
    return np.clip(np.rint(rgb + random.normal(0, sigma, rgb.shape)), 0, 255).astype(np.uint8)


def as_yuv420(rgb: RgbImage, pts: int = 0) -> Frame:
    """The same picture as a decoder gives it."""
    height, width = rgb.shape[:2]
    half = (-(-height // 2), -(-width // 2))
    planes = yuv_from_rgb(rgb, BT709, height, ((height, width), half, half))
    return Frame(planes, pts, colour=BT709)


def coarse(alpha: AlphaMatte, side: int = 160) -> AlphaMatte:
    """What a network sees: small and blurred."""
    small = cv2.resize(alpha, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (0, 0), 1.0)


def matted(matting: Matting, frames: Sequence[Frame], in_flight: int) -> NDArray[np.float32]:
    """The alphas of frames of which so many are under way at a time: float32 (n, H, W)."""
    jobs, alphas = [], []
    for frame in frames:
        jobs.append(matting.begin(frame))
        if len(jobs) == in_flight:
            alphas.append(matting.finish(matting.segment(jobs.pop(0))).alpha)
    alphas += [matting.finish(matting.segment(job)).alpha for job in jobs]
    return np.array(alphas)


@dataclass(slots=True)
class KnownSegmenter:
    """Gives prepared coarse mattes, one after another, the last one for ever."""

    mattes: list[AlphaMatte]

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        return self.mattes.pop(0) if len(self.mattes) > 1 else self.mattes[0]

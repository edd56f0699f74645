"""The worst frames of a clip as small pictures, gathered while the clip goes by."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import AlphaMatte, RgbImage, resize

KEPT = 6
SPACING = 8
"""Frames: of worse neighbours in time only the worst is shown, or six pictures would show one."""
_WIDTH = 480
_JPEG_QUALITY = 88
_TOO_MUCH = np.array([255, 92, 40], np.float32)
_TOO_LITTLE = np.array([40, 140, 255], np.float32)
_TRUTH_SHINES_THROUGH = 0.3


@dataclass(frozen=True, slots=True)
class WorstFrame:
    """A frame's place, name and error, and its pictures as JPEG bytes by caption."""

    index: int
    name: str
    mad: float
    pictures: dict[str, bytes]


@dataclass(slots=True)
class WorstFrames:
    """The frames of the highest MAD, worst first, at most KEPT of them."""

    spacing: int = SPACING
    frames: list[WorstFrame] = field(default_factory=list)

    def wants(self, index: int, mad: float) -> bool:
        """Whether a frame is bad enough to be shown: only then are its pictures made."""
        near = self._near(index)
        if near:
            return mad > max(frame.mad for frame in near)
        return mad > 0 and (len(self.frames) < KEPT or mad > self.frames[-1].mad)

    def add(self, frame: WorstFrame) -> None:
        near = self._near(frame.index)
        kept = [each for each in self.frames if each not in near]
        self.frames = sorted([*kept, frame], key=lambda each: -each.mad)[:KEPT]

    def _near(self, index: int) -> list[WorstFrame]:
        return [frame for frame in self.frames if abs(frame.index - index) < self.spacing]


def picture_frame(
    prediction: AlphaMatte, truth: AlphaMatte, source: RgbImage | None
) -> dict[str, bytes]:
    """Source (if there is one), prediction, truth and difference, as JPEG bytes by caption."""
    height, width = truth.shape
    small = min(_WIDTH, width), max(1, round(height * min(_WIDTH, width) / width))
    prediction, truth = resize(prediction, *small), resize(truth, *small)
    pictures: dict[str, bytes] = {}
    if source is not None:
        pictures["Source"] = _jpeg(resize(source, *small))
    pictures["Prediction"] = _jpeg(_grey(prediction))
    pictures["Truth"] = _jpeg(_grey(truth))
    pictures["Difference"] = _jpeg(difference(prediction, truth))
    return pictures


def difference(prediction: AlphaMatte, truth: AlphaMatte) -> RgbImage:
    """Orange where there is too much alpha, blue where too little, over the truth in dim grey."""
    error = np.clip(prediction - truth, -1, 1)[..., None]
    strength = np.sqrt(np.abs(error))  # faint errors would drown
    colour = np.where(error > 0, _TOO_MUCH, _TOO_LITTLE)
    ground = truth[..., None] * 255 * _TRUTH_SHINES_THROUGH
    mixed: RgbImage = (ground * (1 - strength) + colour * strength).astype(np.uint8)
    return mixed


def _grey(alpha: AlphaMatte) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = cv2.convertScaleAbs(alpha, alpha=255)
    return levels


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    if picture.ndim == 3:
        picture = picture[..., ::-1]
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return bytes(coded)

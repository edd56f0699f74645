"""One clip with exact alpha: a cut-out that moves over a background, seen by a camera."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from bench.camera import FRAMES_PER_SECOND, Sensor, recorded
from bench.cutouts import Cutout
from bench.motion import MovingBackground, MovingCutout, Size
from pipeline.frame import AlphaMatte, Frame, RgbImage

_QUIET, _GRAINY = 1.0, 4.0
"""Levels of 255: a webcam by day and in the evening."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Iterate it for (Frame, AlphaMatte) pairs, made one by one; each time the same ones."""

    name: str
    cutout: Cutout
    background: RgbImage
    background_moves: bool
    size: Size
    frames: int
    seed: tuple[int, ...]

    def __iter__(self) -> Iterator[tuple[Frame, AlphaMatte]]:
        return recorded(self._shots(), self.size)

    def _shots(self) -> Iterator[tuple[RgbImage, AlphaMatte]]:
        rng = np.random.default_rng(self.seed)
        subject = MovingCutout.of(self.cutout, self.size, rng)
        backdrop = MovingBackground.of(self.background, self.size, self.background_moves, rng)
        sensor = Sensor.of(self.size, rng.uniform(_QUIET, _GRAINY), rng)
        for index in range(self.frames):
            seconds = index / FRAMES_PER_SECOND
            foreground, alpha = subject.at(seconds)
            yield sensor.expose(blend(foreground, backdrop.at(seconds), alpha)), alpha


def blend(foreground: RgbImage, background: RgbImage, alpha: AlphaMatte) -> RgbImage:
    """alpha · foreground + (1 - alpha) · background, uint8 (H, W, 3)."""
    difference = cv2.subtract(foreground, background, dtype=cv2.CV_32F)
    part = cv2.multiply(difference, cv2.merge([alpha, alpha, alpha]))
    mixed: RgbImage = cv2.add(background, part, dtype=cv2.CV_8U)
    return mixed

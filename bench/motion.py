"""How a cut-out and a background move: smooth, small, as before a webcam or a hand-held camera."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.cutouts import Cutout
from pipeline.frame import AlphaMatte, RgbImage, resize

Size = tuple[int, int]
"""Width and height in pixels."""

MARGIN = 0.14
"""Of the frame's height: no edge moves farther than this, see the amplitudes below."""
_DRIFT = 0.045
_ZOOM = 0.03
_TURN = math.radians(1.3)
_SWAY = 0.03
_ROOM_ROUND_BACKGROUND = 1.2

_TOUCHING = 0.02
"""Part of a side's pixels that have alpha: from there on the photo cut the subject off."""


@dataclass(frozen=True, slots=True)
class Wave:
    """A sum of three sines of random pace and phase, from -1 to 1."""

    paces: tuple[float, ...]
    phases: tuple[float, ...]

    @classmethod
    def of(cls, rng: np.random.Generator) -> "Wave":
        paces = rng.uniform((0.1, 0.3, 0.7), (0.3, 0.7, 1.2))
        return cls(tuple(paces), tuple(rng.uniform(0, 2 * math.pi, 3)))

    def at(self, seconds: float) -> float:
        terms = zip((0.6, 0.3, 0.1), self.paces, self.phases, strict=True)
        return sum(
            share * math.sin(2 * math.pi * pace * seconds + phase) for share, pace, phase in terms
        )


@dataclass(frozen=True, slots=True, eq=False)
class MovingCutout:
    """A cut-out scaled for a frame, and its place, drift, zoom, turn and sway over time."""

    cutout: Cutout
    size: Size
    left: float
    top: float
    waves: tuple[Wave, ...]

    @classmethod
    def of(cls, cutout: Cutout, size: Size, rng: np.random.Generator) -> "MovingCutout":
        scale = _scale(cutout.alpha, size, rng.uniform(0.85, 1.1))
        height, width = (max(1, round(side * scale)) for side in cutout.alpha.shape)
        scaled = Cutout(
            cutout.name,
            resize(cutout.foreground, width, height),
            np.clip(resize(cutout.alpha, width, height), 0, 1),
        )
        left, top = _place(scaled.alpha, size, rng)
        return cls(scaled, size, left, top, tuple(Wave.of(rng) for _ in range(5)))

    def at(self, seconds: float) -> tuple[RgbImage, AlphaMatte]:
        """Foreground colour, uint8 (H, W, 3), and true matte, float32 (H, W), at a time."""
        x, y = self._from(seconds)
        how = cv2.INTER_CUBIC
        colour: RgbImage = cv2.remap(
            self.cutout.foreground, x, y, how, borderMode=cv2.BORDER_REPLICATE
        )
        alpha: AlphaMatte = cv2.remap(self.cutout.alpha, x, y, how, borderMode=cv2.BORDER_CONSTANT)
        return colour, np.clip(alpha, 0, 1)

    def _from(self, seconds: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """For each pixel of the frame its place in the cut-out, x and y, float32 (H, W) each."""
        drift_x, drift_y, zoom, turn, sway = (wave.at(seconds) for wave in self.waves)
        width, height = self.size
        rows, columns = self.cutout.alpha.shape
        x = np.arange(width, dtype=np.float32) - self.left - drift_x * _DRIFT * height - columns / 2
        y = np.arange(height, dtype=np.float32) - self.top - drift_y * _DRIFT * height - rows / 2
        scale, angle = 1 / (1 + _ZOOM * zoom), _TURN * turn
        cos, sin = scale * math.cos(angle), scale * math.sin(angle)
        from_x = cos * x + sin * y[:, None] + columns / 2
        from_y = -sin * x + cos * y[:, None] + rows / 2
        bend = np.square(np.clip(1 - from_y / rows, 0, 1))  # the foot stands, the head sways
        return (
            (from_x + sway * _SWAY * height * bend).astype(np.float32),
            from_y.astype(np.float32),
        )


@dataclass(frozen=True, slots=True, eq=False)
class MovingBackground:
    """A background that fills the frame with room to spare, and its drift over time."""

    picture: RgbImage
    size: Size
    waves: tuple[Wave, ...]

    @classmethod
    def of(
        cls, picture: RgbImage, size: Size, moves: bool, rng: np.random.Generator
    ) -> "MovingBackground":
        height, width = picture.shape[:2]
        scale = _ROOM_ROUND_BACKGROUND * max(size[0] / width, size[1] / height)
        covering = resize(picture, math.ceil(width * scale), math.ceil(height * scale))
        return cls(covering, size, tuple(Wave.of(rng) for _ in range(2)) if moves else ())

    def at(self, seconds: float) -> RgbImage:
        """The background at a time, uint8 (H, W, 3)."""
        room_x = self.picture.shape[1] - self.size[0]
        room_y = self.picture.shape[0] - self.size[1]
        along_x, along_y = (wave.at(seconds) for wave in self.waves) if self.waves else (0, 0)
        reach = min(room_x, room_y) / 2
        left, top = room_x / 2 + along_x * reach, room_y / 2 + along_y * reach
        shift = np.array([[1, 0, left], [0, 1, top]], np.float32)
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved: RgbImage = cv2.warpAffine(self.picture, shift, self.size, flags=how)
        return moved


def _cut_off(alpha: AlphaMatte) -> tuple[bool, bool, bool, bool]:
    """Whether the photo's left, top, right and bottom side cuts the subject off."""
    sides = alpha[:, :3], alpha[:3], alpha[:, -3:], alpha[-3:]
    left, top, right, bottom = (float((side > 0.1).mean()) > _TOUCHING for side in sides)
    return left, top, right, bottom


def _scale(alpha: AlphaMatte, size: Size, part_of_height: float) -> float:
    """Such that the subject fills the frame's height, or a side that is cut off stays outside."""
    left, top, right, bottom = _cut_off(alpha)
    margin = 2 * MARGIN * size[1]
    rows = np.flatnonzero(alpha.max(axis=1) > 0.5)
    scales = [part_of_height * size[1] / max(1, rows[-1] - rows[0])]
    if left and right:
        scales.append((size[0] + margin) / alpha.shape[1])
    if top and bottom:
        scales.append((size[1] + margin) / alpha.shape[0])
    return float(max(scales))


def _place(alpha: AlphaMatte, size: Size, rng: np.random.Generator) -> tuple[float, float]:
    """Left and top of the cut-out in the frame; sides that are cut off lie outside it."""
    left, top, right, bottom = _cut_off(alpha)
    margin = MARGIN * size[1]
    columns = np.flatnonzero(alpha.max(axis=0) > 0.5)
    rows = np.flatnonzero(alpha.max(axis=1) > 0.5)
    x = rng.uniform(0.4, 0.6) * size[0] - (columns[0] + columns[-1]) / 2
    y = rng.uniform(0.06, 0.18) * size[1] - rows[0]
    x = min(x, -margin) if left else x
    x = max(x, size[0] + margin - alpha.shape[1]) if right else x
    y = min(y, -margin) if top else y
    y = max(y, size[1] + margin - alpha.shape[0]) if bottom else y
    return float(x), float(y)

"""What travels through the pipeline: a picture with its time, and the matte that belongs to it."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Block, block_of, reduce
from pipeline.colour import UNTAGGED, ColourTags, Plane, Planes, rgb_from_yuv, yuv_to_rgb_map
from pipeline.errors import OptionError

MILLISECONDS = Fraction(1, 1000)

RgbImage = NDArray[np.uint8]
"""uint8 (H, W, 3), red, green, blue, gamma-encoded as in the file."""

AlphaMatte = NDArray[np.float32]
"""float32 (H, W), 0 background … 1 foreground, straight (colours are not premultiplied by it)."""

Trimap = NDArray[np.uint8]
"""uint8 (H, W): 0 background, 128 unknown, 255 foreground."""


@dataclass(frozen=True, slots=True)
class Roi:
    """A rectangle of pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def edges(self) -> tuple[int, int, int, int]:
        return self.left, self.top, self.right, self.bottom

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture as its source gave it, and when it is shown.

    `planes` is either one RGB plane, uint8 (H, W, 3), or the decoder's own Y, Cb and Cr planes,
    uint8 (H, W) and twice (h, w) with whatever chroma subsampling the source has. A video is not
    converted to RGB and back: blending is linear, so it gives the same result on either, and what
    is foreground leaves as it came. Planes are shared, never written to.

    `pts` counts in units of `time_base` seconds. `alpha`, uint8 (H, W), is what the source itself
    has of it, straight; None where every pixel is there.
    """

    planes: Planes
    pts: int = 0
    time_base: Fraction = MILLISECONDS
    colour: ColourTags = UNTAGGED
    alpha: Plane | None = None
    _low: dict[int, Planes] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def from_rgb(cls, rgb: RgbImage, pts: int = 0, time_base: Fraction = Fraction(1, 1000)) -> Self:
        """A frame of one RGB picture, uint8 (H, W, 3)."""
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise OptionError(
                f"an RGB picture is uint8 (H, W, 3), got {rgb.dtype} {rgb.shape}: convert it first"
            )
        return cls((rgb,), pts, time_base)

    @property
    def height(self) -> int:
        return int(self.planes[0].shape[0])

    @property
    def width(self) -> int:
        return int(self.planes[0].shape[1])

    @property
    def is_rgb(self) -> bool:
        return len(self.planes) == 1

    @property
    def seconds(self) -> float:
        return float(self.pts * self.time_base)

    @property
    def rgb(self) -> RgbImage:
        """The picture as RGB, uint8 (H, W, 3); converted at each call if the planes are YCbCr."""
        if self.is_rgb:
            return self.planes[0]
        full = tuple(resize(plane, self.width, self.height) for plane in self.planes)
        return rgb_from_yuv(full, self.colour, self.height)

    @property
    def channels(self) -> Planes:
        """Three planes (h, w), of the frame's size or subsampled: red, green, blue or Y, Cb, Cr."""
        return tuple(cv2.split(self.planes[0])) if self.is_rgb else self.planes

    @property
    def channels_to_rgb(self) -> NDArray[np.float32]:
        """The affine map from `channels`, and 1, to red, green and blue: float32 (3, 4)."""
        if self.is_rgb:
            return np.eye(3, 4, dtype=np.float32)
        return yuv_to_rgb_map(self.colour, self.height)

    def grid(self, side: int) -> tuple[int, int]:
        """Lines and columns of cells of `side` pixels that cover the frame."""
        return -(-self.height // side), -(-self.width // side)

    def block(self, plane: Plane, side: int) -> Block:
        """The size in a plane, in samples, of a cell of `side` pixels."""
        return block_of(plane, self.width, self.height, side)

    def low(self, side: int) -> Planes:
        """The channels averaged over cells of `side` pixels: uint8 (*grid(side),) each. Kept."""
        if side not in self._low:
            shape = self.grid(side)
            self._low[side] = tuple(
                reduce(plane, shape, self.block(plane, side)) for plane in self.channels
            )
        return self._low[side]

    def reduced(self, side: int) -> RgbImage:
        """The picture as RGB, averaged over cells of `side` pixels: uint8 (*grid(side), 3).

        Planes are reduced before they are converted, which costs a fraction of the other order.
        """
        if side == 1:
            return self.rgb
        low = self.low(side)
        return cv2.merge(low) if self.is_rgb else rgb_from_yuv(low, self.colour, self.height)

    def with_planes(self, planes: Planes) -> "Frame":
        """Another picture at the same time, with the same colour tags."""
        return replace(self, planes=planes)


def resize(plane: Plane, width: int, height: int) -> Plane:
    """Scale a plane, uint8 or float32, (H, W) or (H, W, C): by area downwards, linearly upwards."""
    if plane.shape[:2] == (height, width):
        return plane
    smaller = width < plane.shape[1] or height < plane.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(plane, (width, height), interpolation=how)

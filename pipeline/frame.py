"""What travels through the pipeline: a picture with its time, and the matte that belongs to it."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colour import UNTAGGED, ColourTags, Plane, Planes, rgb_from_yuv, yuv_to_rgb_map
from pipeline.errors import OptionError
from pipeline.sampling import Points

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

    `pts` counts in units of `time_base` seconds.
    """

    planes: Planes
    pts: int = 0
    time_base: Fraction = MILLISECONDS
    colour: ColourTags = UNTAGGED

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
        return self.thumbnail(self.width, self.height)

    def thumbnail(self, width: int, height: int) -> RgbImage:
        """The picture as RGB at another size, uint8 (height, width, 3).

        The planes are scaled before they are converted, which costs a fraction of the other order.
        """
        planes = tuple(resize(plane, width, height) for plane in self.planes)
        return planes[0] if self.is_rgb else rgb_from_yuv(planes, self.colour, self.height)

    def rgb_at(self, points: Points) -> NDArray[np.float32]:
        """RGB of 0 … 255 at some pixels: float32 (N, 3)."""
        if self.is_rgb:
            return points.take(self.planes[0]).astype(np.float32)
        matrix = yuv_to_rgb_map(self.colour, self.height)
        yuv = np.stack([points.sample(plane) for plane in self.planes], axis=1)
        rgb: NDArray[np.float32] = yuv.astype(np.float32) @ matrix[:, :3].T + matrix[:, 3]
        return rgb

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

"""Work on a few pixels of a picture: the edge band is some per cent of a frame."""

from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

_ROW = 4096
"""cv2.remap takes points as a picture; this is how many make one of its rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Some pixels of an (H, W) picture: `index` is intp (N,), ascending, into it flattened."""

    index: NDArray[np.intp]
    height: int
    width: int

    @classmethod
    def where(cls, mask: NDArray[Any]) -> Self:
        """The pixels of a mask (H, W) that are not zero."""
        return cls(np.flatnonzero(mask), mask.shape[0], mask.shape[1])

    def __len__(self) -> int:
        return len(self.index)

    def take(self, picture: NDArray[Any]) -> NDArray[Any]:
        """The values of an (H, W) or (H, W, C) picture at the points: (N,) or (N, C)."""
        return picture.reshape(self.height * self.width, *picture.shape[2:])[self.index]

    def put(self, picture: NDArray[Any], values: NDArray[Any]) -> None:
        """Write values, (N,) or (N, C), into a contiguous picture."""
        picture.reshape(self.height * self.width, *picture.shape[2:])[self.index] = values

    def sample(self, picture: NDArray[Any]) -> NDArray[Any]:
        """A picture of another size that covers the same view, read at the points, bilinearly.

        (h, w) or (h, w, C ≤ 4), uint8 or float32, gives (N,) or (N, C) of the same dtype.
        """
        if picture.shape[:2] == (self.height, self.width):
            return self.take(picture)
        rows, columns = np.divmod(self.index.astype(np.int32), self.width)
        x = _rescale(columns, picture.shape[1] / self.width)
        y = _rescale(rows, picture.shape[0] / self.height)
        read = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return read.reshape(-1, *picture.shape[2:])[: len(self.index)]


def _rescale(positions: NDArray[np.int32], scale: float) -> NDArray[np.float32]:
    """Pixel centres carried to another size, padded and folded to what remap takes."""
    folded = np.zeros((max(1, -(-len(positions) // _ROW)), _ROW), np.float32)
    folded.reshape(-1)[: len(positions)] = (positions + 0.5) * scale - 0.5
    return folded

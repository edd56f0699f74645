"""Work where the edge is, some per cent of a frame, and nowhere else.

A frame is divided into square cells of 2, 4 or 8 pixels a side. Their grid is a reduced picture of
the frame, small enough to reason on as a whole; the pixels of single cells are then read and
written as rows of one array.
"""

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colour import Plane

Floats = NDArray[Any]
"""float32."""
Block = tuple[int, int]
"""Height and width, in samples, of a cell in one plane."""


def cell_side(width: int, height: int) -> int:
    """Pixels a side of a cell: the grid keeps some 180 to 360 lines whatever the frame's size."""
    shorter = min(width, height)
    return 8 if shorter >= 1440 else 4 if shorter >= 480 else 2


@dataclass(frozen=True, eq=False)
class Cells:
    """Some cells of a grid of `shape` (h, w); `index` is intp (n,), ascending, into it flat."""

    index: NDArray[np.intp]
    shape: tuple[int, int]
    _samples: dict[tuple[int, ...], NDArray[np.intp]] = field(default_factory=dict, repr=False)

    @classmethod
    def union(cls, one: Self, other: Self) -> Self:
        """The cells that are in either, of the same grid."""
        mask = np.zeros(one.shape, np.bool_)
        mask.reshape(-1)[one.index] = mask.reshape(-1)[other.index] = True
        return cls.where(mask)

    @classmethod
    def where(cls, mask: NDArray[np.bool_]) -> Self:
        """The cells of a mask, bool (h, w)."""
        return cls(np.flatnonzero(mask), (mask.shape[0], mask.shape[1]))

    def __len__(self) -> int:
        return len(self.index)

    def take(self, plane: NDArray[Any]) -> NDArray[Any]:
        """The values of a plane (h, w) in the cells: (n,)."""
        return np.take(plane, self.index)

    def enlarge(self, plane: Floats, block: Block) -> Floats:
        """A plane (h, w), brought up bilinearly to the samples of the cells: (n, block samples)."""
        padded = cv2.copyMakeBorder(plane, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        return np.take(padded, self._around) @ _bilinear(block)

    def samples(self, plane: Plane, block: Block, margin: int = 0) -> NDArray[np.intp]:
        """Where the cells' samples lie in a plane (H, W), flattened: intp (n, block samples).

        `margin` adds so many samples on every side of each block. What sticks out over a border
        of the plane repeats it.
        """
        height, width = plane.shape[:2]
        key = height, width, *block, margin
        if key not in self._samples:
            self._samples[key] = self._find_samples(height, width, block, margin)
        return self._samples[key]

    def pixels(self, plane: Plane, block: Block, side: int) -> Floats:
        """A plane's values at the cells' pixels, bilinearly between its samples: (n, side²)."""
        if block == (side, side):
            return np.take(plane, self.samples(plane, block)).astype(np.float32)
        around = np.take(plane, self.samples(plane, block, margin=1)).astype(np.float32)
        return around @ _between_samples(block, side)

    def _find_samples(self, height: int, width: int, block: Block, margin: int) -> NDArray[np.intp]:
        rows, columns = self._places
        down = np.arange(-margin, block[0] + margin)
        across = np.arange(-margin, block[1] + margin)
        fits = (height, width) == (self.shape[0] * block[0], self.shape[1] * block[1])
        if fits and not margin:
            first = rows * (block[0] * width) + columns * block[1]
            return first[:, None] + (down[:, None] * width + across).reshape(-1)
        lines = np.clip(rows[:, None] * block[0] + down, 0, height - 1)
        places = np.clip(columns[:, None] * block[1] + across, 0, width - 1)
        return (lines[:, :, None] * width + places[:, None, :]).reshape(-1, len(down) * len(across))

    @cached_property
    def _places(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row and column of every cell: intp (n,) each."""
        return np.divmod(self.index, self.shape[1])

    @cached_property
    def _around(self) -> NDArray[np.intp]:
        """The nine cells around and in each, in a plane padded by one: intp (n, 9)."""
        width = self.shape[1] + 2
        rows, columns = self._places
        offsets = np.arange(3)[:, None] * width + np.arange(3)
        return (rows * width + columns)[:, None] + offsets.reshape(-1)


@cache
def _bilinear(block: Block) -> Floats:
    """Weights of the nine cells around for every sample of a cell: float32 (9, block samples)."""
    down, across = (_linear(side) for side in block)
    weights = down[:, None, :, None] * across[None, :, None, :]
    return np.ascontiguousarray(weights.reshape(9, -1).astype(np.float32))


def _linear(side: int) -> NDArray[np.float64]:
    """Weights of the cell before, the cell itself and the one after: float64 (3, side)."""
    offset = (np.arange(side) + 0.5) / side - 0.5
    return np.stack([np.maximum(-offset, 0), 1 - np.abs(offset), np.maximum(offset, 0)])


@cache
def _between_samples(block: Block, side: int) -> Floats:
    """Weights of a block's samples and those around for each pixel of a cell, float32."""
    down, across = (_at_pixels(samples, side) for samples in block)
    return np.kron(down, across).astype(np.float32)


def _at_pixels(samples: int, side: int) -> NDArray[np.float64]:
    """Weights of a line's samples, one more at each end, for its pixels: (samples + 2, side)."""
    place = (np.arange(side) + 0.5) * samples / side + 0.5
    distance = np.abs(np.arange(samples + 2)[:, None] - place)
    return np.maximum(1 - distance, 0)


@cache
def pooling(side: int, block: Block) -> Floats:
    """The mean of a cell's pixels over each sample of a plane: float32 (side², block samples)."""
    down, across = side // block[0], side // block[1]
    rows = np.repeat(np.eye(block[0], dtype=np.float32), down, axis=0) / down
    columns = np.repeat(np.eye(block[1], dtype=np.float32), across, axis=0) / across
    return np.kron(rows, columns)


def block_of(plane: Plane, width: int, height: int, side: int) -> Block:
    """A cell's size in a plane of a frame: chroma planes have fewer samples than pixels."""
    down = 1 if plane.shape[0] == height else 2
    across = 1 if plane.shape[1] == width else 2
    return side // down, side // across


def reduce(plane: Plane, shape: tuple[int, int], block: Block) -> Plane:
    """A plane (H, W) averaged over its cells, to a grid of `shape` (h, w)."""
    height, width = shape[0] * block[0], shape[1] * block[1]
    down, right = height - plane.shape[0], width - plane.shape[1]
    if down or right:
        plane = cv2.copyMakeBorder(plane, 0, down, 0, right, cv2.BORDER_REPLICATE)
    while block != (1, 1):  # OpenCV halves six times as fast as it quarters
        step = min(2, block[0]), min(2, block[1])
        block = block[0] // step[0], block[1] // step[1]
        size = plane.shape[1] // step[1], plane.shape[0] // step[0]
        plane = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return plane


def halve(plane: Plane) -> Plane:
    """A plane at half its size, rounded up: colours and their models vary slowly."""
    return reduce(plane, (-(-plane.shape[0] // 2), -(-plane.shape[1] // 2)), (2, 2))


def double(small: Floats, plane: Plane) -> Floats:
    """The way back from `halve`, to the size of `plane`."""
    return spread(small, plane, (2, 2))


def spread(small: NDArray[Any], plane: Plane, block: Block) -> NDArray[Any]:
    """A small plane (h, w) brought up bilinearly to the size of a plane (H, W)."""
    size = small.shape[1] * block[1], small.shape[0] * block[0]
    full = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    return full[: plane.shape[0], : plane.shape[1]]


def repeat(mask: NDArray[np.bool_], plane: Plane, block: Block) -> NDArray[np.uint8]:
    """A mask (h, w) at the size of a plane (H, W), 0 or 1, each value for its whole cell."""
    line = np.dtype(f"u{block[1]}")  # a cell's line as one number: three times as fast as np.repeat
    rows = mask.astype(line) * line.type(int.from_bytes(b"\x01" * block[1]))
    full = np.empty((mask.shape[0], block[0], mask.shape[1] * block[1]), np.uint8)
    full[:] = rows.view(np.uint8)[:, None]
    return full.reshape(-1, full.shape[2])[: plane.shape[0], : plane.shape[1]]

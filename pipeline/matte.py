"""A matte that knows where its edge is."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Block, Cells, Floats, cell_side, pooling, reduce, repeat
from pipeline.frame import AlphaMatte

LEAST_VISIBLE = 0.5 / 255


@dataclass(frozen=True, eq=False)
class EdgeMatte:
    """Alpha of a frame: spelled out in the cells of its edge, 0 or 1 everywhere else.

    `values` is float32 (n, side²), the alpha of the cells' pixels; `inside` bool (h, w) says of
    every other cell of the grid whether it is foreground.
    """

    cells: Cells
    values: Floats
    inside: NDArray[np.bool_]
    width: int
    height: int
    side: int

    @classmethod
    def from_alpha(cls, alpha: AlphaMatte) -> Self:
        """From the alpha of every pixel, float32 (H, W)."""
        height, width = alpha.shape
        side = cell_side(width, height)
        shape = -(-height // side), -(-width // side)
        low = reduce(alpha, shape, (side, side))
        cells = Cells.where((low > 0) & (low < 1))
        values = np.take(alpha, cells.samples(alpha, (side, side)))
        return cls(cells, values, low > 0.5, width, height, side)

    @cached_property
    def full(self) -> AlphaMatte:
        """Alpha of every pixel: float32 (H, W)."""
        alpha = np.empty((self.height, self.width), np.float32)
        block = self.side, self.side
        alpha[:] = repeat(self.inside, alpha, block)
        alpha.reshape(-1)[self.cells.samples(alpha, block)] = self.values
        return alpha

    @cached_property
    def low(self) -> Floats:
        """The mean alpha of every cell: float32 (h, w)."""
        alpha = self.inside.astype(np.float32)
        alpha.reshape(-1)[self.cells.index] = (self.values @ pooling(self.side, (1, 1)))[:, 0]
        return alpha

    @property
    def visible(self) -> "EdgeMatte":
        """1 wherever alpha is more than 0 when it is stored in eight bits."""
        return replace(self, values=(self.values >= LEAST_VISIBLE).astype(np.float32))

    def within(self, other: Self) -> "EdgeMatte":
        """The same, and 0 where nothing of another matte is visible."""
        return self if other is self else EdgeMatte.from_alpha(self.full * other.visible.full)

    def pooled(self, block: Block) -> Floats:
        """Alpha of the cells as a plane samples it, its mean over each sample: (n, samples)."""
        if block == (self.side, self.side):
            return self.values
        return self.values @ pooling(self.side, block)

    def at(self, cells: Cells) -> Floats:
        """Alpha of the pixels of other cells, among which all of the edge's are: (m, side²)."""
        order = np.empty(cells.shape, np.intp)
        order.reshape(-1)[cells.index] = np.arange(len(cells))
        alpha = np.empty((len(cells), self.side**2), np.float32)
        alpha[:] = cells.take(self.inside)[:, None]
        alpha[self.cells.take(order)] = self.values
        return alpha

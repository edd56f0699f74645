"""Findings of overlapping patches blended into planes of a whole frame."""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.carry import Finding
from pipeline.cells import Floats
from pipeline.edges import PATCH, cut
from pipeline.frame import Roi
from pipeline.matte import EdgeMatte
from pipeline.patch_network import COLOUR_STEP


@dataclass(frozen=True, slots=True, eq=False)
class EdgeColour:
    """How the foreground's colour differs from the background's at a matte's edge.

    `difference` float32 (3, h, w) of its grid, RGB in levels of 255, times `weight` float32 (h, w),
    0…1: how far it is known. I = αF + (1 - α)B gives F = I + (1 - α)(F - B).
    """

    difference: Floats
    weight: Floats


class Sums:
    """Sums of weighted findings: `correction` float32 (H, W), and colours at a fraction of it."""

    def __init__(self, width: int, height: int) -> None:
        self.correction: Floats = np.zeros((height, width), np.float32)
        small = -(-height // COLOUR_STEP), -(-width // COLOUR_STEP)
        self._colour: Floats = np.zeros((4, *small), np.float32)

    def add(self, roi: Roi, finding: Finding, trust: Floats | None = None, side: int = 1) -> None:
        """Add a patch's finding. `trust` float32 (h, w), of all cells: how far it still holds."""
        correction, colour = finding.correction, finding.colour
        if trust is not None:
            part = cut(trust, Roi(*(edge // side for edge in roi.edges)))
            if part.min() < 1:
                large = cv2.resize(part, (PATCH, PATCH), interpolation=cv2.INTER_LINEAR)
                correction = correction * large
                colour = colour * large[::COLOUR_STEP, ::COLOUR_STEP]
        _add(self.correction, correction, roi.top, roi.left)
        top, left = roi.top // COLOUR_STEP, roi.left // COLOUR_STEP
        for plane, values in zip(self._colour, colour, strict=True):
            _add(plane, values, top, left)

    def colour(self, matte: EdgeMatte) -> EdgeColour:
        """The colours of the matte's grid, as far as its band goes."""
        height, width = matte.inside.shape
        planes = [self._on_grid(plane, height, width, matte.side) for plane in self._colour]
        return EdgeColour(255 * np.stack(planes[:3]), planes[3])

    def _on_grid(self, plane: Floats, height: int, width: int, side: int) -> Floats:
        if side == COLOUR_STEP:
            return plane
        scale = COLOUR_STEP / side
        size = round(plane.shape[1] * scale), round(plane.shape[0] * scale)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return cut(cv2.resize(plane, size, interpolation=how), Roi(0, 0, width, height))


def _add(plane: Floats, values: Floats, top: int, left: int) -> None:
    """Add values in place; what reaches over the plane's lower right border is dropped."""
    part = plane[top : top + values.shape[0], left : left + values.shape[1]]
    part += values[: part.shape[0], : part.shape[1]]

"""Where one scene ends and another begins."""

import cv2
import numpy as np
from numpy.typing import NDArray

CUT_CHANGE = 40.0
"""Mean change of a 16×9 miniature, in steps of 0 … 255, that makes a cut."""


class CutDetector:
    """Tells of each frame, in order, whether it begins a new scene."""

    def __init__(self) -> None:
        self.cuts = 0
        self._before: NDArray[np.float32] | None = None

    def __call__(self, guide: NDArray[np.uint8]) -> bool:
        """`guide` is the frame reduced, RGB uint8 (h, w, 3). Not so the first."""
        small = cv2.resize(guide, (16, 9), interpolation=cv2.INTER_AREA).astype(np.float32)
        before, self._before = self._before, small
        is_cut = before is not None and bool(np.abs(before - small).mean() > CUT_CHANGE)
        self.cuts += is_cut
        return is_cut

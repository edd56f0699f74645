"""What was found at the edge of earlier frames, and where it still holds."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Floats
from pipeline.temporal import MOVING, NOISE_FLOOR, STILL

LOST_AT = 0.25
"""A change of the guided alpha, of a cell, after which a correction of it is worth nothing."""
SETTLING = 0.25
"""How much of a correction's change is shown at once. What is found in a moving edge differs from
frame to frame: shown whole it flickers more than the matte does without it."""
_INVISIBLE = 1 / 512


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What a network found in one patch, blended with its window.

    `correction` float32 (PATCH, PATCH); `colour` float32 (4, s, s): the weighted difference of red,
    green and blue between foreground and background, -1…1, and its weight.
    """

    correction: Floats
    colour: Floats


@dataclass(slots=True, eq=False)
class Carried:
    """The findings by the number of their patch, and the frame as it was when each was made.

    `size` is the frames' width and height in pixels; `luma` and `alpha` float32 (h, w), of the
    cells: those of a patch are renewed with its finding.
    """

    size: tuple[int, int] = (0, 0)
    findings: dict[int, Finding] = field(default_factory=dict)
    luma: Floats | None = None
    alpha: Floats | None = None
    _last: Floats | None = None
    _shown: Floats | None = None

    def staleness(self, guide: NDArray[np.uint8], alpha: Floats) -> Floats:
        """How far each cell has changed since it was refined, 0…1: float32 (h, w).

        `guide` is the frame reduced by its cells, RGB uint8 (h, w, 3), `alpha` its mean alpha. A
        change of colour counts in multiples of the noise between this frame and the one before.
        """
        now = cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY).astype(np.float32)
        if self.luma is None or self.alpha is None:
            self.luma, self.alpha = now.copy(), alpha.copy()
        before, self._last = self._last, now
        noise = NOISE_FLOOR
        if before is not None:
            noise = max(noise, float(np.median(_change(now, before)[::4, ::4])))
        moved = (_change(now, self.luma) / noise - STILL) / (MOVING - STILL)
        other = cv2.blur(np.abs(alpha - self.alpha), (3, 3)) / LOST_AT
        return np.clip(np.maximum(moved, other), 0, 1)

    def keep(
        self, number: int, finding: Finding, cells: tuple[slice, slice], alpha: Floats
    ) -> None:
        """A new finding, made of this frame; `cells` are those of its patch."""
        assert self.luma is not None
        assert self.alpha is not None
        assert self._last is not None
        self.findings[number] = finding
        self.luma[cells], self.alpha[cells] = self._last[cells], alpha[cells]

    @property
    def is_empty(self) -> bool:
        """Whether nothing of earlier frames would be seen in the next one."""
        return not self.findings and not self.fades

    @property
    def fades(self) -> bool:
        """Whether corrections of earlier frames are still to be seen."""
        return self._shown is not None and cv2.norm(self._shown, cv2.NORM_INF) > _INVISIBLE

    def settled(self, correction: Floats, samples: NDArray[np.intp]) -> Floats:
        """A frame's corrections at some samples as they are shown: they come and go over frames.

        `correction` float32 (H, W); `samples` where those of the edge's band lie in it, flattened:
        elsewhere nothing is corrected. The first frame's are shown as they are.
        """
        found = np.take(correction, samples)
        if self._shown is None:
            self._shown = np.zeros_like(correction)
        else:
            before = np.take(self._shown, samples)
            found = before + np.float32(SETTLING) * (found - before)
            self._shown *= np.float32(1 - SETTLING)
        self._shown.reshape(-1)[samples] = found
        return found


def _change(one: Floats, other: Floats) -> Floats:
    return cv2.blur(np.abs(one - other), (5, 5))

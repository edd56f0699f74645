"""A frame rate to hold, and what is given up for it.

The order of what goes: patches of the refined edge, refinement along the frame's colours, then the
network's size, step by step.
Whole frames are dropped last and not here: a live session's queues keep the newest.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

DOWN_AT, UP_BELOW = 1.0, 0.7
"""Parts of the budget: above the first a frame was too slow, below the second it leaves room."""
DOWN_AFTER, UP_AFTER = 3, 60
"""Frames in a row that must say so: quickly down, slowly up."""
LONGEST_PATIENCE = 16 * UP_AFTER
MISSES = 0.04
"""Part of the frames that may take longer than the budget before less is planned for."""
_LEARNING = 0.1
"""Of the budget: how far the reserve moves at most for one frame."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What is spent on a frame."""

    refine: bool = True
    """Whether the edge is refined along the frame's colours."""
    smaller: int = 0
    """By how many sizes the network is smaller than its largest."""
    rois: float = 1.0
    """Part of the time that is left in which patches of the edge are refined."""


LADDER = (Quality(), Quality(refine=False), Quality(False, 1), Quality(False, 2))
"""From the best to the cheapest."""
EDGE_LADDER = (Quality(), Quality(rois=0.5), *(replace(one, rois=0.0) for one in LADDER))
"""The same where patches of the edge are refined: of these there are fewer, and then none."""


class QualityLadder:
    """Steps down when frames take longer than `budget` seconds, and up again with hysteresis.

    Each climb that did not last makes the next one wait twice as long. A budget of infinity, for
    files, never steps. `downs` and `ups` count the steps.
    """

    def __init__(self, budget: float = math.inf, rungs: Sequence[Quality] = LADDER) -> None:
        self.budget, self.rungs = budget, rungs
        self.step = self.downs = self.ups = 0
        self._late = self._early = 0
        self._patience = UP_AFTER

    @property
    def quality(self) -> Quality:
        return self.rungs[self.step]

    def note(self, seconds: float, filled: float = 0.0) -> None:
        """Learn what the slowest stage of a frame took.

        So much of it only filled the time that was left: it is no reason not to climb.
        """
        self._late = self._late + 1 if seconds > DOWN_AT * self.budget else 0
        self._early = self._early + 1 if seconds - filled < UP_BELOW * self.budget else 0
        if self._late == DOWN_AFTER and self.step < len(self.rungs) - 1:
            self._move(+1)
            self.downs += 1
            if self.ups:
                self._patience = min(2 * self._patience, LONGEST_PATIENCE)
        elif self._early == self._patience and self.step > 0:
            self._move(-1)
            self.ups += 1

    def _move(self, steps: int) -> None:
        self.step += steps
        self._late = self._early = 0


class Reserve:
    """Seconds of a budget that are not planned for, so that only few frames take longer than it.

    What a frame will take is never known, and planned for by its mean every other one is late. So
    this follows a quantile: up by much for a late frame, down by little for each other one, in
    balance where `MISSES` of them are late (Robbins and Monro, "A Stochastic Approximation Method",
    1951).
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def note(self, seconds: float, budget: float) -> None:
        """Learn what a frame took; without a budget there is nothing to keep free."""
        if math.isinf(budget):
            return
        step = _LEARNING * budget * ((seconds > budget) - MISSES)
        self.seconds = min(max(0.0, self.seconds + step), budget)

"""One clock for all that goes through a live session, whatever its source counts in."""

import time
from collections.abc import Callable
from fractions import Fraction

TIME_BASE = Fraction(1, 90_000)
"""Of every frame of a live session."""
JUMP_S = 3.0
"""Time stamps that are further from where they ought to be have jumped."""


class LiveClock:
    """Seconds since the session began, and where on it a source's time stamps lie.

    What comes soonest after its stamp is taken to have come at once; what was held up keeps its
    distance, so that sound and picture stay together. Sources that give more than there is yet, as
    HLS does by the segment, are `paced`: their stamps may lie in the future, to be waited for.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, *, paced: bool = False) -> None:
        self._clock, self._began = now, now()
        self._paced = paced
        self._offset: float | None = None

    def now(self) -> float:
        return self._clock() - self._began

    def begin(self) -> None:
        """Another connection: what its stamps are counted from is not known."""
        self._offset = None

    def place(self, seconds: float) -> float:
        """When something with this stamp happened, which has come now."""
        now = self.now()
        early = seconds + self._offset - now if self._offset is not None else JUMP_S + 1
        if abs(early) > JUMP_S or (early > 0 and not self._paced):
            self._offset = now - seconds
            return now
        return now + early


def ticks(seconds: float) -> int:
    """The same in units of TIME_BASE."""
    return round(seconds / TIME_BASE)

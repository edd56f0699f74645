"""Which part of a file is taken, and time stamps that only go forwards."""

import math
from dataclasses import dataclass
from fractions import Fraction

import av
import av.container

from pipeline.errors import OptionError

_SLACK = Fraction(1, av.time_base)
"""FFmpeg rounds the moment at which a file begins to microseconds."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file, in seconds by its own clock; None is its very beginning, or its end.

    `length` is how much was asked for. The time stamps of what is taken lose `shift` seconds.
    """

    first: Fraction | None = None
    end: Fraction | None = None
    shift: Fraction = Fraction(0)
    length: Fraction | None = None

    @classmethod
    def choose(
        cls, container: av.container.InputContainer, start: float, duration: float | None
    ) -> "Span":
        """So many seconds from `start` on, both counted from where the file begins."""
        begins, length = _exact("start", start), _exact("duration", duration or 0)
        if start < 0 or (duration is not None and duration <= 0):
            raise OptionError(f"start {start:g}, duration {duration}: both are positive seconds")
        first = Fraction(container.start_time or 0, av.time_base) + begins
        if duration is None:
            return cls(first if begins else None, None, begins)
        return cls(first if begins else None, first + length, begins, length)

    def is_before(self, moment: Fraction) -> bool:
        return self.first is not None and moment + _SLACK < self.first

    def is_over(self, moment: Fraction) -> bool:
        return self.end is not None and moment + _SLACK >= self.end


WHOLE = Span()


class Clock:
    """Time stamps that only go forwards, counted in ticks.

    Where they jump back, as in files that were joined, they go on from where they were; one that
    merely repeats the last is pushed on by a tick.
    """

    def __init__(self) -> None:
        self._last: int | None = None
        self._offset = 0

    def forward(self, ticks: int | None, step: int) -> int:
        """The stamp to use for one that may be missing; `step` is the usual distance."""
        if self._last is None:
            self._last = ticks or 0
            return self._last
        if ticks is None:
            self._last += step
            return self._last
        if ticks + self._offset < self._last - 2 * step:
            self._offset = self._last + step - ticks
        self._last = max(ticks + self._offset, self._last + 1)
        return self._last


def _exact(what: str, seconds: float) -> Fraction:
    """The decimal number that was meant: 0.8, not the nearest binary fraction."""
    if not math.isfinite(seconds):
        raise OptionError(f"{what} {seconds}: not a number of seconds")
    return Fraction(repr(float(seconds)))

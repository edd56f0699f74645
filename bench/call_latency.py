"""How long pictures took through a call, by when they were sent and what came back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from bench.call_clip import CLOCK, FLIP_SECONDS
from pipeline.errors import SourceError

_TURN = 2 * FLIP_SECONDS
"""Seconds from one flip to the next to the same side."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture that came back."""

    pts: int
    """Of a clock of 90 kHz that began at an unknown moment."""
    arrived: float
    """Seconds of the clock by which pictures were sent."""
    luma: float
    """Its mean."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A picture's way: seconds of the same clock."""

    sent: float
    arrived: float

    @property
    def seconds(self) -> float:
        return self.arrived - self.sent


def trips(sent: Mapping[int, float], seen: Sequence[Seen], rate: int) -> list[Trip]:
    """The ways of all pictures that came back; `sent` has times by number.

    Pictures that follow a flip may be left out on the way, but none comes before it. So the least
    distance of all flips is the constant one between the clocks, but for whole turns: a flip that
    took long is taken for a later one. No picture comes before it is sent, and one at least comes
    within a turn. SourceError where nothing flipped.
    """
    distances = [one.pts - number * CLOCK / rate for number, one in _flips(sent, seen, rate)]
    if not distances:
        raise SourceError("no picture came back lighter or darker: let the call run for longer")
    distance = min(_near(one, distances[0]) for one in distances)
    ways = _ways(sent, seen, rate, distance)
    late = -min(way.seconds for way in ways)
    return _ways(sent, seen, rate, distance + CLOCK * _TURN * max(0, ceil(late / _TURN)))


def _near(distance: float, first: float) -> float:
    """Another flip's distance, by whole turns brought near to the first one's."""
    turn = CLOCK * _TURN
    return distance + turn * round((first - distance) / turn)


def _ways(
    sent: Mapping[int, float], seen: Sequence[Seen], rate: int, distance: float
) -> list[Trip]:
    numbers = [round((one.pts - distance) * rate / CLOCK) for one in seen]
    return [
        Trip(sent[number], one.arrived)
        for number, one in zip(numbers, seen, strict=True)
        if number in sent
    ]


def _flips(
    sent: Mapping[int, float], seen: Sequence[Seen], rate: int
) -> Iterator[tuple[int, Seen]]:
    """The first picture that came back after each flip, and the number of the picture that flipped.

    That is the latest one sent by then that flipped to the same side.
    """
    half = FLIP_SECONDS * rate
    middle = float(np.mean(np.percentile([one.luma for one in seen] or [0], (5, 95))))
    for before, one in pairwise(seen):
        light = one.luma > middle
        if (before.luma > middle) != light:
            begun = [
                number
                for number in range(0 if light else half, max(sent) + 1, 2 * half)
                if number in sent and sent[number] < one.arrived
            ]
            if begun:
                yield begun[-1], one

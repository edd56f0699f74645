"""The edge refined at the frame's own resolution, most uncertain patches first, while time lasts.

A generator is shown patches round the edge and corrects the guided alpha there. What it found in a
patch is kept: while the edge in it stands still it is used again and not paid for again, so that on
a still picture more and more of the edge is refined.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.blend import EdgeColour, Sums
from pipeline.carry import Carried, Finding
from pipeline.cells import Floats
from pipeline.edges import Tiling, coarse_plane, cut_patches, feather, tiling, uncertainty
from pipeline.frame import AlphaMatte, Frame
from pipeline.matte import EdgeMatte
from pipeline.patch_network import COLOUR_STEP, PatchNetwork, blank_patches
from pipeline.refine_stats import RefineStats

LEAST = 2.0
"""Uncertain cells in a patch's window below which there is nothing to refine in it."""
CHANGED = 0.15
"""Part of a patch's uncertain cells: with fewer changed ones its finding is carried on."""
AT_ONCE = (32, 16, 8, 4, 2, 1)
"""Patches in one call. A runtime makes kernels anew for every number of them, which takes longer
than a frame; so there are few, and the largest bounds the memory."""
SHARE = 0.9
"""Of the time left that is planned for: a frame late is worse than a patch less."""
_FIRST_GUESS_S = 2e-3
_LEARNING = 0.2
"""How much a new measurement of a patch's cost counts."""
_FORGETTING = 0.02
"""How much a cost falls that affords no patch: it is tried again in the end."""


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """The matte, the foreground's colour at its edge where it is known, and what it took."""

    matte: EdgeMatte
    colour: EdgeColour | None
    stats: RefineStats


@dataclass(frozen=True, slots=True, eq=False)
class EdgeView:
    """What a refiner is shown of a frame.

    `guide` is the frame reduced by its cells, RGB uint8 (h, w, 3); `coarse` the network's alpha,
    float32 of any size; `matte` the guided one.
    """

    frame: Frame
    guide: NDArray[np.uint8]
    coarse: AlphaMatte
    matte: EdgeMatte
    is_cut: bool = False


class EdgeRefiner(Protocol):
    """Refines the edges of frames, in order, each within the seconds that are left for it.

    `carried` is all that it remembers from one frame to the next; `name` is for reports.
    """

    name: str
    carried: Carried

    def __call__(self, view: EdgeView, left: float = math.inf) -> Refined: ...


class GanRefiner:
    """Refines by a generator; `cost` is what a patch takes, in seconds, as lately measured."""

    name = "gan"

    def __init__(
        self, network: PatchNetwork, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.network = network
        self.cost = _FIRST_GUESS_S
        self.carried = Carried()
        self._clock = clock

    def __call__(self, view: EdgeView, left: float = math.inf) -> Refined:
        """The matte with as many patches refined as `left` lets hope for; infinity: with all."""
        began = self._clock()
        matte, tiles = view.matte, tiling(view.frame.width, view.frame.height)
        if view.is_cut or self.carried.size != (matte.width, matte.height):
            self.carried = Carried((matte.width, matte.height))
        stale = self.carried.staleness(view.guide, matte.low)
        found, wanted, carried = self._sorted(tiles, uncertainty(matte), stale, matte.side)
        planned = self._clock()
        chosen = wanted[: self._affordable(left - (planned - began))]
        if chosen:
            self._find(view, tiles, chosen)
            self._learn((self._clock() - planned) / len(chosen))
        elif wanted and left > 0:
            self.cost *= 1 - _FORGETTING
        refined, colour = self._blended(view, tiles, chosen, carried, stale)
        held = len(chosen) + len(carried)
        share = held / (tiles.shape[0] * tiles.shape[1])
        spent = self._clock() - began
        return Refined(refined, colour, RefineStats(found, len(chosen), len(carried), spent, share))

    def _sorted(
        self, tiles: Tiling, uncertain: Floats, stale: Floats, side: int
    ) -> tuple[int, list[int], list[int]]:
        """How many patches have an edge; which are to be refined, most worth first; which hold."""
        areas = tiles.sums(uncertain, side)
        changed = tiles.sums(uncertain * stale, side) / np.maximum(areas, 1e-6)
        edge = areas > LEAST
        known = np.zeros(len(areas), np.bool_)
        known[list(self.carried.findings)] = True
        holds = edge & known & (changed < CHANGED)
        for number in np.flatnonzero(known & ~holds):
            del self.carried.findings[int(number)]
        worth = areas * np.where(known, changed, 1) * (edge & ~holds)
        order = np.argsort(-worth, kind="stable")[: np.count_nonzero(worth)]
        return int(edge.sum()), order.tolist(), np.flatnonzero(holds).tolist()

    def _affordable(self, left: float) -> int | None:
        """How many patches there is time for; None: for all."""
        return None if math.isinf(left) else max(0, int(SHARE * left / self.cost))

    def _learn(self, seconds: float) -> None:
        self.cost += _LEARNING * (seconds - self.cost)

    def _find(self, view: EdgeView, tiles: Tiling, numbers: Sequence[int]) -> None:
        """Ask the network about some patches, and keep what it finds."""
        frame, matte = view.frame, view.matte
        coarse = coarse_plane(frame, view.coarse, matte.side)
        for some in in_calls(numbers):
            rois = [tiles.roi(number) for number in some]
            found = self.network(cut_patches(frame, coarse, matte.full, rois))
            for number, correction, colour in zip(some, *found, strict=True):
                window = tiles.window(number, COLOUR_STEP)
                weighted = np.concatenate((colour * window, window[None]))
                finding = Finding(correction * tiles.window(number), weighted)
                self.carried.keep(number, finding, tiles.cells(number, matte.side), matte.low)

    def _blended(
        self,
        view: EdgeView,
        tiles: Tiling,
        fresh: Sequence[int],
        carried: Sequence[int],
        stale: Floats,
    ) -> tuple[EdgeMatte, EdgeColour | None]:
        """The matte corrected by all findings that hold, and what they say of colour."""
        holds = bool(fresh or carried)
        if not holds and not self.carried.fades:
            return view.matte, None
        matte, sums = view.matte, Sums(view.frame.width, view.frame.height)
        for number in fresh:
            sums.add(tiles.roi(number), self.carried.findings[number])
        for number in carried:
            sums.add(tiles.roi(number), self.carried.findings[number], 1 - stale, matte.side)
        samples = matte.cells.samples(sums.correction, (matte.side,) * 2)
        shown = self.carried.settled(sums.correction, samples)
        values = np.clip(matte.values + feather(matte) * shown, 0, 1)
        return replace(matte, values=values), sums.colour(matte) if holds else None


def warm_up(network: PatchNetwork) -> None:
    """Run it on nothing: what it does at a first call only is not measured then."""
    for count in AT_ONCE:
        network(blank_patches(count))


def in_calls(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """In as few parts as can be, each as long as one of `AT_ONCE`."""
    while numbers:
        count = next(count for count in AT_ONCE if count <= len(numbers))
        yield numbers[:count]
        numbers = numbers[count:]

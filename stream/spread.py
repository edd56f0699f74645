"""A long work whose parts are made at the same time, by whoever is there to make them."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pipeline.refine_stats import RefineTotals
from stream.file_source import FileSource
from stream.part import Made, Order
from stream.plan import Part, plan
from stream.resumable import Outcome, join
from stream.session import SessionStats, first_error
from stream.verify import AT_MOST, Sample
from stream.work import Work

OnFrames = Callable[[int], None]
"""Called with how many frames are done."""


class Crew(Protocol):
    """Makes parts, as many at a time as it has hands; the others wait their turn, in order."""

    async def make(self, order: Order, part: Part, on_frames: OnFrames) -> Made:
        """Whoever is lost on the way, the part is made. Raises LivematteError if it cannot be."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What came of it, and what was refined of the edge."""

    outcome: Outcome
    rois: RefineTotals


async def run_spread(
    source: FileSource, order: Order, work: Work, crew: Crew, on_frames: OnFrames
) -> Spread:
    """Have all parts made that `work` does not hold already, and put the files in their places.

    The source is decoded here too, to know its parts and its losses; it is closed in every case.
    """
    began = time.perf_counter()
    parts = _Parts(order, work, crew, on_frames)
    try:
        try:
            async with asyncio.TaskGroup() as tasks:
                async for part in plan(aiter(source)):
                    if not parts.is_there(part):
                        tasks.create_task(parts.make(part))
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        made = [parts.made[number] for number in range(len(parts.made))]
        samples = [_sample_of(order, made), None][: len(order.tracks)]
        stats = _stats(made, time.perf_counter() - began)
        joined = await join(source, order.tracks, work, len(made), made[0].kinds, samples)
        return Spread(Outcome(stats, joined, parts.resumed), _rois(made))
    finally:
        await source.aclose()
        work.close()


class _Parts:
    """Those that are made, and how far the others are."""

    def __init__(self, order: Order, work: Work, crew: Crew, on_frames: OnFrames) -> None:
        self.made: dict[int, Made] = {}
        self.resumed = 0
        """Frames that were there already."""
        self._order, self._work, self._crew = order, work, crew
        self._on_frames = on_frames
        self._frames: dict[int, int] = {}
        self._sampled_every = 1

    def is_there(self, part: Part) -> bool:
        """Whether it was made before."""
        if (found := self._work.part(part.number, Made)) is None:
            return False
        self.resumed += found.frames
        self._keep(part.number, found)
        return True

    async def make(self, part: Part) -> None:
        number, folder = part.number, self._order.folder
        made = await self._crew.make(self._order, part, lambda frames: self._note(number, frames))
        for track in self._order.tracks:
            track.adopt(folder / made.attempt, folder, number)
        self._work.note_part(number, made)
        self._keep(number, made)

    def _keep(self, number: int, made: Made) -> None:
        self.made[number] = made
        self._note(number, made.frames)
        samples = {number: one.sample for number, one in self.made.items() if one.sample}
        while sum(bool(sample.kept) for sample in samples.values()) > AT_MOST:
            self._sampled_every *= 2
            for each, sample in samples.items():
                if each % self._sampled_every:
                    sample.kept.clear()  # whole pictures, too large to keep of every part

    def _note(self, number: int, frames: int) -> None:
        self._frames[number] = frames
        self._on_frames(sum(self._frames.values()))


def _stats(made: list[Made], seconds: float) -> SessionStats:
    """All frames, in the time that passed here; stages by what they took wherever they ran."""
    frames = sum(one.frames for one in made)
    stages = {
        stage: sum(one.frames * one.stages_ms.get(stage, 0.0) for one in made) / frames
        for stage in made[0].stages_ms
    }
    return SessionStats(frames, frames, seconds=seconds, stages_ms=stages)


def _sample_of(order: Order, made: list[Made]) -> Sample | None:
    if not order.verify:
        return None
    whole = Sample(order.tracks[0].form)
    for one in made:
        if one.sample is not None:
            whole.follow(one.sample)
    return whole


def _rois(made: list[Made]) -> RefineTotals:
    total = RefineTotals()
    for one in made:
        total.frames += one.rois.frames
        total.found += one.rois.found
        total.refined += one.rois.refined
        total.carried += one.rois.carried
        total.share += one.rois.share
    return total

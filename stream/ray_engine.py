"""Files made by a Ray cluster, from the options of `livematte file --engine ray`."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any, TypeVar

from pipeline.errors import Interruption
from stream.file_job import FileJob, FileOptions, done_before
from stream.file_report import Report
from stream.jobs import Job
from stream.loaded_networks import NetworkChoice
from stream.many_files import Summary, attempt
from stream.part import Order
from stream.progress import OnProgress, show_progress
from stream.ray_cluster import connected
from stream.ray_crew import RayCrew
from stream.session import SessionStats, first_error
from stream.spread import OnFrames, run_spread
from stream.work import Work

T = TypeVar("T")


class RayEngine:
    """On all machines of a Ray cluster, parts of a long file and many files at once.

    `address`: see `connected`. Work is always kept in segments, as with `resume`.
    """

    def __init__(self, choice: NetworkChoice, address: str | None) -> None:
        self._choice = choice.resolved
        self._address = address

    def one(self, job: Job, options: FileOptions) -> Report:
        if (skipped := done_before(job, options)) is not None:
            return skipped
        opened = FileJob(job, options)
        with show_progress(options.progress, opened.reader.info.frames) as shown:

            async def run() -> Report:
                async with RayCrew(self._choice) as crew:
                    return await self._spread(opened, crew, _Tally(shown).of(job))

            return self._run(run)

    def many(self, jobs: list[Job], options: FileOptions, *, as_json: bool) -> Summary:
        """Each is told of as it ends."""
        summary = Summary()

        async def make(job: Job, crew: RayCrew, tally: _Tally) -> None:
            with attempt(job) as report:
                done = done_before(job, options)
                if done is None:
                    done = await self._spread(FileJob(job, options), crew, tally.of(job))
                report |= done
            summary.note(report, as_json=as_json)

        async def run() -> None:
            with show_progress(options.progress, 0) as shown:
                async with RayCrew(self._choice) as crew, asyncio.TaskGroup() as tasks:
                    tally, room = _Tally(shown), asyncio.Semaphore(crew.hired + 1)
                    for job in jobs:
                        await room.acquire()
                        task = tasks.create_task(make(job, crew, tally))
                        task.add_done_callback(lambda _: room.release())

        self._run(run)
        return summary

    async def _spread(self, job: FileJob, crew: RayCrew, on_frames: OnFrames) -> Report:
        options, reader = job.options, job.reader
        work = Work(job.job.output, job.about(["ray", asdict(self._choice)]))
        order = Order(
            job.job.source.resolve(),
            options.pictures_a_second,
            reader.span,
            reader.info.time_base,
            job.tracks,
            work.folder.resolve(),
            job.background,
            reader.begins,
            options.smooth,
            options.verify,
            options.matte,
        )
        spread = await run_spread(reader, order, work, crew, on_frames)
        network = next(iter(crew.networks.values()), {})
        rois = spread.rois.means()
        done = job.resumed_report(spread.outcome)
        return done | {"network": network, "machines": crew.networks, "rois": rois}

    def _run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Ctrl-C leaves what is done where it is."""
        try:
            with connected(self._address):
                return asyncio.run(work())
        except KeyboardInterrupt:
            raise Interruption(
                "interrupted: the parts that are done are kept: the same command goes on"
            ) from None
        except BaseExceptionGroup as group:
            raise first_error(group) from None


class _Tally:
    """How far several files are together."""

    def __init__(self, shown: OnProgress) -> None:
        self._shown = shown
        self._frames: dict[Job, int] = {}

    def of(self, job: Job) -> OnFrames:
        def note(frames: int) -> None:
            self._frames[job] = frames
            self._shown(SessionStats(frames_out=sum(self._frames.values())))

        return note

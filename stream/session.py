"""A session: read, matte, write, until the source ends."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.frame import Frame
from pipeline.matting import Matted, Matting
from stream.ends import Sink, Source
from stream.queues import FrameQueue, Overflow
from stream.worker import Worker

FILE_DEPTH = 4
"""Frames that wait between two stages: enough to even out their paces, few enough for 4K."""


@dataclass(slots=True)
class SessionStats:
    """What a session did. `stages_ms` is the mean time of each step, in ms a frame."""

    frames_in: int = 0
    frames_out: int = 0
    seconds: float = 0.0
    stages_ms: dict[str, float] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        return self.frames_out / self.seconds if self.seconds else 0.0


OnFrame = Callable[[SessionStats, Frame], None]
"""Called on the event loop after each written frame."""


async def run_session(
    source: Source, matting: Matting, sink: Sink, *, on_frame: OnFrame | None = None
) -> SessionStats:
    """Take every frame of the source through the pipeline to the sink, in order.

    Both ends are closed in every case. The first error ends the session and is raised as itself. A
    cancelled session finishes the sink with what was written, as incomplete.
    """
    session = _Session(source, matting, sink, on_frame)
    try:
        await session.run()
    finally:
        try:
            await source.aclose()
        finally:
            await sink.aclose()
    return session.stats


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Session:
    """The three tasks, the two queues between them, and the count."""

    def __init__(
        self, source: Source, matting: Matting, sink: Sink, on_frame: OnFrame | None
    ) -> None:
        self.stats = SessionStats()
        self._source, self._matting, self._sink = source, matting, sink
        self._on_frame = on_frame
        self._inbox: FrameQueue[Frame] = FrameQueue(FILE_DEPTH, Overflow.BLOCK)
        self._outbox: FrameQueue[Matted] = FrameQueue(FILE_DEPTH, Overflow.BLOCK)
        self._worker = Worker("matting")

    async def run(self) -> None:
        start = time.perf_counter()
        try:
            await self._run_tasks()
            await self._sink.finish()
        except asyncio.CancelledError:
            await self._sink.finish(complete=False)
            raise
        finally:
            self._worker.close()
            self._summarise(time.perf_counter() - start)

    async def _run_tasks(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                tasks.create_task(self._matte())
                tasks.create_task(self._write())
        except BaseExceptionGroup as group:
            raise _first(group) from None

    async def _read(self) -> None:
        async for frame in self._source:
            self.stats.frames_in += 1
            await self._inbox.put(frame)
        await self._inbox.close()

    async def _matte(self) -> None:
        async for frame in self._inbox:
            await self._outbox.put(await self._worker.run(self._matting.process, frame))
        await self._outbox.close()

    async def _write(self) -> None:
        async for matted in self._outbox:
            await self._sink.write(matted)
            self.stats.frames_out += 1
            if self._on_frame is not None:
                self._on_frame(self.stats, matted.frame)

    def _summarise(self, seconds: float) -> None:
        self.stats.seconds = seconds
        busy = {
            "decode": self._source.busy_seconds,
            **self._matting.times.seconds,
            "encode": self._sink.busy_seconds,
        }
        frames = max(1, self.stats.frames_out)
        self.stats.stages_ms = {name: 1e3 * spent / frames for name, spent in busy.items()}

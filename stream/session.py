"""A session: read, matte, write, until the source ends."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.frame import Frame
from pipeline.matted import Matted, Segmented
from pipeline.matting import Matting
from stream.ends import Sink, Source
from stream.queues import FrameQueue, Overflow
from stream.worker import Worker

AGES_KEPT = 3600
"""Of the latest frames of a live session: two minutes at 30 a second."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a session has under way: its queues, frames begun and not finished, networks run.

    Where frames may be `late` each waits for the next one, which steadies its edge.
    """

    depth: int
    overflow: Overflow
    in_flight: int
    segmenters: int
    late: bool = False


FILE = Pace(4, Overflow.BLOCK, in_flight=4, segmenters=2, late=True)
"""Every frame, as many a second as can be."""
PIPE = replace(FILE, late=False)
"""The same, each as soon as can be: who writes may wait for what comes out."""
LIVE = Pace(1, Overflow.DROP_OLDEST, in_flight=2, segmenters=1)
"""The newest frame, as soon as can be; what comes too fast is dropped before it is worked on."""


@dataclass(slots=True)
class SessionStats:
    """What a session did. `stages_ms` is the mean time of each step, in ms a frame."""

    frames_in: int = 0
    frames_out: int = 0
    dropped: int = 0
    seconds: float = 0.0
    stages_ms: dict[str, float] = field(default_factory=dict)
    ages: deque[float] = field(default_factory=lambda: deque(maxlen=AGES_KEPT))
    """Seconds from reading to having written, of the latest frames."""

    @property
    def fps(self) -> float:
        return self.frames_out / self.seconds if self.seconds else 0.0

    def note_stages(self, decode: float, matting: Matting, encode: float, frames: int) -> None:
        """Reckon `stages_ms` from the seconds that were spent on so many frames."""
        steps = dict(matting.times.seconds)
        looked = steps.pop("look", 0.0)  # a part of segmenting, to whoever reads a report
        if "segment" in steps:
            steps["segment"] += looked
        busy = {"decode": decode, **steps, "encode": encode}
        self.stages_ms = {name: 1e3 * spent / max(1, frames) for name, spent in busy.items()}

    def age_ms(self, percentile: float) -> float:
        """How old the latest frames were when they had been written."""
        return 1e3 * float(np.percentile(self.ages, percentile)) if self.ages else 0.0


OnFrame = Callable[[SessionStats, Frame], None]
"""Called on the event loop after each written frame."""


async def run_session(
    source: Source,
    matting: Matting,
    sink: Sink,
    *,
    pace: Pace = FILE,
    on_frame: OnFrame | None = None,
) -> SessionStats:
    """Take the frames of the source through the pipeline to the sink, in order.

    Both ends are closed in every case. The first error ends the session and is raised as itself. A
    cancelled session finishes the sink with what was written, as incomplete.
    """
    session = _Session(source, matting, sink, pace, on_frame)
    try:
        with _one_thread_each:
            await session.run()
    finally:
        try:
            await source.aclose()
        finally:
            await sink.aclose()
    return session.stats


class _OneThreadEach:
    """Every stage has a thread; what OpenCV and BLAS would add only fights with the network's.

    The limits are the process's: the first session sets them, the last one lifts them.
    """

    def __init__(self) -> None:
        self._lock, self._sessions = threading.Lock(), 0
        self._lift = ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            self._sessions += 1
            if self._sessions == 1:
                self._lift.callback(cv2.setNumThreads, cv2.getNumThreads())
                cv2.setNumThreads(1)
                self._lift.enter_context(threadpool_limits(1, "blas"))

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._sessions -= 1
            if not self._sessions:
                self._lift.close()


_one_thread_each = _OneThreadEach()


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What ended a group of tasks."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Session:
    """The tasks, the queues between them, and the count. A frame goes with the time it was read."""

    def __init__(
        self, source: Source, matting: Matting, sink: Sink, pace: Pace, on_frame: OnFrame | None
    ) -> None:
        self.stats = SessionStats()
        self._source, self._matting, self._sink = source, matting, sink
        self._on_frame, self._late = on_frame, pace.late
        self._inbox: FrameQueue[tuple[float, Frame]] = FrameQueue(pace.depth, pace.overflow)
        self._outbox: FrameQueue[tuple[float, Matted]] = FrameQueue(pace.depth, pace.overflow)
        self._seen: FrameQueue[tuple[float, asyncio.Future[Segmented]]]
        self._seen = FrameQueue(pace.in_flight, Overflow.BLOCK)
        self._room = asyncio.Semaphore(pace.in_flight)
        self._eye, self._hand = Worker("look"), Worker("matting")
        self._network = Worker("segment", pace.segmenters)

    async def run(self) -> None:
        start = time.perf_counter()
        try:
            await self._run_tasks()
            await self._sink.finish()
        except asyncio.CancelledError:
            await self._sink.finish(complete=False)
            raise
        finally:
            for worker in (self._eye, self._network, self._hand):
                await worker.aclose()
            self._summarise(time.perf_counter() - start)

    async def _run_tasks(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for part in (self._read, self._segment, self._finish, self._write):
                    tasks.create_task(part())
        except BaseExceptionGroup as group:
            raise first_error(group) from None

    async def _read(self) -> None:
        async for frame in self._source:
            self.stats.frames_in += 1
            await self._inbox.put((time.perf_counter(), frame))
        await self._inbox.close()

    async def _segment(self) -> None:
        """Begin frames in order, and hand them to the network, which works on several at once."""
        await self._room.acquire()
        async for read_at, frame in self._inbox:
            job = await self._eye.run(self._matting.begin, frame)
            await self._seen.put((read_at, self._network.start(self._matting.segment, job)))
            await self._room.acquire()
        await self._seen.close()

    async def _finish(self) -> None:
        matting, reads = self._matting, deque[float]()
        finish = matting.finish_late if self._late else matting.finish
        async for read_at, future in self._seen:
            reads.append(read_at)
            matted = await self._hand.run(finish, await future)
            self._room.release()
            if matted is not None:
                await self._outbox.put((reads.popleft(), matted))
        if reads and (last := await self._hand.run(matting.finish_late, None)):
            await self._outbox.put((reads.popleft(), last))
        await self._outbox.close()

    async def _write(self) -> None:
        async for read_at, matted in self._outbox:
            await self._sink.write(matted)
            self.stats.frames_out += 1
            self.stats.dropped = self._inbox.dropped + self._outbox.dropped
            self.stats.ages.append(time.perf_counter() - read_at)
            if self._on_frame is not None:
                self._on_frame(self.stats, matted.frame)

    def _summarise(self, seconds: float) -> None:
        self.stats.seconds = seconds
        decode, encode = self._source.busy_seconds, self._sink.busy_seconds
        self.stats.note_stages(decode, self._matting, encode, self.stats.frames_out)

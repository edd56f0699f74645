"""A session keeps the order, closes both ends and raises the first error as itself."""

import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest

from pipeline.composite import solid
from pipeline.errors import SinkError, SourceError
from pipeline.frame import AlphaMatte, Frame
from pipeline.matted import Matted
from pipeline.matting import Matting
from pipeline.subject import WHOLE, Look
from stream.session import FILE, PIPE, run_session
from tests.fakes import KeepingSink, ListSource, plain_frame

STAGES = {"decode", "segment", "smooth", "refine", "edges", "steady", "composite", "encode"}


class Whole:
    """Takes everything for foreground, or fails."""

    def __init__(self) -> None:
        self.threads: set[str] = set()
        self.error: Exception | None = None

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        self.threads.add(threading.current_thread().name)
        if self.error is not None:
            raise self.error
        return np.ones((4, 4), np.float32)


def matting(segmenter: Whole | None = None) -> Matting:
    return Matting(segmenter or Whole(), solid(0, 0, 0))


async def test_every_frame_arrives_in_order() -> None:
    frames = [plain_frame(pts, grey=pts) for pts in range(50)]
    source, sink = ListSource(frames), KeepingSink()
    stats = await run_session(source, matting(), sink)
    assert [matted.frame.pts for matted in sink.written] == list(range(50))
    assert [int(matted.frame.planes[0][0, 0, 0]) for matted in sink.written] == list(range(50))
    assert stats.frames_in == stats.frames_out == 50
    assert set(stats.stages_ms) == STAGES
    assert sink.finished is True
    assert source.closed
    assert sink.closed


async def test_into_a_pipe_no_frame_waits_for_the_next() -> None:
    source, sink = ListSource([plain_frame()], endless=True), KeepingSink()
    session = asyncio.ensure_future(run_session(source, matting(), sink, pace=PIPE))
    await asyncio.wait_for(sink.got_one.wait(), 60)
    session.cancel()
    with pytest.raises(asyncio.CancelledError):
        await session


async def test_each_written_frame_is_reported() -> None:
    counts = []
    await run_session(
        ListSource([plain_frame(pts) for pts in range(3)]),
        matting(),
        KeepingSink(),
        on_frame=lambda stats, frame: counts.append((stats.frames_out, frame.pts)),
    )
    assert counts == [(1, 0), (2, 1), (3, 2)]


async def test_an_error_of_the_source_is_raised_as_itself() -> None:
    source, sink = ListSource([plain_frame()], SourceError("torn")), KeepingSink()
    with pytest.raises(SourceError, match="torn"):
        await run_session(source, matting(), sink)
    assert source.closed
    assert sink.closed
    assert sink.finished is None


async def test_an_error_of_the_sink_is_raised_as_itself() -> None:
    source, sink = ListSource([plain_frame()] * 50), KeepingSink(SinkError("full"), at=3)
    with pytest.raises(SinkError, match="full"):
        await run_session(source, matting(), sink)
    assert source.closed
    assert sink.closed
    assert len(sink.written) == 3


async def test_an_error_of_the_pipeline_is_raised_as_itself() -> None:
    segmenter = Whole()
    segmenter.error = ZeroDivisionError("of the network")
    source, sink = ListSource([plain_frame()] * 50), KeepingSink()
    with pytest.raises(ZeroDivisionError, match="of the network"):
        await run_session(source, matting(segmenter), sink)
    assert source.closed
    assert sink.closed


async def test_both_ends_are_closed_though_one_cannot() -> None:
    class Stuck(ListSource):
        async def aclose(self) -> None:
            raise SourceError("stuck")

    sink = KeepingSink()
    with pytest.raises(SourceError, match="stuck"):
        await run_session(Stuck([plain_frame()]), matting(), sink)
    assert sink.closed


async def test_a_cancelled_session_finishes_what_was_written_as_incomplete() -> None:
    source, sink = ListSource([plain_frame(), plain_frame(1)], endless=True), KeepingSink()
    session = asyncio.ensure_future(run_session(source, matting(), sink))
    wrote = asyncio.ensure_future(sink.got_one.wait())
    await asyncio.wait([session, wrote], return_when=asyncio.FIRST_COMPLETED)
    session.cancel()
    with pytest.raises(asyncio.CancelledError):
        await session
    assert session.cancelled()
    assert sink.finished is False
    assert source.closed
    assert sink.closed


async def test_the_work_is_done_in_other_threads_that_end() -> None:
    before, segmenter = threading.enumerate(), Whole()
    await run_session(ListSource([plain_frame()] * 5), matting(segmenter), KeepingSink())
    assert len(segmenter.threads) <= FILE.segmenters
    assert threading.current_thread().name not in segmenter.threads
    assert threading.enumerate() == before


async def test_the_event_loop_runs_on_while_a_frame_is_worked_on() -> None:
    """The work waits for something that only the loop can do: on the loop it would never end."""
    released, loop = threading.Event(), asyncio.get_running_loop()

    class Waiting(Whole):
        def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
            loop.call_soon_threadsafe(released.set)
            assert released.wait(10)
            return super().__call__(frame, look)

    await run_session(ListSource([plain_frame()] * 3), matting(Waiting()), KeepingSink())


async def test_few_frames_wait_for_a_slow_sink() -> None:
    """However long the source: what is read ahead is bounded."""
    taken = written = ahead = 0

    class Counting(ListSource):
        async def __aiter__(self) -> AsyncIterator[Frame]:
            nonlocal taken
            for taken in range(200):
                yield plain_frame(taken)

    class Slow(KeepingSink):
        async def write(self, matted: Matted) -> None:
            nonlocal written, ahead
            await asyncio.to_thread(plain_frame)
            ahead, written = max(ahead, taken - written), written + 1

    await run_session(Counting([]), matting(), Slow())
    assert written == 200
    assert ahead <= 2 * FILE.depth + FILE.in_flight + 4

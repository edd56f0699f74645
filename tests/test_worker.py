"""Blocking work has one thread, and nobody leaves while it runs."""

import asyncio
import threading

import pytest

from stream.worker import Worker


async def test_a_call_gives_its_result_or_its_error() -> None:
    worker = Worker("test")
    assert await worker.run(divmod, 7, 3) == (2, 1)
    with pytest.raises(ZeroDivisionError):
        await worker.run(divmod, 7, 0)
    worker.close()


async def test_all_calls_are_made_in_one_thread() -> None:
    worker = Worker("test")
    threads = await asyncio.gather(*(worker.run(threading.get_ident) for _ in range(10)))
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()
    worker.close()


async def test_a_cancelled_caller_waits_for_its_call() -> None:
    started, release, worker = threading.Event(), threading.Event(), Worker("test")
    returned = []

    def work() -> None:
        started.set()
        assert release.wait(10)
        returned.append(True)

    task = asyncio.ensure_future(worker.run(work))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert returned == [True]
    worker.close()


async def test_one_who_is_cancelled_twice_waits_as_well() -> None:
    started, release, worker = threading.Event(), threading.Event(), Worker("test")

    def work() -> None:
        started.set()
        assert release.wait(10)

    task = asyncio.ensure_future(worker.run(work))
    await asyncio.to_thread(started.wait, 10)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    worker.close()


async def test_closing_does_not_hold_up_the_loop() -> None:
    release, worker = threading.Event(), Worker("test")
    worker.start(release.wait, 10)
    closing = asyncio.ensure_future(worker.aclose())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not closing.done()
    release.set()
    await closing

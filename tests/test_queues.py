"""A queue is bounded, and says what it does when it is full."""

import asyncio

import pytest

from stream.queues import FrameQueue, Overflow


async def take_all(queue: FrameQueue[int]) -> list[int]:
    return [item async for item in queue]


async def test_a_blocking_queue_loses_nothing() -> None:
    queue: FrameQueue[int] = FrameQueue(2, Overflow.BLOCK)
    taking = asyncio.ensure_future(take_all(queue))
    for number in range(100):
        await queue.put(number)
    await queue.close()
    assert await taking == list(range(100))
    assert queue.dropped == 0


async def test_a_blocking_queue_makes_the_giver_wait() -> None:
    queue: FrameQueue[int] = FrameQueue(1, Overflow.BLOCK)
    await queue.put(1)
    giving = asyncio.ensure_future(queue.put(2))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not giving.done()
    assert await anext(aiter(queue)) == 1
    await giving


async def test_a_dropping_queue_keeps_the_newest_and_counts_the_rest() -> None:
    queue: FrameQueue[int] = FrameQueue(2, Overflow.DROP_OLDEST)
    for number in range(10):
        await queue.put(number)
    await queue.close()
    assert await take_all(queue) == [8, 9]
    assert queue.dropped == 8


async def test_what_is_inside_at_the_end_still_arrives() -> None:
    queue: FrameQueue[int] = FrameQueue(4, Overflow.BLOCK)
    await queue.put(1)
    await queue.close()
    assert await take_all(queue) == [1]


async def test_nothing_can_be_given_after_the_end() -> None:
    queue: FrameQueue[int] = FrameQueue(4, Overflow.BLOCK)
    await queue.close()
    with pytest.raises(RuntimeError, match="closed"):
        await queue.put(1)


async def test_the_end_wakes_a_giver_that_waits() -> None:
    queue: FrameQueue[int] = FrameQueue(1, Overflow.BLOCK)
    await queue.put(1)
    giving = asyncio.ensure_future(queue.put(2))
    await asyncio.sleep(0)
    await queue.close()
    with pytest.raises(RuntimeError, match="closed"):
        await giving

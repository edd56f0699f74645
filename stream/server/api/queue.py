"""How many requests are worked on, how many wait, and which of them are the same."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Generic, TypeVar

from stream.server.problems import Full
from stream.worker import end_all

T = TypeVar("T")


class Places:
    """`at_once` requests are worked on, `waiting` more may wait; whoever comes then is sent away.

    So is bounded what all of them hold in memory together.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._most, self._inside = at_once + waiting, 0
        self._at_work = asyncio.Semaphore(at_once)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Hold a place from the first byte to the answer; Problem 503 if there is none."""
        if self._inside >= self._most:
            raise Full(f"{self._most} requests are being worked on or wait. Try again in a moment.")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Wait until there is room to work, in order of asking."""
        async with self._at_work:
            yield


class Flights(Generic[T]):
    """Work that is asked for again while it is being done is done once. Owns its tasks."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}

    async def share(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T, bool]:
        """What the work gives or raises, and whether it was under way already.

        A caller that is cancelled leaves it to the others, and to be kept.
        """
        task, joins = self._tasks.get(key), key in self._tasks
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task), joins

    async def aclose(self) -> None:
        await end_all(list(self._tasks.values()))

    def _land(self, key: str, task: asyncio.Task[T]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # looked at, or asyncio complains where nobody waited any more

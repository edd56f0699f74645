"""Blocking work off the event loop."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Threads that make calls. With one, the default, what it works on needs no lock."""

    def __init__(self, name: str, threads: int = 1) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._calls: set[Future[Any]] = set()

    def start(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Call in a thread and go on. The call ends in every case, if only before `close`."""
        made = self._executor.submit(call, *args, **kwargs)
        self._calls.add(made)
        made.add_done_callback(self._calls.discard)
        return _watched(made)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call in the thread. A caller that is cancelled, however often, waits for its return."""
        future = self.start(call, *args, **kwargs)
        await all_done([future])
        return future.result()

    async def aclose(self) -> None:
        """As `close`, and the event loop goes on meanwhile."""
        try:
            await all_done([_watched(call) for call in tuple(self._calls)])
        finally:
            self.close()

    def close(self) -> None:
        """End the threads once their calls have returned."""
        self._executor.shutdown(wait=True)


def _watched(call: Future[T]) -> asyncio.Future[T]:
    future = asyncio.wrap_future(call)
    # Looked at, or asyncio complains that nobody did.
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    return future


async def end_all(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and wait until they have ended; what they raise is theirs."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


async def all_done(calls: Sequence[asyncio.Future[Any]]) -> None:
    """Wait for their return, however often cancelled."""
    cancelled: asyncio.CancelledError | None = None
    while unfinished := [call for call in calls if not call.done()]:
        try:
            await asyncio.wait(unfinished)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled

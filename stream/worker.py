"""Blocking work off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Threads that make calls. With one, the default, what it works on needs no lock."""

    def __init__(self, name: str, threads: int = 1) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def start(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Call in a thread and go on. The call ends in every case, if only before `close`."""
        future = asyncio.wrap_future(self._executor.submit(call, *args, **kwargs))
        # Looked at, or asyncio complains that nobody did.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        return future

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call in the thread. A caller that is cancelled, however often, waits for its return."""
        future = self.start(call, *args, **kwargs)
        cancelled: asyncio.CancelledError | None = None
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
        return future.result()

    def close(self) -> None:
        """End the threads once their calls have returned."""
        self._executor.shutdown(wait=True)

"""Blocking work off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """One thread that makes one call at a time, so what it works on needs no lock."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call in the thread. A caller that is cancelled, however often, waits for its return."""
        future = asyncio.wrap_future(self._executor.submit(call, *args, **kwargs))
        cancelled: asyncio.CancelledError | None = None
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            future.exception()  # looked at, or asyncio complains that nobody did
            raise cancelled
        return future.result()

    def close(self) -> None:
        """End the thread once its call has returned."""
        self._executor.shutdown(wait=True)

"""What a live sink writes to: one connection, or one device that is open."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from pipeline.errors import SinkError
from pipeline.matted import Matted
from stream.live.sound import Sound
from stream.worker import Worker, all_done


class Outlet(Protocol):
    """Takes pictures and the sound before each. A SinkError says that it is broken: close it."""

    async def write(self, matted: Matted, sound: Sound) -> None: ...

    async def aclose(self) -> None:
        """What was written is still sent, if it can be."""


class Blocking(Protocol):
    """The same, as calls that block; all but `give_up` come from one thread."""

    def write(self, matted: Matted, sound: Sound) -> None: ...

    def close(self) -> None: ...

    def give_up(self) -> None:
        """Let a `write` that waits fail; from any thread."""


OpenOutlet = Callable[[Matted], Awaitable[Outlet]]
"""With the first picture that will be written; raises SinkError."""


class ThreadedOutlet:
    """An outlet that blocks, in a thread of its own."""

    def __init__(self, worker: Worker, outlet: Blocking) -> None:
        self._worker, self._outlet = worker, outlet

    async def write(self, matted: Matted, sound: Sound) -> None:
        call = self._worker.start(self._outlet.write, matted, sound)
        try:
            await asyncio.shield(call)
        except asyncio.CancelledError:
            self._outlet.give_up()
            await all_done([call])
            raise

    async def aclose(self) -> None:
        try:
            await self._worker.run(self._outlet.close)
        finally:
            self._worker.close()


def in_thread(make: Callable[[Matted], Blocking]) -> OpenOutlet:
    """Opened, written and closed in one thread."""

    async def open_outlet(first: Matted) -> Outlet:
        worker = Worker("encode")
        try:
            return ThreadedOutlet(worker, await worker.run(make, first))
        except SinkError:
            worker.close()
            raise

    return open_outlet

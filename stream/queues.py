"""Hand-over between tasks, always bounded."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from enum import Enum, auto
from typing import Generic, TypeVar

T = TypeVar("T")


class Overflow(Enum):
    """What a full queue does with one more item."""

    BLOCK = auto()
    """The giver waits: every item arrives, in order. For files."""
    DROP_OLDEST = auto()
    """The oldest goes and is counted: the newest is never late. For calls."""


class QueueEnd(Exception):
    """The queue is closed and empty."""


class FrameQueue(Generic[T]):
    """Ordered; bounded by `maxsize`; lossless or lossy as `overflow` says. For one event loop.

    `close()` ends it: what is inside still arrives, then the iteration ends.
    """

    def __init__(self, maxsize: int, overflow: Overflow) -> None:
        self.maxsize = maxsize
        self.overflow = overflow
        self.dropped = 0
        self._items: deque[T] = deque()
        self._closed = False
        self._changed = asyncio.Condition()

    async def put(self, item: T) -> None:
        """Give an item, waiting for room if the queue blocks. After `close` it is an error."""
        async with self._changed:
            if self.overflow is Overflow.DROP_OLDEST:
                self._drop_to(self.maxsize - 1)
            await self._changed.wait_for(lambda: len(self._items) < self.maxsize or self._closed)
            if self._closed:
                raise RuntimeError("this queue is closed")
            self._items.append(item)
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed

    async def close(self) -> None:
        """No more items will come."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def get(self) -> T:
        """The oldest item, waiting for one; raises QueueEnd when no more will come."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._items or self._closed)
            if not self._items:
                raise QueueEnd
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            try:
                item = await self.get()
            except QueueEnd:
                return
            yield item

    def _drop_to(self, size: int) -> None:
        while len(self._items) > size:
            self._items.popleft()
            self.dropped += 1

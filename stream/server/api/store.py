"""Where results are kept: in memory, on disk, in Redis, one behind the other."""

import asyncio
import contextlib
import logging
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)

MEMORY_BYTES = 64 * 2**20
STORE_SECONDS = 5.0
"""For which a store is waited, and for which one that failed is left alone."""
TURN_SECONDS = 25.0
"""For a store's `turn`, which waits for others; longer than any waits by itself."""


class Store(Protocol):
    """Keeps bytes by name for a while, or loses them; each call may raise anything."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, data: bytes) -> None: ...

    async def sweep(self) -> None:
        """Let go of what is too old."""

    async def aclose(self) -> None: ...


class MemoryStore:
    """The latest results, so that one can be fetched even where nothing else holds it."""

    def __init__(self, most_bytes: int = MEMORY_BYTES) -> None:
        self._most, self._held = most_bytes, 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    async def put(self, key: str, data: bytes) -> None:
        """The newest is kept however large it is."""
        self._held += len(data) - len(self._kept.pop(key, b""))
        self._kept[key] = data
        while self._held > self._most and len(self._kept) > 1:
            self._held -= len(self._kept.popitem(last=False)[1])

    async def sweep(self) -> None:
        """Its size bounds it; whoever reads looks at the age."""

    async def aclose(self) -> None:
        self._kept.clear()
        self._held = 0


class SharedStore(Store, Protocol):
    """A store that other processes work with, too."""

    def turn(self, key: str) -> AbstractAsyncContextManager[None]:
        """Wait until none of them is at work on `key`; it may raise anything before its body."""


class Layers:
    """Stores one behind the other, the nearest first. One that fails costs time, and no request."""

    def __init__(
        self,
        stores: Sequence[Store],
        shared: SharedStore | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`shared` is the furthest."""
        self._stores = [*stores, shared] if shared else list(stores)
        self._shared, self._clock = shared, clock
        self._left_alone: dict[Store, float] = {}
        """Until when, of stores that failed."""

    async def get(self, key: str) -> bytes | None:
        """From the nearest that has it; those before it have it from then on."""
        for place, store in enumerate(self._stores):
            if (data := await self._try(store, lambda one: one.get(key))) is not None:
                await self._put(key, data, self._stores[:place])
                return data
        return None

    async def put(self, key: str, data: bytes) -> None:
        await self._put(key, data, self._stores)

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[bool]:
        """Alone at work on `key` among the processes that share a store, as far as that works.

        Gives whether there may be others, who may have done it by now.
        """
        async with AsyncExitStack() as held:
            if self._shared is not None:
                turn = self._shared.turn(key)
                await self._try(
                    self._shared, lambda _: held.enter_async_context(turn), TURN_SECONDS
                )
            yield self._shared is not None

    async def sweep(self) -> None:
        for store in self._stores:
            await self._try(store, lambda one: one.sweep())

    async def aclose(self) -> None:
        for store in self._stores:
            with contextlib.suppress(Exception):  # whoever is gone need not be left
                await store.aclose()

    async def _put(self, key: str, data: bytes, stores: Sequence[Store]) -> None:
        for store in stores:
            await self._try(store, lambda one: one.put(key, data))

    async def _try(
        self, store: Store, call: Callable[[Store], Awaitable[T]], seconds: float = STORE_SECONDS
    ) -> T | None:
        """What a call gives; None where it fails, or the store failed a moment ago."""
        if self._clock() < self._left_alone.get(store, -math.inf):
            return None
        try:
            async with asyncio.timeout(seconds):
                return await call(store)
        except Exception as error:  # of whichever library: none of them may end a request
            logger.warning("%s is left alone: %s", type(store).__name__, error or "no answer")
            self._left_alone[store] = self._clock() + STORE_SECONDS
            return None

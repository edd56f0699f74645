"""Results in Redis, so that one server answers from another's work."""

import contextlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

CONNECT_SECONDS, ANSWER_SECONDS = 1.0, 3.0
LOCK_SECONDS = 30.0
"""After which whoever took a turn and gives no sign is taken for dead."""
WAIT_SECONDS = 20.0
"""For which another process is waited; then the work is done twice."""
_POLL_SECONDS = 0.05
_PREFIX = "livematte:"


class RedisStore:
    """A `SharedStore`. Redis's own `maxmemory` bounds its size."""

    def __init__(self, url: str, seconds: float) -> None:
        self._seconds = math.ceil(seconds)
        self._redis = Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 1),  # once: a connection may have been closed meanwhile
        )

    async def get(self, key: str) -> bytes | None:
        found = await self._redis.get(_PREFIX + key)
        return found if isinstance(found, bytes) else None

    async def put(self, key: str, data: bytes) -> None:
        await self._redis.set(_PREFIX + key, data, ex=self._seconds)

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        lock = self._redis.lock(f"{_PREFIX}turn:{key}", timeout=LOCK_SECONDS, sleep=_POLL_SECONDS)
        taken = await lock.acquire(blocking_timeout=WAIT_SECONDS)
        try:
            yield
        finally:
            if taken:
                with contextlib.suppress(RedisError, OSError):  # then it ends by itself
                    await lock.release()

    async def sweep(self) -> None:
        """Redis does so itself."""

    async def aclose(self) -> None:
        await self._redis.aclose()

"""Results on disk, bounded in size and age; several servers of one machine may share the folder."""

from pathlib import Path
from typing import Any

import diskcache

from stream.worker import Worker

_BUSY_SECONDS = 2.0


class _BytesAlone(diskcache.Disk):
    """Reads no pickles: who could write into the folder could run code by one."""

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if mode == diskcache.core.MODE_PICKLE:
            raise ValueError("a pickle among the results: clear the folder")
        return super().fetch(mode, filename, value, read)


class DiskStore:
    """A `Store`. SQLite wants one connection a thread, so that all is done in one."""

    def __init__(self, folder: Path, most_bytes: int, seconds: float) -> None:
        self._folder, self._most, self._seconds = folder, most_bytes, seconds
        self._worker = Worker("results")
        self._opened: diskcache.Cache | None = None

    async def get(self, key: str) -> bytes | None:
        found = await self._worker.start(lambda: self._cache().get(key))
        return found if isinstance(found, bytes) else None

    async def put(self, key: str, data: bytes) -> None:
        await self._worker.start(lambda: self._cache().set(key, data, expire=self._seconds))

    async def sweep(self) -> None:
        """What is too old goes, and so does what is too much."""
        await self._worker.start(lambda: (self._cache().expire(), self._cache().cull()))

    async def aclose(self) -> None:
        await self._worker.start(self._close)
        await self._worker.aclose()

    def _cache(self) -> diskcache.Cache:
        if self._opened is None:
            # Pictures of strangers: for nobody else on this machine to see.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._opened = diskcache.Cache(
                str(self._folder),
                timeout=_BUSY_SECONDS,
                disk=_BytesAlone,
                size_limit=self._most,
            )
        return self._opened

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()

"""What keeps results: bounded, one behind the other, and never the reason of a failed request."""

import pickle
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stream.server.api.disk_store import DiskStore
from stream.server.api.result import Result
from stream.server.api.store import STORE_SECONDS, Layers, MemoryStore
from tests.api_serving import api, fetch, make, room_png
from tests.calling import Half

DAY = 86_400.0


class Broken:
    """Fails at every call, and counts them."""

    def __init__(self) -> None:
        self.calls = 0

    async def get(self, key: str) -> bytes | None:
        self._fail()
        return None

    async def put(self, key: str, data: bytes) -> None:
        self._fail()

    async def sweep(self) -> None:
        self._fail()

    async def aclose(self) -> None:
        self._fail()

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        self._fail()
        yield

    def _fail(self) -> None:
        self.calls += 1
        raise OSError("gone")


async def test_memory_keeps_the_latest_used_within_its_bytes() -> None:
    store = MemoryStore(10)
    for key in ("a", "b"):
        await store.put(key, bytes(5))
    assert await store.get("a") == bytes(5)
    await store.put("c", bytes(5))
    assert await store.get("b") is None
    assert await store.get("a") == bytes(5)
    await store.put("d", bytes(50))
    assert await store.get("d") == bytes(50)
    assert await store.get("a") is None


async def test_disk_keeps_within_its_bytes_and_its_age(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "kept", 2_000_000, DAY)
    for number in range(12):
        await store.put(str(number), bytes(300_000))
    await store.sweep()
    assert await store.get("11") == bytes(300_000)
    assert await store.get("0") is None
    assert size_of(tmp_path) < 2_500_000
    await store.aclose()
    brief = DiskStore(tmp_path / "brief", 2_000_000, 0.0)
    await brief.put("a", b"old")
    assert await brief.get("a") is None
    await brief.aclose()


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


async def test_what_is_on_disk_is_for_nobody_else(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "kept", 2_000_000, DAY)
    await store.put("a", b"x")
    await store.aclose()
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0


async def test_a_pickle_on_disk_is_not_opened(tmp_path: Path) -> None:
    store = DiskStore(tmp_path, 2_000_000, DAY)
    await store.put("a", b"x")
    with sqlite3.connect(tmp_path / "cache.db") as database:
        database.execute("UPDATE Cache SET mode = 4, value = ?", (pickle.dumps(print),))
    database.close()
    with pytest.raises(ValueError, match="pickle"):
        await store.get("a")
    await store.aclose()


async def test_what_a_far_store_has_is_near_from_then_on() -> None:
    near, far = MemoryStore(), MemoryStore()
    await far.put("a", b"x")
    layers = Layers([near, far])
    assert await layers.get("a") == b"x"
    assert await near.get("a") == b"x"
    assert await layers.get("b") is None


async def test_a_store_that_fails_is_left_alone_for_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    broken, sound = Broken(), MemoryStore()
    layers = Layers([broken, sound], Broken(), clock=lambda: now)
    await layers.put("a", b"x")
    assert await layers.get("a") == b"x"
    async with layers.turn("a") as others:
        assert others
    assert broken.calls == 1
    assert len(caplog.records) == 2, "one line for each"
    now = STORE_SECONDS
    assert await layers.get("a") == b"x"
    assert broken.calls == 2
    await layers.aclose()


async def test_a_folder_that_cannot_be_written_costs_no_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    async with api(tmp_path / "file") as client:
        for _ in range(2):
            status, made = await make(client, room_png())
            assert status == 200
            assert (await fetch(client, made["result_url"])).shape == (120, 160, 4)
    assert "DiskStore" in caplog.text


async def test_damage_on_disk_costs_no_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with api(tmp_path) as client:
        _, made = await make(client, room_png())
    damage(tmp_path / "pictures")
    half = Half()
    async with api(tmp_path, half) as client:
        status, again = await make(client, room_png())
        assert (status, again["id"], again["cached"]) == (200, made["id"], False)
        assert (await fetch(client, again["result_url"])).shape == (120, 160, 4)
    assert half.calls == 1


def damage(folder: Path) -> None:
    """Half of the database, and nonsense in place of the rest."""
    for file in folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            file.write_bytes(data[: len(data) // 2] if file.suffix == ".db" else b"nonsense")


def test_a_result_that_is_not_whole_is_none() -> None:
    result = Result(b"picture", b"matte", "png", 4, 3, 12.5, (2, 1), ["uncertain"])
    data = result.to_bytes()
    assert Result.from_bytes(data) == result
    for cut in range(len(data)):
        assert Result.from_bytes(data[:cut]) is None
    assert Result.from_bytes(data.replace(b"width", b"depth")) is None

"""Servers that share a real Redis: one answers from another's work, and none needs it."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.api_serving import api, fetch, make, room_png
from tests.calling import Half
from tests.programs import free_port, running
from tests.test_serve_command import process

REDIS = "redis-server"
pytestmark = pytest.mark.skipif(
    not shutil.which(REDIS), reason="no redis-server here: apt-get install redis-server"
)
Server = AbstractAsyncContextManager[tuple[str, int]]


class Shared:
    """A Redis of the test's own, that can be killed."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self._process = process
        self.url = f"redis://127.0.0.1:{port}/0"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest_asyncio.fixture
async def redis(tmp_path: Path) -> AsyncIterator[Shared]:
    port = free_port()
    quiet = ("--save", "", "--appendonly", "no", "--dir", str(tmp_path), "--bind", "127.0.0.1")
    with running(REDIS, "--port", str(port), *quiet) as started:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    await asyncio.sleep(0.02)
        writer.close()
        yield Shared(started, port)


async def test_a_second_process_answers_from_the_first_one_s_work(
    redis: Shared, tmp_path: Path
) -> None:
    def server(name: str) -> Server:
        kept = ("--work-dir", str(tmp_path / name), "--refine", "off")
        return process(*kept, warns_of="RedisStore", LIVEMATTE_REDIS=redis.url)

    async with (
        server("one") as (
            one,
            first_pid,
        ),
        server("two") as (
            two,
            second_pid,
        ),
        aiohttp.ClientSession(one) as first,
        aiohttp.ClientSession(two) as second,
    ):
        assert first_pid != second_pid
        _, made = await make(first, room_png())
        _, again = await make(second, room_png())
        assert (made["cached"], again["cached"]) == (False, True)
        assert again["id"] == made["id"]
        assert (await fetch(second, made["result_url"])).shape == (120, 160, 4)
        redis.kill()
        for client in (first, second):
            status, other = await make(client, room_png(200, 100))
            assert (status, other["cached"]) == (200, False)
            assert (await fetch(client, other["result_url"])).shape == (100, 200, 4)
            assert (await make(client, room_png()))[1]["cached"]  # its own disk still has it


async def test_equal_requests_to_two_servers_at_once_do_the_work_once(
    redis: Shared, tmp_path: Path
) -> None:
    one, two = Half(), Half()
    one.may_go.clear()
    two.may_go.clear()
    async with (
        api(tmp_path / "one", one, redis=redis.url) as first,
        api(tmp_path / "two", two, redis=redis.url) as second,
    ):
        asked = [asyncio.create_task(make(client, room_png())) for client in (first, second)]
        while not one.calls + two.calls:  # noqa: ASYNC110  (a network tells nobody)
            await asyncio.sleep(0.01)
        one.may_go.set()
        two.may_go.set()
        made = [answer for _, answer in await asyncio.gather(*asked)]
    assert one.calls + two.calls == 1
    assert sorted(answer["cached"] for answer in made) == [False, True]


async def test_redis_killed_in_the_middle_of_a_request_costs_no_request(
    redis: Shared, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    half = Half()
    half.may_go.clear()
    async with api(tmp_path, half, redis=redis.url) as client:
        asked = asyncio.create_task(make(client, room_png()))
        while not half.calls:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.to_thread(redis.kill)
        half.may_go.set()
        status, made = await asked
        assert status == 200
        assert (await fetch(client, made["result_url"])).shape == (120, 160, 4)
        for width in range(40, 80, 8):
            assert (await make(client, room_png(width, 40)))[0] == 200
    assert "RedisStore is left alone" in caplog.text

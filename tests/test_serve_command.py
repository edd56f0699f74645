"""`livematte serve` from a shell: what it refuses, and a whole life in a process of its own."""

import asyncio
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from pipeline.models import DEFAULT_MODEL, ModelEntry
from tests.certificates import make_certificate
from tests.running import Command, assert_refused


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], ["0.0.0.0", "--token"]),
        (["--token", "short"], ["16"]),
        (["--certificate", "cert.pem"], ["key"]),
        (["--ice-server", "http://x"], ["http://x", "stun:"]),
        (["--origin", "example.org"], ["example.org", "https://"]),
        (["--backgrounds", "nowhere"], ["nowhere"]),
    ],
)
def test_options_that_make_no_sense_are_refused(
    livematte: Command, arguments: list[str], words: list[str]
) -> None:
    assert_refused(livematte("serve", *arguments), 2, *words)


def test_a_model_that_is_not_there_is_said_at_the_start(
    livematte: Command, no_models: Path
) -> None:
    assert_refused(
        livematte("serve", "--port", "0", "--model", "u2netp"), 1, "u2netp", "models pull"
    )


SERVE = ("-m", "stream", "serve", "--port", "0")


@asynccontextmanager
async def process(
    *arguments: str, program: Sequence[str] = SERVE, warns_of: str = "", **environment: str
) -> AsyncIterator[tuple[str, int]]:
    """The command at work; gives its URL and its process id, and sees that it ends well.

    Every line on its standard error has to hold `warns_of`; without it there may be none.
    """
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, *program, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | environment,
    )
    assert made.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = (await made.stdout.readline()).decode()
        url = re.search(r"https?://\S+", line)
        if url is None:
            assert made.stderr is not None
            raise AssertionError((await made.stderr.read()).decode())
        yield url[0], made.pid
    finally:
        if made.returncode is None:
            made.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            _, errors = await made.communicate()
    lines = errors.decode().splitlines()
    assert all(warns_of and warns_of in line for line in lines), lines
    assert made.returncode == 0


async def test_ctrl_c_ends_it_cleanly() -> None:
    async with process() as (url, _), aiohttp.ClientSession(url) as client:
        assert await (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await (await client.get("/settings")).json())["models"][0] == DEFAULT_MODEL


async def test_the_example_serves_calls_and_ends_cleanly() -> None:
    async with (
        process(program=("-m", "examples.call_server", "0")) as (url, _),
        aiohttp.ClientSession(url) as client,
    ):
        assert await (await client.get("/healthz")).json() == {"status": "ok"}


async def test_it_serves_https_with_a_token_from_the_environment(
    u2netp: ModelEntry, tmp_path: Path
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    await asyncio.to_thread(make_certificate, certificate, key)
    trust = ssl.create_default_context(cafile=certificate)
    files = ("--certificate", str(certificate), "--key", str(key))
    async with (
        process(*files, LIVEMATTE_TOKEN="sixteen-or-longer") as (url, _),
        aiohttp.ClientSession(url) as client,
    ):
        assert url.startswith("https://127.0.0.1:")
        assert (await client.get("/settings", ssl=trust)).status == 401
        allowed = {"Authorization": "Bearer sixteen-or-longer"}
        assert (await client.get("/settings", ssl=trust, headers=allowed)).status == 200

"""Clients that never come to an end are cut off, however busy they seem."""

import asyncio
import contextlib

import aiohttp
import pytest

from stream.server import app, body, uploads
from tests.serving import served

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
WHIP = b"POST /whip/desk HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sdp\r\n"
UPLOAD = (
    b"POST /backgrounds HTTP/1.1\r\nHost: localhost\r\nCookie: livematte_browser=x\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n"
)
SIZED, CHUNKED = b"Content-Length: 10000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"
CUT_SECONDS = 4.0
"""Less than any of the server's own limits, which would not show otherwise."""


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "KEEP_ALIVE_SECONDS", 0.3)
    monkeypatch.setattr(app, "LINGER_SECONDS", 0.1)
    monkeypatch.setattr(body, "BODY_SECONDS", 0.1)
    monkeypatch.setattr(uploads, "UPLOAD_SECONDS", 0.1)


@pytest.mark.parametrize(
    ("begins", "drips", "answer"),
    [
        pytest.param(b"", b"", b"", id="says nothing"),
        pytest.param(b"GET /", b"a", b"", id="first line"),
        pytest.param(b"GET / HTTP/1.1\r\n", b"X: y\r\n", b"", id="head"),
        pytest.param(HEALTH + b"\r\nGET /", b"a", b"200", id="second head"),
        pytest.param(HEALTH + SIZED, b"a", b"200", id="unwanted body"),
        pytest.param(WHIP + SIZED, b"v", b"408", id="body"),
        pytest.param(WHIP + CHUNKED, b"1\r\nv\r\n", b"408", id="chunks"),
        pytest.param(WHIP + SIZED, b"", b"408", id="body that does not come"),
        pytest.param(UPLOAD + SIZED, b"v", b"408", id="upload"),
    ],
)
async def test_a_request_without_end_is_cut_off(begins: bytes, drips: bytes, answer: bytes) -> None:
    async with served() as client, asyncio.timeout(CUT_SECONDS):
        reader, writer = await connect(client)
        writer.write(begins)
        async with asyncio.TaskGroup() as tasks:
            dripping = tasks.create_task(drip(writer, drips))
            got = await everything(reader)
            dripping.cancel()
        writer.close()
    assert answer in got.partition(b"\r\n")[0]


async def test_a_client_that_breaks_off_is_no_failure_of_the_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served() as client:
        for begins in (WHIP + SIZED, UPLOAD + SIZED + b"--x\r\n"):
            _, writer = await connect(client)
            writer.write(begins)
            await writer.drain()
            assert (await client.get("/healthz")).status == 200  # the head has been read meanwhile
            writer.transport.abort()
            assert (await client.get("/healthz")).status == 200
    assert caplog.text == ""


async def connect(
    client: aiohttp.ClientSession,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection to a client's server."""
    url = client._base_url
    assert url is not None
    return await asyncio.open_connection(url.host, url.port)


async def drip(writer: asyncio.StreamWriter, data: bytes) -> None:
    """A little at a time, for as long as anybody takes it."""
    with contextlib.suppress(ConnectionError):
        while data:
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(0.02)


async def everything(reader: asyncio.StreamReader) -> bytes:
    """What the server says until it closes, be it rudely."""
    got = bytearray()
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1000):
            got += data
    return bytes(got)

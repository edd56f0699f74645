"""Servers in processes of their own: livematte's, and an echo that only decodes and encodes."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from pipeline.errors import SourceError
from stream.benchmark.usage import memory
from stream.server.bitrate import fit_bitrates

SERVE = ("-m", "stream", "serve", "--port", "0")
ECHO = ("-m", "bench.call_server")
_START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server, and a client of it that keeps no connection open."""

    client: aiohttp.ClientSession
    process: int

    @property
    def mebibytes(self) -> float:
        return memory(self.process) or 0.0

    async def forgot(self, path: str, seconds: float = 20.0) -> None:
        """Wait until a session is no longer there; TimeoutError."""
        async with asyncio.timeout(seconds):
            while (await self.client.get(path)).status != 404:  # noqa: ASYNC110  (nobody tells)
                await asyncio.sleep(0.05)

    async def holdings(self) -> dict[str, float]:
        """What it holds now. Its tasks are those that it tells of; MiB as the system counts."""
        async with self.client.get("/metrics") as response:
            found = re.search(r"^livematte_tasks (\S+)$", await response.text(), re.MULTILINE)
        folder = Path(f"/proc/{self.process}")
        links = [os.readlink(link) for link in (folder / "fd").iterdir()]
        return {
            "tasks": float(found[1]) if found else 0.0,
            "threads": len(list((folder / "task").iterdir())),
            "files": len(links),
            "sockets": sum(link.startswith("socket:") for link in links),
            "mib": round(self.mebibytes, 1),
        }


@asynccontextmanager
async def served(*program: str) -> AsyncIterator[Served]:
    """Run a program that prints its URL; SourceError if it does not."""
    made = await asyncio.create_subprocess_exec(
        sys.executable, *program, stdout=-1, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    assert made.stdout is not None
    try:
        async with asyncio.timeout(_START_SECONDS):
            line = (await made.stdout.readline()).decode()
        url = re.search(r"https?://\S+", line)
        if url is None:
            raise SourceError(f"{' '.join(program)}: it does not serve: {line.strip()}")
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(url[0], connector=connector) as client:
            yield Served(client, made.pid)
    finally:
        if made.returncode is None:
            made.send_signal(signal.SIGINT)
        await made.wait()


async def _echo(request: web.Request) -> web.Response:
    offer = await request.json()
    connection = RTCPeerConnection(RTCConfiguration([]))
    request.app[_OPEN].add(connection)
    connection.on("track", connection.addTrack)
    await connection.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
    await connection.setLocalDescription(await connection.createAnswer())
    return web.json_response({"sdp": connection.localDescription.sdp, "session": "/"})


_OPEN = web.AppKey("open", set[RTCPeerConnection])


async def _run_echo() -> None:
    fit_bitrates()  # as livematte does
    app = web.Application()
    app[_OPEN] = set()
    app.add_routes([web.post("/offer", _echo)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopped.set)
    await stopped.wait()
    for connection in app[_OPEN]:
        await connection.close()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_run_echo())

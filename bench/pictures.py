"""Pictures by HTTP request, as `livematte serve` answers them: seconds, how many, and memory.

`bench.performance` puts the figures on its page; `python -m bench.pictures` prints them alone.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

import aiohttp
import cv2
import numpy as np

from bench.call_server import SERVE, Served, served
from stream.benchmark.clip import film
from stream.benchmark.usage import peak_memory

SINGLE, BATCH = (1920, 1080), (640, 480)
"""Sizes of the pictures that are sent one at a time, and many."""
_SINGLES, _MANY, _AT_ONCE = 9, 40, 4


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """Of a server in a process of its own, asked as its users ask it. No picture is sent twice."""
    say("pictures by request")
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    first, *many = _pictures(BATCH, 1 + _MANY)
    began = time.perf_counter()
    async with served(*SERVE) as server:
        await _cut_out(server, first)
        first_answer = time.perf_counter() - began
        single = [await _timed(server, picture) for picture in _pictures(SINGLE, _SINGLES)]
        rate = await _rate(server, many)
        peak = peak_memory(server.process)
    return {
        "single": {"size": SINGLE, "count": _SINGLES, "seconds": round(median(single), 3)},
        "batch": {"size": BATCH, "count": _MANY, "at_once": _AT_ONCE, "a_second": round(rate, 2)},
        "first_answer_s": round(first_answer, 2),
        "peak_mib": peak and round(peak, 1),
    }


def _pictures(size: tuple[int, int], count: int) -> Iterator[bytes]:
    """JPEGs of a drawn figure before a room, with a corner that no earlier run has sent."""
    corners = np.random.default_rng()
    for picture in film(size, count):
        picture[:16, :16] = corners.integers(0, 256, 3)
        coded, data = cv2.imencode(".jpg", picture[..., ::-1])
        assert coded
        yield data.tobytes()


async def _cut_out(server: Served, picture: bytes) -> None:
    """The whole of it: the picture there, and the cut-out back."""
    form = aiohttp.FormData()
    form.add_field("file", picture, filename="picture.jpg", content_type="image/jpeg")
    form.add_field("enable_gan", "true")
    async with server.client.post("/api/remove-background", data=form) as response:
        answer = await response.json()
        if response.status != 200 or answer["cached"]:
            raise RuntimeError(f"no new result: {answer}")
    async with server.client.get(answer["result_url"]) as response:
        response.raise_for_status()
        await response.read()


async def _timed(server: Served, picture: bytes) -> float:
    began = time.perf_counter()
    await _cut_out(server, picture)
    return time.perf_counter() - began


async def _rate(server: Served, pictures: Sequence[bytes]) -> float:
    """Pictures a second, some of them under way at once."""
    waiting = list(pictures)

    async def send() -> None:
        while waiting:
            await _cut_out(server, waiting.pop())

    began = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(_AT_ONCE)))
    return len(pictures) / (time.perf_counter() - began)


if __name__ == "__main__":
    json.dump(measure(lambda _: None), sys.stdout, indent=1)
    sys.stdout.write("\n")

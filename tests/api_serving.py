"""A server of pictures on loopback, what is sent to it, and what it gives."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import RgbImage
from pipeline.segment import Segmenter
from stream.server.api.settings import ApiSettings
from tests.calling import room
from tests.serving import served

MADE, REMOVE = "/api/remove-background", "/api/remove"
Answer = dict[str, Any]


@asynccontextmanager
async def api(
    folder: Path, segmenter: Segmenter | None = None, token: str | None = None, **settings: Any
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a fresh server that keeps its results in a folder of the test's."""
    chosen = ApiSettings(folder=folder, **settings)
    async with served(segmenter, token=token, api=chosen) as client:
        yield client


def form(data: bytes, name: str = "a.png", **fields: str) -> aiohttp.FormData:
    made = aiohttp.FormData()
    made.add_field("file", io.BytesIO(data), filename=name, content_type="image/png")
    for field, value in fields.items():
        made.add_field(field, value)
    return made


async def make(
    client: aiohttp.ClientSession, data: bytes, path: str = MADE, **fields: str
) -> tuple[int, Answer]:
    """Status and JSON of the answer."""
    async with client.post(path, data=form(data, **fields)) as response:
        if response.status >= 400:
            assert response.content_type == "application/problem+json", await response.text()
        return response.status, await response.json(content_type=None)


async def fetch(client: aiohttp.ClientSession, path: str) -> NDArray[np.uint8]:
    """A result, decoded as it is: BGR, BGRA or grey."""
    async with client.get(path) as response:
        assert response.status == 200, await response.text()
        return decode(await response.read())


def decode(data: bytes) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def encode(rgb: RgbImage, extension: str = ".png") -> bytes:
    return cv2.imencode(extension, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()


def room_png(width: int = 160, height: int = 120) -> bytes:
    """The person on the left half, the marker in the room on the right."""
    return encode(room((width, height)))

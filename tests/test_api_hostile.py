"""Five hundred hostile uploads: a right answer or a 4xx, within flat memory."""

import gc
import os
import random
import struct
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.frame import RgbImage
from tests.api_serving import MADE, REMOVE, api, decode, encode, fetch, form
from tests.calling import room
from tests.test_serve_guard import png

COUNT = 500
SETTLED = 200
"""Uploads after which caches and pools are full."""
GROWTH = 40 * 2**20
"""Bytes that the other 300 may add, results in memory among them."""
NAMES = (
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/dev/zero",
    "a%00b.png",
    "x" * 3000 + ".png",
    "<script>.png",
    "$(reboot).png",
    "CON.png",
    "",
)
Size = tuple[int, int]
Hostile = tuple[str, bytes, Size | None]
"""A file's name and content, and the size of the result; None: it is to be refused."""


def picture(chance: random.Random) -> RgbImage:
    return room((chance.randrange(8, 90) * 2, chance.randrange(8, 90) * 2))


def saved(rgb: RgbImage, kind: str, mode: str = "RGB", **options: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(rgb).convert(mode).save(file, kind, **options)
    return file.getvalue()


def size_of(rgb: RgbImage) -> Size:
    return rgb.shape[1], rgb.shape[0]


def bomb(chance: random.Random) -> Hostile:
    """A header of thousands of megapixels before next to nothing."""
    side = chance.randrange(9000, 60_000)
    jpeg = bytearray(saved(room((16, 16)), "JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", side, side)
    canvas = (side - 1).to_bytes(3, "little")
    webp = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + canvas + canvas
    return "bomb.png", chance.choice((png(side, side, truncated=True), bytes(jpeg), webp)), None


def other_kind(chance: random.Random) -> Hostile:
    """No picture, or one of a kind that is not taken."""
    rgb = room((32, 32))
    kinds = [b"", b"%PDF-1.7\n", b"PK\x03\x04", b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
    kinds += [saved(rgb, kind) for kind in ("GIF", "BMP", "TIFF", "ICO", "PPM")]
    kinds.append(chance.randbytes(chance.randrange(1, 4000)))
    return "photo.png", chance.choice(kinds), None


def evil_name(chance: random.Random) -> Hostile:
    rgb = picture(chance)
    return chance.choice(NAMES), encode(rgb), size_of(rgb)


def truncated(chance: random.Random) -> Hostile:
    data = saved(picture(chance), chance.choice(("PNG", "JPEG", "WEBP")))
    return "cut.jpg", data[: chance.randrange(len(data) * 9 // 10)], None


def animated(chance: random.Random) -> Hostile:
    """Its first picture is the one that counts."""
    rgb, kind = picture(chance), chance.choice(("PNG", "WEBP"))
    more = [Image.fromarray(255 - rgb), Image.fromarray(rgb // 2)]
    data = saved(rgb, kind, save_all=True, append_images=more, duration=40)
    return "moving.png", data, size_of(rgb)


def unusual(chance: random.Random) -> Hostile:
    """Inks, 16 bits, greys, palettes, single bits, alpha."""
    rgb = picture(chance)
    deep = cv2.imencode(".png", rgb.astype(np.uint16) * 257)[1].tobytes()
    kinds = [deep, saved(rgb, "JPEG", "CMYK"), saved(rgb, "JPEG", "L")]
    kinds += [saved(rgb, "PNG", mode) for mode in ("1", "L", "LA", "P", "RGBA", "I;16")]
    kinds += [saved(rgb, "JPEG", progressive=True), saved(rgb, "WEBP", "RGBA", lossless=True)]
    return "odd.jpg", chance.choice(kinds) + chance.choice((b"", b"after the end")), size_of(rgb)


def turned(chance: random.Random) -> Hostile:
    """EXIF's eight orientations: half of them exchange width and height."""
    rgb, orientation = picture(chance), chance.randrange(1, 9)
    exif = Image.Exif()
    exif[0x112] = orientation
    data = saved(rgb, chance.choice(("JPEG", "PNG", "WEBP")), exif=exif)
    width, height = size_of(rgb)
    return "turned.jpg", data, (height, width) if orientation > 4 else (width, height)


def thin(chance: random.Random) -> Hostile:
    size = chance.choice(((1, 1), (1, 3000), (3000, 1), (2, 2), (1, 2), (3, 1)))
    return "thin.png", encode(np.full((size[1], size[0], 3), 99, np.uint8)), size


KINDS: tuple[Callable[[random.Random], Hostile], ...] = (
    bomb,
    other_kind,
    evil_name,
    truncated,
    animated,
    unusual,
    turned,
    thin,
)


def hostile(chance: random.Random) -> Iterator[tuple[str, Hostile]]:
    for kind in islice(cycle(KINDS), COUNT):
        yield kind.__name__, kind(chance)


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def judge(client: aiohttp.ClientSession, path: str, upload: Hostile) -> None:
    """The answer is the right one, or a problem where there is to be one."""
    name, data, size = upload
    async with client.post(path, data=form(data, name)) as response:
        body = await response.read()
        if size is None:
            assert response.status in (413, 415, 422), (response.status, body[:200])
            assert response.content_type == "application/problem+json"
            return
        assert response.status == 200, body[:200]
        if path == REMOVE:
            made = decode(body)
        else:
            told = await response.json()
            assert (told["width"], told["height"]) == size
            made = await fetch(client, told["result_url"])
    assert made.shape == (size[1], size[0], 4)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
async def test_five_hundred_hostile_uploads_are_answered_or_refused_in_flat_memory(
    tmp_path: Path,
) -> None:
    settled = 0
    async with api(tmp_path) as client:
        for number, (kind, upload) in enumerate(hostile(random.Random(9))):
            if number == SETTLED:
                settled = resident()
            try:
                await judge(client, REMOVE if number % 3 == 0 else MADE, upload)
            except AssertionError as error:
                raise AssertionError(f"upload {number}, {kind}: {error}") from error
        assert resident() - settled < GROWTH
        assert (await client.get("/healthz")).status == 200
    assert set(os.listdir(tmp_path)) <= {"pictures", "clips"}


async def test_flipped_bytes_anywhere_in_a_file_do_no_harm(tmp_path: Path) -> None:
    """What is damaged and can still be decoded is matted as what it seems to be."""
    chance = random.Random(5)
    files = [saved(room((40, 30)), kind) for kind in ("PNG", "JPEG", "WEBP")]
    async with api(tmp_path, pixels=100_000) as client:
        for data in islice(cycle(files), 120):
            flipped = bytearray(data)
            for _ in range(chance.randrange(1, 6)):
                flipped[chance.randrange(len(flipped))] = chance.randrange(256)
            async with client.post(MADE, data=form(bytes(flipped))) as response:
                assert response.status in (200, 415, 422), await response.text()

"""The call page in a real browser, whose camera plays a clip, before the real server."""

import os
from collections.abc import Iterable
from pathlib import Path

import av
import pytest
from playwright.async_api import Browser

from tests.browser import Visit, chromium, visit
from tests.clips import DISC, RedSegmenter, paint
from tests.serving import served
from tests.test_serve_command import process

DATA = Path(os.environ.get("LIVEMATTE_DATA", Path(__file__).parents[2] / "shared" / "data"))
CLIP = DATA / "clips" / "desk.mp4"
SIZE = (640, 360)
GREEN, SLATE = (0, 177, 64), (32, 40, 48)
"""Backgrounds that every server has: #00b140 and #202830."""
NEAR = 45
"""Levels of 255 that a channel may be off after two encodings of video."""
SMALL = """localStorage["livematte-settings"] ??= '{"height":360}';"""
Point = tuple[float, float]
"""In parts of the width and the height."""

SHOWS = """
([x, y, wanted, near]) => {
  const video = document.querySelector("#after");
  if (!video.videoWidth) return false;
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 });
  const brush = canvas.getContext("2d");
  brush.drawImage(video, 0, 0, 64, 36);
  const [...seen] = brush.getImageData(Math.floor(x * 64), Math.floor(y * 36), 1, 1).data;
  return wanted.every((level, channel) => Math.abs(level - seen[channel]) <= near);
}
"""


def film(file: Path, pictures: Iterable[av.VideoFrame]) -> Path:
    """YUV4MPEG2, which is what Chromium's camera plays."""
    with file.open("wb") as out:
        out.write(f"YUV4MPEG2 W{SIZE[0]} H{SIZE[1]} F30:1 Ip A1:1 C420jpeg\n".encode())
        for picture in pictures:
            planes = picture.reformat(*SIZE, format="yuv420p").to_ndarray()
            out.write(b"FRAME\n" + planes.tobytes())
    return file


def disc_at_rest() -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(paint(*SIZE, 4), "rgb24")


async def shows(page: Visit, point: Point, colour: tuple[int, int, int]) -> None:
    """Wait until what comes back has a colour somewhere."""
    wanted = [*point, colour, NEAR]
    await page.page.wait_for_function(SHOWS, arg=wanted, timeout=30_000)


async def start(page: Visit, colour: str) -> None:
    await page.page.wait_for_selector(".tile")
    await page.page.check(f"input[value='{colour}']")
    await page.page.click("#start")
    await page.state("live")


async def a_call(browser: Browser, url: str, person: dict[Point, tuple[int, int, int]]) -> None:
    """Matted, switched, measured and reloaded; `person` is what is to be seen of them, and where.

    Beside it, at the upper corners, is the background.
    """
    async with visit(browser, url, before=SMALL) as page:
        await start(page, "#00b140")
        for corner in (0.03, 0.97):
            await shows(page, (corner, 0.05), GREEN)
        await page.page.check("input[value='#202830']")
        await shows(page, (0.97, 0.05), SLATE)
        for point, colour in person.items():
            await shows(page, point, colour)
        await page.page.wait_for_function(
            "() => /of [1-9]/.test(document.querySelector('[data-stat=fps_out]').textContent)"
        )
        await page.page.reload()
        await page.state("live")
        await shows(page, (0.97, 0.05), SLATE)
        async with visit(browser, url, before=SMALL) as another:
            await another.page.click("#start")
            await another.state("waiting")
            assert await another.text("#notice-title") == "The server is full"
        await page.page.click("#stop")
        await page.state("idle")
        assert page.errors == []


async def test_a_browser_is_matted_by_the_real_server(tmp_path: Path) -> None:
    camera = film(tmp_path / "disc.y4m", [disc_at_rest()] * 10)
    async with served(RedSegmenter(), max_sessions=1) as client, chromium(camera) as browser:
        await a_call(browser, str(client._base_url), {(0.38, 0.4): DISC})


@pytest.mark.slow
@pytest.mark.shared
async def test_a_person_of_a_real_clip_is_there_and_the_room_is_not(tmp_path: Path) -> None:
    if not CLIP.is_file():
        pytest.skip(f"{CLIP} is not there: set LIVEMATTE_DATA to the shared media")
    with av.open(CLIP) as container:
        camera = film(tmp_path / "desk.y4m", container.decode(video=0))
    shirt, forehead = (25, 140, 104), (175, 125, 115)
    async with process("--max-sessions", "1") as (url, _), chromium(camera) as browser:
        await a_call(browser, url, {(0.55, 0.9): shirt, (0.55, 0.22): forehead})

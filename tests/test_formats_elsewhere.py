"""What is written is opened by others: Debian's ffmpeg, and a browser."""

import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.async_api import Browser

from stream.convert import to_bytes
from stream.video_file import Encoding
from tests.browser import visit
from tests.clips import make_clip
from tests.running import matte_file, mattes_of

FFMPEG = ("ffmpeg", "ffprobe")
WIDTH, HEIGHT, FRAMES = 160, 120, 5
CASES = [
    ("out.webm", "vp9", ("-c:v", "libvpx-vp9"), 0.3),
    ("out.webm", "vp8", ("-c:v", "libvpx"), 0.3),
    ("out.mkv", "ffv1", (), 0.0),
    ("out.mov", "prores", (), 0.3),
    ("out.mov", "animation", (), 0.0),
    ("out.mov", "png", (), 0.0),
    ("out.avi", "utvideo", (), 0.0),
    ("out.apng", "apng", (), 0.0),
    ("%03d.png", "png", (), 0.0),
    ("%03d.webp", "webp", (), 0.0),
]
PAGE = """<!doctype html><style>body {{ margin: 0; background: #ff00ff }}</style>{}"""


@pytest.fixture
def ffmpeg() -> None:
    if not all(map(shutil.which, FFMPEG)):
        pytest.skip("no ffmpeg here: apt-get install ffmpeg")


def told(path: Path) -> dict[str, str | int]:
    """What ffprobe says of the video, having decoded all of it."""
    command = ("ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0")
    shown = ("-show_streams", "-of", "json", str(path))
    done = subprocess.run([*command, *shown], check=True, capture_output=True, timeout=60)
    stream: dict[str, str | int] = json.loads(done.stdout)["streams"][0]
    return stream


def alphas(path: Path, *decoder: str) -> NDArray[np.uint8]:
    """As ffmpeg reads them: uint8 (n, H, W)."""
    command = ("ffmpeg", "-v", "error", *decoder, "-i", str(path), "-f", "rawvideo")
    done = subprocess.run(
        [*command, "-pix_fmt", "rgba", "-"], check=True, capture_output=True, timeout=60
    )
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, HEIGHT, WIDTH, 4)[..., 3]


@pytest.mark.usefixtures("ffmpeg")
@pytest.mark.parametrize(("name", "codec", "decoder", "limit"), CASES)
async def test_ffmpeg_reads_pictures_and_alpha(
    tmp_path: Path, out: Path, name: str, codec: str, decoder: tuple[str, ...], limit: float
) -> None:
    source = make_clip(tmp_path / "in.mp4", size=(WIDTH, HEIGHT), frames=FRAMES)
    await matte_file(source, out / name, transparent=True, encoding=Encoding(codec))
    meant = [to_bytes(matte) for matte in await mattes_of(source)]
    stream = told(out / name)
    assert (stream["width"], stream["height"]) == (WIDTH, HEIGHT)
    assert int(stream["nb_read_frames"]) == FRAMES
    read = alphas(out / name, *decoder)
    assert np.abs(read.astype(int) - np.array(meant)).mean() <= limit


@pytest.mark.usefixtures("ffmpeg")
@pytest.mark.parametrize("name", ["stacked.mp4", "out.gif"])
async def test_ffmpeg_reads_the_others(tmp_path: Path, name: str) -> None:
    source = make_clip(tmp_path / "in.mp4", size=(WIDTH, HEIGHT), frames=FRAMES)
    is_gif = name.endswith("gif")
    await matte_file(source, tmp_path / name, transparent=is_gif, stacked=not is_gif)
    assert int(told(tmp_path / name)["nb_read_frames"]) == FRAMES


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "codec", "element"),
    [
        ("out.webm", "vp9", "<video muted autoplay src=out.webm></video>"),
        ("out.webm", "vp8", "<video muted autoplay src=out.webm></video>"),
        ("out.webp", None, "<img src=out.webp>"),
        ("out.apng", None, "<img src=out.apng>"),
        ("out.gif", None, "<img src=out.gif>"),
    ],
)
async def test_a_browser_shows_the_page_through(
    browser: Browser, tmp_path: Path, name: str, codec: str | None, element: str
) -> None:
    """A screenshot: the page's own colour round the disc, and the disc before it."""
    source = make_clip(tmp_path / "in.mp4", size=(WIDTH, HEIGHT), frames=FRAMES)
    await matte_file(source, tmp_path / name, transparent=True, encoding=Encoding(codec))
    (tmp_path / "page.html").write_text(PAGE.format(element))
    async with visit(browser, f"file://{tmp_path}/page.html") as seen:
        await seen.page.wait_for_function(
            "() => { const e = document.body.firstElementChild;"
            " return e.tagName === 'IMG' ? e.complete && e.naturalWidth : e.readyState >= 2 }"
        )
        picture = await seen.page.locator("video, img").screenshot()
    decoded = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR_RGB)
    rgb = np.asarray(decoded, np.int16)
    assert np.abs(rgb[5, 5] - (255, 0, 255)).max() <= 2
    assert np.abs(rgb[-5, -5] - (255, 0, 255)).max() <= 2
    disc = rgb[round(HEIGHT * 0.4), round(WIDTH * 0.34)]
    assert np.abs(disc - (200, 60, 40)).max() <= 30

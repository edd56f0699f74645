"""What the tests of the studio share: the page opened with files, and looked at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Browser, FilePayload

from tests.browser import Visit, visit
from tests.clips import paint
from tests.stub_studio_server import StubStudioServer, encode

FOCUSED = "() => document.activeElement.id || document.activeElement.name"
BROKEN = FilePayload(name="broken.jpg", mimeType="image/jpeg", buffer=b"\xff\xd8\xff no more")


def disc(name: str = "disc.png", index: int = 0) -> FilePayload:
    bgr = cv2.cvtColor(paint(160, 120, index), cv2.COLOR_RGB2BGR)
    return FilePayload(name=name, mimeType="image/png", buffer=encode(bgr.astype(np.uint8), "png"))


@asynccontextmanager
async def studio_page(
    browser: Browser, server: StubStudioServer, *files: FilePayload
) -> AsyncIterator[Visit]:
    """The studio, with these files done."""
    async with visit(browser, f"{server.url}/studio") as opened:
        await opened.page.wait_for_selector(".tile-picture img")
        if files:
            await opened.page.set_input_files("#files", files)
            await settled(opened, len(files))
        yield opened


async def settled(opened: Visit, files: int) -> None:
    await opened.page.wait_for_selector(f"#list li:nth-child({files})")
    await opened.page.wait_for_selector("#progress", state="hidden")
    await opened.page.wait_for_selector("#working", state="hidden")


async def look(opened: Visit, view: str) -> None:
    """Another view, chosen and there."""
    await opened.page.check(f"input[name=view][value={view}]", force=True)
    await opened.page.wait_for_selector("#working", state="hidden")


async def rows(opened: Visit) -> list[str]:
    return [str(text) for text in await opened.page.locator("#list .file-words").all_inner_texts()]


async def saved(opened: Visit, button: str) -> tuple[str, Path]:
    async with opened.page.expect_download() as download:
        await opened.page.click(button)
    file = await download.value
    return file.suggested_filename, await file.path()


def read(data: bytes) -> NDArray[Any]:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture

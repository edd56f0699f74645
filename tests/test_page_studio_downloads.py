"""The studio in a real browser: what is downloaded, opened by others."""

import shlex
import zipfile

import numpy as np
import pytest
from playwright.async_api import Browser

from tests.stub_studio_server import StubStudioServer
from tests.studio import BROKEN, disc, read, saved, studio_page

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_is_downloaded_is_what_the_server_made(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio, disc("my disc.jpg.png")) as page:
        name, path = await saved(page, "#save")
        assert name == "my disc.jpg.png"
        assert read(path.read_bytes()).shape == (120, 160, 4)
        assert len(studio.requests) == 1
        await page.page.check("input[name=output][value=webp]", force=True)
        await page.page.check("input[value='#00b140']", force=True)
        name, path = await saved(page, "#save")
        assert name == "my disc.jpg.webp"
        assert path.read_bytes()[8:12] == b"WEBP"
        assert abs(read(path.read_bytes())[4, 4].astype(int) - (64, 177, 0)).max() < 6
        request = page.page.locator(
            "#request", has_text="#00b140"
        )  # the page waits for more changes
        command = shlex.split(str(await request.text_content()))
        assert command[0] == "curl"
        assert {"background=#00b140", "output=webp", "enable_gan=true"} < set(command)
        assert command[-1] == f"{studio.url}/api/remove-background"
        assert page.errors == []


async def test_all_are_packed_in_a_zip_that_others_can_open(
    browser: Browser, studio: StubStudioServer
) -> None:
    files = [disc("disc.png"), disc("disc.jpg", 5), BROKEN, disc("Zoë & Čapek.png", 7)]
    async with studio_page(browser, studio, *files) as page:
        name, path = await saved(page, "#save-all")
        assert name == "livematte.zip"
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == ["disc.png", "disc (2).png", "Zoë & Čapek.png"]
            alpha = [read(archive.read(name))[..., 3] for name in archive.namelist()]
        assert not np.array_equal(alpha[0], alpha[1])
        assert await page.text("#save-words") == "3 in the ZIP. Left out: broken.jpg."

"""The studio in a real browser: clips made by the server, and hard cases kept on consent."""

import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload

from tests.browser import Visit
from tests.clips import make_clip
from tests.stub_studio_server import StubStudioServer
from tests.studio import disc, rows, saved, settled, studio_page

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENT = FilePayload(name="walk.mp4", mimeType="video/mp4", buffer=b"what the stub takes for a clip")


@pytest.fixture
def webm(tmp_path: Path) -> bytes:
    return make_clip(tmp_path / "clip.webm", codec="libvpx").read_bytes()


@asynccontextmanager
async def clip_page(browser: Browser, server: StubStudioServer) -> AsyncIterator[Visit]:
    """The studio with one clip that is being made, and half done."""
    async with studio_page(browser, server) as opened:
        await opened.page.set_input_files("#files", SENT)
        await opened.page.click("#clip-make")
        await opened.page.get_by_text("2 of 4 pictures, 12.0 a second").first.wait_for()
        yield opened


async def test_a_clip_is_made_with_progress_through_a_lost_connection_and_then_played(
    browser: Browser, studio: StubStudioServer, webm: bytes
) -> None:
    studio.clip = webm
    async with clip_page(browser, studio) as page:
        assert (
            await page.page.evaluate("() => document.querySelector('#clip-progress').value") == 0.5
        )
        events = "GET /api/videos/clip1/events"
        await studio.until(lambda: studio.asked.count(events) == 2)
        studio.finish.set()
        await page.page.get_by_text("Make it again").wait_for()
        await page.page.wait_for_function(
            "() => document.querySelector('#clip-video').videoWidth === 64"
        )
        assert await rows(page) == ["Clip made"]
        # MP4 was chosen, but has no transparency.
        assert studio.videos[0]["output"] == "webm"
        assert studio.videos[0]["background"] == "transparent"
        name, path = await saved(page, "#save")
        assert (name, path.read_bytes()) == ("walk.webm", webm)
        assert page.errors == []


async def test_a_clip_that_is_cancelled_is_cancelled_on_the_server_too(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with clip_page(browser, studio) as page:
        await page.page.click("#clip-cancel")
        await studio.until(lambda: "DELETE /api/videos/clip1" in studio.asked)
        await page.page.locator("#list").get_by_text("Cancelled").wait_for()
        assert await page.page.is_enabled("#clip-make")
        assert await page.page.is_disabled("#save")


async def test_a_clip_that_fails_says_why(browser: Browser, studio: StubStudioServer) -> None:
    studio.finish.set()
    async with studio_page(browser, studio) as page:
        await page.page.set_input_files("#files", SENT)
        await page.page.check("input[value='#00b140']", force=True)
        await page.page.click("#clip-make")
        await page.page.get_by_text("The clip has no picture.").first.wait_for()
        assert studio.videos[0]["output"] == "mp4"
        assert await page.text("#summary") == "1 file: 1 not done"


async def test_a_result_is_kept_as_a_hard_case_only_on_consent_which_is_asked_once(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio, disc("a.png"), disc("b.png", 4)) as page:
        await page.page.click("#mark")
        assert "kept in a folder of the computer that" in await page.text("#consent")
        await page.page.get_by_role("button", name="No", exact=True).click()
        assert studio.cases == {}
        await page.page.click("#mark")
        await page.page.click("text=Yes, keep them")
        await page.page.check("input[name=kind][value=glass]")
        await page.page.click("text=Keep it")
        await studio.until(lambda: len(studio.cases) == 1)
        await page.page.locator("#list input").nth(1).check(force=True)
        await settled(page, 2)
        await page.page.click("#mark")
        await page.page.check("input[name=kind][value=hair]")
        await page.page.click("text=Keep it")
        await studio.until(lambda: len(studio.cases) == 2)
        assert [(case["file"], case["kind"]) for case in studio.cases.values()] == [
            ("a.png", "glass"),
            ("b.png", "hair"),
        ]
        assert all(case["reason"] == "marked" for case in studio.cases.values())


async def test_the_drawer_sorts_deletes_and_exports_and_consent_can_be_taken_back(
    browser: Browser, studio: StubStudioServer
) -> None:
    for name, kind in (("case0", "small"), ("case1", "hair")):
        studio.cases[name] = {
            "id": name,
            "kind": kind,
            "reason": "marked",
            "created": "2026-01-02T03:04:05Z",
            "bytes": 2000,
        }
        studio.results[f"{name}.png"] = disc()["buffer"]
    async with studio_page(browser, studio) as page:
        await page.page.click("#cases-open")
        titles = page.page.locator("#cases-list h3")
        await titles.first.wait_for()
        assert await titles.all_inner_texts() == ["Light hair on white (1)", "Small subject (1)"]
        name, path = await saved(page, "#cases-export")
        assert name == "hard-cases.zip"
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == ["images/case0.png", "images/case1.png"]
        await page.page.get_by_role("button", name="Delete").first.click()
        await studio.until(lambda: list(studio.cases) == ["case0"])
        await page.page.check("#doubtful")
        await page.page.click("text=Yes, keep them")
        await page.page.click("#withdraw")
        assert not await page.page.is_checked("#doubtful")
        await page.page.keyboard.press("Escape")
        assert await page.page.is_hidden("#cases")
        assert page.errors == []


async def test_doubtful_results_are_kept_by_themselves_where_one_has_said_so(
    browser: Browser, studio: StubStudioServer
) -> None:
    studio.doubts = ["borders"]
    async with studio_page(browser, studio, disc("a.png")) as page:
        assert "the subject touches all borders" in await page.text("#facts")
        assert studio.cases == {}
        await page.page.click("#cases-open")
        await page.page.check("#doubtful")
        await page.page.click("text=Yes, keep them")
        await page.page.click("#cases-close")
        await page.page.set_input_files("#more", disc("b.png", 4))
        await studio.until(lambda: len(studio.cases) == 1)
        [case] = studio.cases.values()
        # Its kind is for the server to guess.
        assert (case["file"], case["kind"], case["reason"]) == ("b.png", "other", "doubtful")


async def test_a_server_that_keeps_no_hard_cases_says_so(
    browser: Browser, studio: StubStudioServer
) -> None:
    studio.keeps = False
    async with studio_page(browser, studio) as page:
        await page.page.click("#cases-open")
        await page.page.get_by_text("This server keeps none").wait_for()
        assert await page.page.is_hidden("#cases-export")

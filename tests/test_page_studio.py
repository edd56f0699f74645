"""The studio in a real browser: files brought, looked at, and taken away again."""

import asyncio
import base64
import shlex
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.async_api import Browser, FileChooser, FilePayload

from tests.browser import Visit, visit
from tests.clips import paint
from tests.stub_call_server import Refusal
from tests.stub_studio_server import StubStudioServer, encode
from tests.test_page_call import NAMELESS

pytestmark = pytest.mark.asyncio(loop_scope="module")

DROP = """(files) => {
  const transfer = new DataTransfer();
  for (const { name, type, text } of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  const how = { bubbles: true, cancelable: true, dataTransfer: transfer };
  document.querySelector("main").dispatchEvent(new DragEvent("drop", how));
}"""
DROP_FOLDER = """(names) => {
  const file = (name) => new File([name], name, { type: "text/plain" });
  const leaf = (name) => ({ isFile: true, file: (take) => take(file(name)) });
  const folder = (...batches) => ({
    isDirectory: true,
    createReader: () => ({ readEntries: (take) => take(batches.shift() ?? []) }),
  });
  const [first, ...rest] = names.map(leaf);
  const entry = folder([first, folder(rest.slice(1))], rest.slice(0, 1));
  const event = new DragEvent("drop", { bubbles: true, cancelable: true });
  const dataTransfer = { items: [{ webkitGetAsEntry: () => entry }], files: [] };
  Object.defineProperty(event, "dataTransfer", { value: dataTransfer });
  document.querySelector("main").dispatchEvent(event);
}"""
PASTE = """(name) => {
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File(["x"], name, { type: "text/plain" }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, clipboardData }));
}"""
PIXEL = """([selector, x, y]) => {
  const image = document.querySelector(selector);
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.drawImage(image, -x, -y);
  return [...context.getImageData(0, 0, 1, 1).data];
}"""
SHADES = """([from, to]) => {
  const canvas = document.querySelector("#lens-canvas");
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  const { data } = context.getImageData(width * from, 0, width * (to - from), height);
  return new Set(new Uint32Array(data.buffer)).size;
}"""
FOCUSED = "() => document.activeElement.id || document.activeElement.name"
BROKEN = FilePayload(name="broken.jpg", mimeType="image/jpeg", buffer=b"\xff\xd8\xff no more")
LARGE = FilePayload(name="large.png", mimeType="image/png", buffer=bytes(600_000))
TEXT = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"hello")


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


async def pixel(opened: Visit, selector: str, x: int, y: int) -> list[int]:
    return list(await opened.run(PIXEL, [selector, x, y]))


async def saved(opened: Visit, button: str) -> tuple[str, Path]:
    async with opened.page.expect_download() as download:
        await opened.page.click(button)
    file = await download.value
    return file.suggested_filename, await file.path()


def read(data: bytes) -> NDArray[Any]:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture


async def test_of_twenty_files_that_are_dropped_each_is_accounted_for(
    browser: Browser, studio: StubStudioServer
) -> None:
    files = [disc(f"disc {number}.png", number % 10) for number in range(18)]
    files[4:4] = [BROKEN]
    files[11:11] = [LARGE]
    packed = [
        {
            "name": file["name"],
            "type": file["mimeType"],
            "text": base64.b64encode(file["buffer"]).decode(),
        }
        for file in files
    ]
    async with studio_page(browser, studio) as page:
        await page.run(DROP, packed)
        await settled(page, 20)
        words = await rows(page)
        assert words[4] == "This picture cannot be decoded."
        assert words[11] == "Too large: 600 kB, at most 500 kB are taken. Nothing was sent."
        done = words[:4] + words[5:11] + words[12:]
        assert done == ["160 × 120, 0.25 s"] * 18
        assert await page.text("#summary") == "20 files: 18 done, 2 not done"
        assert await page.text("#announcer") == "20 files: 18 done, 2 not done"
        assert len(studio.requests) == 19
        assert page.errors == []


async def test_what_is_neither_picture_nor_clip_is_said_and_not_sent(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio, TEXT) as page:
        assert await rows(page) == ["Neither a picture nor a clip. Nothing was sent."]
        assert await page.text("#trouble-title") == "notes.txt was not matted"
        assert await page.page.is_hidden("#again")
        assert studio.requests == []


async def test_folders_are_gone_through_and_what_is_pasted_is_taken(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio) as page:
        await page.run(DROP_FOLDER, ["a", "b", "c", "d"])
        await settled(page, 4)
        names = page.page.locator("#list .file-name")
        assert sorted(await names.all_inner_texts()) == ["a", "b", "c", "d"]
        await page.run(PASTE, "pasted")
        await settled(page, 5)
        assert "pasted" in await names.all_inner_texts()


async def test_a_colour_is_laid_behind_at_once_and_a_picture_by_the_server(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio, disc("a.png"), disc("b.png", 3)) as page:
        assert (await pixel(page, "#right", 4, 4))[3] == 0
        await page.page.check("input[value='#00b140']", force=True)
        await page.page.wait_for_selector("#right[style*='rgb(0, 177, 64)']")
        assert len(studio.requests) == 2
        await page.page.check("input[value='picture:hills']", force=True)
        await studio.until(lambda: len(studio.requests) == 3)
        await settled(page, 2)
        assert studio.requests[-1]["background"] == "picture:hills"
        assert (await pixel(page, "#right", 4, 4)) == [255, 255, 255, 255]
        assert await rows(page) == ["160 × 120, 0.25 s", "Made with other settings"]
        await page.page.click("#apply")
        await page.page.wait_for_selector("#apply", state="hidden")
        assert studio.requests[-1]["file"] == "b.png"
        assert studio.requests[-1]["background"] == "picture:hills"


async def test_every_setting_is_shown_at_once_and_beside_what_was_before(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio, disc()) as page:
        assert studio.requests[-1]["model"] == "u2netp"
        await page.page.select_option("[name=model]", "people")
        await studio.until(lambda: studio.requests[-1]["model"] == "people")
        await page.page.select_option("[name=max_side]", "1024")
        await studio.until(lambda: studio.requests[-1]["max_side"] == "1024")
        await page.page.uncheck("[name=enable_gan]")
        await studio.until(lambda: studio.requests[-1]["enable_gan"] == "false")
        assert len(studio.requests) == 4
        await settled(page, 1)
        await look(page, "change")
        assert 0 < (await pixel(page, "#left", 10, 50))[3] < 255
        assert (await pixel(page, "#right", 10, 50))[3] in (0, 255)
        await page.page.reload()
        await page.page.wait_for_selector(".tile-picture img")
        assert await page.page.input_value("[name=model]") == "people"
        assert not await page.page.is_checked("[name=enable_gan]")


async def test_two_sides_are_compared_by_a_slider(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio, disc()) as page:
        await look(page, "before")
        assert await pixel(page, "#left", 4, 4) == [40, 80, 160, 255]
        assert (await pixel(page, "#right", 4, 4))[3] == 0
        await page.page.focus("#split")
        await page.page.keyboard.press("ArrowRight")
        split = "() => document.querySelector('#stage').style.getPropertyValue('--split')"
        assert await page.run(split) == "51%"
        said = await page.page.get_attribute("#split", "aria-valuetext")
        assert said == "51 % Before, the rest After"
        await look(page, "gan")
        assert (await page.text("#left-tag"), await page.text("#right-tag")) == (
            "GAN off",
            "GAN on",
        )
        assert studio.requests[-1]["enable_gan"] == "false"
        assert (await pixel(page, "#left", 10, 50))[3] in (0, 255)
        assert 0 < (await pixel(page, "#right", 10, 50))[3] < 255
        await look(page, "matte")
        assert await pixel(page, "#right", 50, 50) == [255, 255, 255, 255]
        assert await pixel(page, "#right", 4, 4) == [0, 0, 0, 255]
        assert await page.page.is_disabled("#split")


async def test_the_loupe_begins_at_the_edge_and_shows_both_sides_of_a_comparison(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio, disc()) as page:
        await look(page, "gan")
        await page.page.click("#loupe")
        assert await page.run(FOCUSED) == "lens"
        hard, soft = [await page.run(SHADES, half) for half in ([0, 0.5], [0.5, 1])]
        assert hard == 3  # red and the two of the checkerboard
        assert soft > 20
        first = await page.page.get_attribute("#lens", "aria-label")
        await page.page.keyboard.press("n")
        second = await page.page.get_attribute("#lens", "aria-label")
        assert first != second
        await page.page.select_option("[name=model]", "people")
        await studio.until(lambda: studio.requests[-1]["model"] == "people")
        await settled(page, 1)
        assert await page.page.get_attribute("#lens", "aria-label") == second
        await page.page.focus("#lens")
        for key in ("+", "ArrowLeft", "Shift+ArrowUp"):
            await page.page.keyboard.press(key)
        assert str(await page.page.get_attribute("#lens", "aria-label")).startswith(
            "Loupe, 8 times"
        )
        await page.page.hover("#stage", position={"x": 8, "y": 8})
        assert await page.run(SHADES, [0, 0.5]) == 2
        await page.page.keyboard.press("Escape")
        assert await page.page.is_hidden("#lens")
        assert await page.run(FOCUSED) == "loupe"


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
        command = shlex.split(str(await page.page.text_content("#request")))
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


async def test_a_full_server_is_asked_again_and_a_failure_can_be_tried_again(
    browser: Browser, studio: StubStudioServer
) -> None:
    studio.full = 1
    async with studio_page(browser, studio, disc()) as page:
        assert await rows(page) == ["160 × 120, 0.25 s"]
        studio.refusals["POST /api/remove-background"] = Refusal(500)
        await page.page.set_input_files("#more", disc("other.png"))
        await settled(page, 2)
        await page.page.locator("#list input").nth(1).check(force=True)
        assert await page.text("#trouble-text") == "The server answers 500."
        studio.refusals.clear()
        await page.page.click("#again")
        await page.state("live")
        assert await page.text("#summary") == "2 files: 2 done"


async def test_pictures_are_matted_and_saved_by_keyboard_alone(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio) as page:
        keyboard = page.page.keyboard
        choosers: asyncio.Queue[FileChooser] = asyncio.Queue()
        page.page.on("filechooser", choosers.put_nowait)

        async def tab_to(name: str) -> None:
            for _ in range(40):
                if await page.run(FOCUSED) == name:
                    return
                await keyboard.press("Tab")
            raise AssertionError(f"no Tab leads to {name}")

        await tab_to("files")
        await keyboard.press("Enter")
        async with asyncio.timeout(20):
            await (await choosers.get()).set_files([disc("a.png"), disc("b.png", 4)])
        await settled(page, 2)
        await tab_to("view")
        await keyboard.press("ArrowRight")
        await page.page.wait_for_selector("#stage.comparing")
        await tab_to("loupe")
        await keyboard.press("Enter")
        await tab_to("file")
        await keyboard.press("ArrowDown")
        assert "b.png" in await page.text("#list li:has(input:checked)")
        await keyboard.press("Delete")
        assert await page.text("#summary") == "1 file: 1 done"
        await tab_to("background")
        await keyboard.press("ArrowRight")
        await page.page.wait_for_selector("#right[style*='rgb(0, 177, 64)']")
        await tab_to("save")
        async with page.page.expect_download() as download:
            await keyboard.press("Enter")
        assert (await download.value).suggested_filename == "a.png"
        assert page.errors == []
        assert await page.run(NAMELESS) == []


async def test_the_studio_asks_for_the_token_and_leads_to_the_calls_and_back(
    browser: Browser, studio: StubStudioServer
) -> None:
    studio.token = "secret"
    async with visit(browser, f"{studio.url}/studio") as page:
        await page.page.get_by_text("This server wants a token").wait_for()
        await page.page.keyboard.type("secret")
        await page.page.keyboard.press("Enter")
        await page.page.wait_for_selector(".tile-picture img")
        await page.page.set_input_files("#files", disc())
        await settled(page, 1)
        assert await page.text("#summary") == "1 file: 1 done"
        await page.page.get_by_role("link", name="Calls").click()
        await page.page.wait_for_selector("#start")
        await page.page.get_by_role("link", name="Studio").click()
        await page.page.wait_for_selector("#files", state="attached")
        outside = [
            one for one in page.addresses if not one.removeprefix("blob:").startswith(studio.url)
        ]
        assert outside == []

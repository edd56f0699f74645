"""The studio in a real browser: files brought, worked off, and taken away again."""

import asyncio
import base64

import pytest
from playwright.async_api import Browser, FileChooser, FilePayload

from tests.browser import visit
from tests.stub_call_server import Refusal
from tests.stub_studio_server import StubStudioServer
from tests.studio import BROKEN, FOCUSED, disc, rows, settled, studio_page
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
LARGE = FilePayload(name="large.png", mimeType="image/png", buffer=bytes(600_000))
TEXT = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"hello")


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

"""The call page in a real browser with a drawn camera, before a server that only mirrors."""

from contextlib import AbstractAsyncContextManager
from typing import Literal

import pytest
from playwright.async_api import Browser, FilePayload

from tests.browser import Visit, visit
from tests.stub_call_server import Refusal, StubCallServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL = """localStorage["livematte-settings"] ??= '{"height":360}';"""
FULL = Refusal(503, "all sessions are in use", retry_after=60)
CAMERA_FAILS = """
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", "%s"); };
"""
TEXT = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"hello")
PICTURE = FilePayload(name="beach.png", mimeType="image/png", buffer=b"\x89PNG")
LARGE = FilePayload(name="large.png", mimeType="image/png", buffer=bytes(1_000_001))
NAMELESS = """() => [...document.querySelectorAll("button, input, select, video, canvas, summary")]
  .filter((one) => !one.ariaHidden && !one.ariaLabel && !one.textContent.trim())
  .filter((one) => !one.labels?.[0]?.textContent.trim())
  .map((one) => one.outerHTML)"""


def call_page(
    browser: Browser, server: StubCallServer, *, before: str = ""
) -> AbstractAsyncContextManager[Visit]:
    return visit(browser, server.url, before=SMALL + before)


async def choice(page: Visit) -> str:
    return str(await page.page.locator("input[name=background]:checked").get_attribute("value"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_asks_nobody_else_and_complains_of_nothing(
    browser: Browser, server: StubCallServer, scheme: Literal["light", "dark"]
) -> None:
    async with visit(browser, server.url, scheme=scheme) as page:
        await page.page.wait_for_selector(".tile-picture img")
        await page.page.wait_for_load_state("networkidle")
        assert page.errors == []
        outside = [address for address in page.addresses if not address.startswith(server.url)]
        assert all(address.startswith(f"blob:{server.url}") for address in outside)
        assert await page.run(NAMELESS) == []


async def test_backgrounds_are_chosen_by_keyboard(browser: Browser, server: StubCallServer) -> None:
    async with call_page(browser, server) as page:
        await page.page.wait_for_selector(".tile")
        assert await choice(page) == "blur"
        focused = "() => document.activeElement.name ?? ''"
        for _ in range(12):
            await page.page.keyboard.press("Tab")
            if await page.run(focused) == "background":
                break
        assert await page.run(focused) == "background"
        outline = "() => getComputedStyle(document.activeElement.nextSibling).outlineStyle"
        assert await page.run(outline) == "dashed"
        await page.page.keyboard.press("ArrowRight")
        assert await choice(page) == "transparent"
        assert await page.text("#announcer") == "Background: Transparent"


async def test_a_blur_has_a_radius(browser: Browser, server: StubCallServer) -> None:
    async with call_page(browser, server) as page:
        await page.page.wait_for_selector(".tile")
        assert await page.text("#blur output") == "automatic"
        await page.page.focus("#radius")
        await page.page.keyboard.press("ArrowRight")
        assert await page.text("#blur output") == "21 px"
        await page.page.check("input[value='picture:hills']")
        assert await page.page.is_hidden("#blur")
        await page.page.reload()
        await page.page.wait_for_selector(".tile")
        assert await choice(page) == "picture:hills"


@pytest.mark.parametrize(("file", "words"), [(TEXT, "not a picture"), (LARGE, "larger than 1 MB")])
async def test_what_cannot_be_a_background_is_not_even_sent(
    browser: Browser, server: StubCallServer, file: FilePayload, words: str
) -> None:
    async with call_page(browser, server) as page:
        await page.page.wait_for_selector(".tile")
        await page.page.set_input_files("#upload", file)
        assert words in await page.text("#upload-problem")
        assert "POST /backgrounds" not in server.asked


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal(413), "larger than 1 MB"),
        (Refusal(415), "not a picture"),
        (Refusal(422, "The picture has 200 megapixels: at most 10."), "200 megapixels"),
        (Refusal(500), "it answers 500"),
    ],
)
async def test_a_refused_upload_is_told_in_words(
    browser: Browser, server: StubCallServer, refusal: Refusal, words: str
) -> None:
    server.refusals["POST /backgrounds"] = refusal
    async with call_page(browser, server) as page:
        await page.page.wait_for_selector(".tile")
        await page.page.set_input_files("#upload", PICTURE)
        await page.page.wait_for_selector("#upload-problem:not(:empty)")
        assert words in await page.text("#upload-problem")
        assert await choice(page) == "blur"


async def test_an_upload_is_chosen_and_can_be_removed(
    browser: Browser, server: StubCallServer
) -> None:
    async with call_page(browser, server) as page:
        await page.page.wait_for_selector(".tile")
        await page.page.set_input_files("#upload", PICTURE)
        button = page.page.get_by_role("button", name="Remove beach.png")
        await button.wait_for()
        assert await choice(page) == f"picture:{server.uploads[0]['id']}"
        await button.click()
        await button.wait_for(state="detached")
        assert await choice(page) == "blur"
        assert server.asked[-1] == f"DELETE /backgrounds/{server.uploads[0]['id']}"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("NotFoundError", "No camera found"),
        ("NotAllowedError", "The camera was refused"),
        ("NotReadableError", "The camera is in use"),
        ("OverconstrainedError", "The camera cannot do that"),
        ("NotSupportedError", "No camera without a secure connection"),
        ("TypeError", "The camera did not start"),
    ],
)
async def test_a_camera_that_does_not_start_is_told_in_words(
    browser: Browser, server: StubCallServer, error: str, words: str
) -> None:
    async with call_page(browser, server, before=CAMERA_FAILS % error) as page:
        await page.page.click("#start")
        await page.state("failed")
        assert await page.text("#notice-title") == words
        assert await page.page.get_attribute("#notice", "role") == "alert"
        assert await page.text("#retry") == "Try again"
        assert "POST /offer" not in server.asked


async def test_a_full_server_is_told_with_a_retry_that_lets_in(
    browser: Browser, server: StubCallServer
) -> None:
    server.refusals["POST /offer"] = FULL
    async with call_page(browser, server) as page:
        await page.page.click("#start")
        await page.state("waiting")
        assert await page.text("#notice-title") == "The server is full"
        assert await page.text("#countdown") == "Trying again in 60 s"
        server.refusals.clear()
        await page.page.click("#retry")
        await page.state("live")
        assert page.errors == []


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal(403), "This page may not call this server"),
        (Refusal(409), "That name is taken"),
        (Refusal(422), "The server cannot serve this browser"),
        (Refusal(400), "The server refused the call"),
    ],
)
async def test_what_no_retry_mends_ends_the_call_and_frees_the_camera(
    browser: Browser, server: StubCallServer, refusal: Refusal, words: str
) -> None:
    server.refusals["POST /offer"] = refusal
    async with call_page(browser, server) as page:
        await page.page.click("#start")
        await page.state("failed")
        assert await page.text("#notice-title") == words
        assert await page.run("() => document.querySelector('#before').srcObject === null")


async def test_a_server_that_is_broken_at_first_is_asked_again(
    browser: Browser, server: StubCallServer
) -> None:
    server.refusals["GET /settings"] = Refusal(500)
    async with call_page(browser, server) as page:
        await page.state("waiting")
        assert await page.text("#notice-title") == "The server made a mistake"
        server.refusals.clear()
        await page.state("idle")
        await page.page.wait_for_selector(".tile")


async def test_the_token_is_asked_for_and_kept(browser: Browser, server: StubCallServer) -> None:
    server.token = "secret"
    async with call_page(browser, server) as page:
        await page.state("failed")
        assert await page.text("#notice-title") == "This server wants a token"
        await page.page.keyboard.type("wrong")
        await page.page.keyboard.press("Enter")
        await page.page.get_by_text("That is not the token").wait_for()
        await page.page.keyboard.type("secret")
        await page.page.keyboard.press("Enter")
        await page.page.wait_for_selector(".tile-picture img")
        await page.page.reload()
        await page.page.wait_for_selector(".tile-picture img")


async def test_a_token_in_the_address_leaves_the_address_bar(
    browser: Browser, server: StubCallServer
) -> None:
    server.token = "secret"
    async with visit(browser, f"{server.url}/#token=secret") as page:
        await page.page.wait_for_selector(".tile-picture img")
        assert page.page.url == f"{server.url}/"


async def test_a_call_from_start_to_stop(browser: Browser, server: StubCallServer) -> None:
    async with call_page(browser, server) as page:
        await page.page.wait_for_selector(".tile")
        await page.page.focus("#start")
        await page.page.keyboard.press("Enter")
        await page.state("live")
        assert await page.text("#status") == "Live"
        await page.page.wait_for_function(
            "() => document.querySelector('#after').videoWidth === 640"
        )

        await page.page.get_by_text("30 of 30").wait_for()
        assert await page.text("[data-stat=quality]") == "step 1 of 4"
        assert "of a budget of 33" in str(await page.page.get_attribute("#chart", "aria-label"))

        await page.page.click("#compare")
        await page.page.focus("#split")
        await page.page.keyboard.press("ArrowLeft")
        split = "() => document.querySelector('#stage').style.getPropertyValue('--split')"
        assert await page.run(split) == "49%"

        await page.page.check("input[value='#00b140']")
        await page.page.check("input[name=refine][value=off]", force=True)
        await page.page.click("#matte")
        await server.until(lambda: server.options["show"] == "matte")
        assert server.options["background"] == "#00b140"
        assert server.options["refine"] == "off"

        await page.page.check("input[value=transparent]")
        await page.page.wait_for_selector("#after-alpha:not([hidden])[height='172']")

        await page.page.check("#share")
        await server.until(lambda: bool(server.options["stream"]))
        link = await page.page.input_value("#link")
        assert link == f"{server.url}/player?stream={server.options['stream']}"

        await page.page.click("#stop")
        await page.state("idle")
        await server.until(lambda: server.sessions == 0)
        assert page.errors == []


async def test_a_lost_call_comes_back_and_a_reload_goes_on(
    browser: Browser, server: StubCallServer
) -> None:
    async with call_page(browser, server) as page:
        await page.page.click("#start")
        await page.state("live")
        server.refusals["POST /offer"] = FULL
        await server.hang_up()
        await page.page.get_by_text("The server is full").wait_for()
        server.refusals.clear()
        await page.page.click("#retry")
        await page.state("live")
        await page.page.reload()
        await page.state("live")
        await server.until(lambda: server.sessions == 1)
        assert page.errors == []


async def test_another_resolution_needs_no_new_call(
    browser: Browser, server: StubCallServer
) -> None:
    async with call_page(browser, server) as page:
        await page.page.click("#start")
        await page.state("live")
        await page.page.select_option("#height", "480")
        await page.page.wait_for_function(
            "() => document.querySelector('#before').videoHeight === 480"
        )
        await page.page.click("#microphone")
        await page.page.wait_for_selector("#microphone[aria-pressed=true]")
        assert server.asked.count("POST /offer") == 1
        assert page.errors == []

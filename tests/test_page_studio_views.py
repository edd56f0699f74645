"""The studio in a real browser: what is seen of a picture, and what the settings do to it."""

import pytest
from playwright.async_api import Browser

from tests.browser import Visit
from tests.stub_studio_server import StubStudioServer
from tests.studio import FOCUSED, disc, look, rows, settled, studio_page

pytestmark = pytest.mark.asyncio(loop_scope="module")

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


async def pixel(opened: Visit, selector: str, x: int, y: int) -> list[int]:
    return list(await opened.run(PIXEL, [selector, x, y]))


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

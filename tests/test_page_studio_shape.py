"""Subject, shape and colours in the studio: asked for, shown, and taken back."""

import pytest
from playwright.async_api import Browser

from tests.browser import Visit
from tests.stub_call_server import PICTURES
from tests.stub_studio_server import StubStudioServer
from tests.studio import disc, look, settled, studio_page
from tests.test_page_call import NAMELESS

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHAPE = {"keep", "opening", "closing", "smallest", "shift", "feather", "gamma", "correct_colours"}


def shape(request: dict[str, str]) -> dict[str, str]:
    """What a request said of it."""
    return {name: value for name, value in request.items() if name in SHAPE}


async def unfold(page: Visit) -> None:
    await page.page.click("#shape summary")
    await page.page.wait_for_selector("#shape[open]")


async def asked(page: Visit, studio: StubStudioServer, count: int) -> dict[str, str]:
    """What the request with this number said of it, once its result is shown."""
    await studio.until(lambda: len(studio.requests) >= count)
    await settled(page, 1)
    return shape(studio.requests[count - 1])


async def test_sliders_are_moved_by_keyboard_and_ask_for_that_alone(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio, disc()) as page:
        assert shape(studio.requests[0]) == {}
        await unfold(page)
        await page.page.focus("[name=shift]")
        await page.page.keyboard.press("ArrowLeft")
        assert await asked(page, studio, 2) == {"shift": "-1"}
        assert "1 pixel inward" in await page.text("label:has([name=shift])")
        await page.page.uncheck("[name=correct_colours]")
        assert await asked(page, studio, 3) == {"shift": "-1", "correct_colours": "false"}
        assert "-F 'shift=-1'" in (await page.page.text_content("#request") or "")
        await page.page.click("#shape-reset")
        await page.page.wait_for_selector("#shape-reset:disabled")
        await settled(page, 1)
        assert len(studio.requests) == 3
        assert page.errors == []
        assert await page.run(NAMELESS) == []


async def test_the_subject_at_a_point_is_clicked_in_the_picture_or_set_by_keyboard(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio, disc()) as page:
        await unfold(page)
        await page.page.select_option("[name=keep]", label="The one at a point")
        assert await asked(page, studio, 2) == {"keep": "0.5,0.5"}
        box = await page.page.locator("#stage").bounding_box()
        assert box
        place = (box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
        await page.page.mouse.click(*place)
        assert await asked(page, studio, 3) == {"keep": "0.25,0.75"}
        await page.page.focus("#point-x")
        await page.page.keyboard.press("ArrowRight")
        assert await asked(page, studio, 4) == {"keep": "0.26,0.75"}
        await look(page, "before")
        await page.page.mouse.click(*place)
        assert await page.page.input_value("#point-x") == "0.26"
        await page.page.select_option("[name=keep]", "largest")
        assert await asked(page, studio, 5) == {"keep": "largest"}
        assert await page.page.is_hidden("#point")


async def test_what_was_set_is_there_on_the_next_visit(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio, disc()) as page:
        await unfold(page)
        await page.page.fill("[name=feather]", "6")
        assert await asked(page, studio, 2) == {"feather": "6"}
        await page.page.reload()
        await page.page.wait_for_selector(".tile-picture img")
        await page.page.set_input_files("#files", disc())
        assert await asked(page, studio, 3) == {"feather": "6"}
        words = await page.page.text_content("label:has([name=feather]) .amount")
        assert words == "6 pixels outside"


async def test_a_point_is_there_on_the_next_visit_and_nobody_else_comes_back(
    browser: Browser, studio: StubStudioServer
) -> None:
    async with studio_page(browser, studio, disc()) as page:
        await unfold(page)
        await page.page.select_option("[name=keep]", label="The one at a point")
        assert await asked(page, studio, 2) == {"keep": "0.5,0.5"}
        await page.page.focus("#point-x")
        await page.page.keyboard.press("ArrowRight")
        assert await asked(page, studio, 3) == {"keep": "0.51,0.5"}
        await page.page.reload()
        await page.page.wait_for_selector(".tile-picture img")
        await page.page.set_input_files("#files", disc())
        assert await asked(page, studio, 4) == {"keep": "0.51,0.5"}
        assert await page.page.input_value("#point-x") == "0.51"


async def test_what_refines_the_edge_is_chosen_where_the_server_has_more_than_the_generator(
    browser: Browser, studio: StubStudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with studio_page(browser, studio, disc()) as page:
        assert "edges" not in studio.requests[0]
        await page.page.select_option("[name=edges]", label="Closed form")
        await asked(page, studio, 2)
        assert studio.requests[1]["edges"] == "closed-form"
    monkeypatch.setitem(PICTURES, "edges", ["gan"])
    async with studio_page(browser, studio, disc()) as page:
        assert await page.page.is_hidden("[name=edges]")

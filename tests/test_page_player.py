"""player.js in a real browser: stacked alpha becomes a canvas that is truly transparent."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.async_api import Browser

from tests.browser import visit
from tests.stub_call_server import RED, StubCallServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

RENDERERS = ("webgl", "2d")
NEAR = 3
"""Of 255: a canvas' stream is YUV."""

PLAY = """
async ({ renderer, layout, width, height, boxes, keepSize }) => {
  const { attachTransparentPlayer } = await import("/static/js/player.js");
  const source = Object.assign(document.createElement("canvas"), { width, height });
  const brush = source.getContext("2d");
  const paint = () => {
    for (const [colour, x, y, w, h] of boxes) {
      brush.fillStyle = colour;
      brush.fillRect(x, y, w, h);
    }
  };
  paint();
  setInterval(paint, 40);
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = source.captureStream(25);
  const [wide, high] = keepSize ?? [300, 150];
  const canvas = Object.assign(document.createElement("canvas"), { width: wide, height: high });
  document.body.append(canvas);
  let shown = 0; // the first picture of a canvas' stream may be black
  return new Promise((resolve) => {
    const player = attachTransparentPlayer(video, canvas, layout, {
      renderer,
      keepSize: Boolean(keepSize),
      onmismatch: (width, height) => resolve({ mismatch: [width, height], was: canvas.width }),
      onpicture: () => ++shown > 2 && resolve({ ...read(canvas), renderer: player.renderer }),
    });
    video.play();
  });
  function read(canvas) {
    const { width, height } = canvas;
    const gl = renderer === "webgl" && canvas.getContext("webgl");
    if (!gl) {
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      return { width, height, pixels: [...data] };
    }
    const pixels = new Uint8Array(width * height * 4);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return { width, height, pixels: [...pixels], upwards: true };
  }
}
"""


@dataclass(frozen=True)
class Layout:
    width: int = 64
    height: int = 48
    guard: int = 16
    stacked: bool = True


Box = tuple[str, int, int, int, int]
"""CSS colour, left, top, width and height in px."""


async def play(
    browser: Browser,
    server: StubCallServer,
    renderer: str,
    boxes: list[Box],
    *,
    layout: Layout | None = None,
    size: tuple[int, int] = (64, 112),
    keep_size: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """A picture of coloured boxes on black, sent through a video element and the player."""
    asked = {
        "renderer": renderer,
        "layout": vars(layout or Layout()),
        "width": size[0],
        "height": size[1],
        "keepSize": keep_size,
        "boxes": [("#000", 0, 0, *size), *boxes],
    }
    async with visit(browser, f"{server.url}/player") as page:
        told = await page.run(PLAY, asked)
        assert page.errors == []
        assert isinstance(told, dict)
        return told


def picture(told: dict[str, Any]) -> NDArray[np.uint8]:
    """(height, width, 4), RGBA as the canvas holds it: premultiplied with WebGL, straight in 2D."""
    assert "pixels" in told, told
    shape = (told["height"], told["width"], 4)
    pixels = np.array(told["pixels"], np.uint8).reshape(shape)
    return pixels[::-1] if told.get("upwards") else pixels


@pytest.mark.parametrize("renderer", RENDERERS)
async def test_what_is_not_there_is_transparent_and_the_rest_opaque(
    browser: Browser, server: StubCallServer, renderer: str
) -> None:
    red: Box = ("rgb(200 40 40)", 0, 0, 32, 56)
    there: Box = ("#fff", 0, 56, 32, 56)
    told = await play(browser, server, renderer, [red, there])
    pixels = picture(told)
    assert told["renderer"] == renderer
    assert pixels.shape == (48, 64, 4)
    assert (pixels[:, :31, 3] == 255).all()
    assert (pixels[:, 33:] == 0).all()
    np.testing.assert_allclose(pixels[:, :31, :3].mean((0, 1)), RED, atol=NEAR)


@pytest.mark.parametrize(("renderer", "red"), [("webgl", 100), ("2d", 200)])
async def test_what_is_half_there_is_half_transparent(
    browser: Browser, server: StubCallServer, renderer: str, red: int
) -> None:
    """Sent premultiplied; a WebGL canvas holds it so, a 2D canvas gives it back straight."""
    half: Box = ("rgb(100 0 0)", 0, 0, 64, 56)
    alpha: Box = ("rgb(128 128 128)", 0, 56, 64, 56)
    pixels = picture(await play(browser, server, renderer, [half, alpha]))
    np.testing.assert_allclose(pixels[..., 3], 128, atol=NEAR)
    np.testing.assert_allclose(pixels[..., 0], red, atol=2 * NEAR)


@pytest.mark.parametrize("renderer", RENDERERS)
async def test_a_codecs_noise_makes_nothing_show_through(
    browser: Browser, server: StubCallServer, renderer: str
) -> None:
    alpha: list[Box] = [("rgb(3 3 3)", 0, 56, 32, 56), ("rgb(252 252 252)", 32, 56, 32, 56)]
    pixels = picture(await play(browser, server, renderer, [("#777", 0, 0, 64, 56), *alpha]))
    assert (pixels[:, :31] == 0).all()
    assert (pixels[:, 33:, 3] == 255).all()


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("keep_size", [None, (64, 480), (40, 30)])
async def test_guard_rows_never_bleed(
    browser: Browser, server: StubCallServer, renderer: str, keep_size: tuple[int, int] | None
) -> None:
    """Were a guard row read, the last row would be brighter and the first one less transparent."""
    colour: Box = ("rgb(60 60 60)", 0, 0, 64, 48)
    guard: Box = ("#fff", 0, 48, 64, 16)
    alpha: Box = ("#fff", 0, 88, 64, 24)
    boxes = [colour, guard, alpha]
    pixels = picture(await play(browser, server, renderer, boxes, keep_size=keep_size))
    half = len(pixels) // 2
    assert pixels.shape[:2] == (keep_size or (64, 48))[::-1]
    assert (pixels[: half - 10 if keep_size else half - 1] == 0).all()
    assert (pixels[half + 10 if keep_size else half + 1 :, :, 3] == 255).all()
    np.testing.assert_allclose(pixels[-1, :, :3], 60, atol=NEAR)


@pytest.mark.parametrize("renderer", RENDERERS)
async def test_a_picture_scaled_on_its_way_has_no_seam(
    browser: Browser, server: StubCallServer, renderer: str
) -> None:
    """At three quarters, where a row of the picture is half colour and half guard."""
    layout = Layout(height=50)
    boxes: list[Box] = [("#fff", 0, 20, 48, 24), ("#fff", 0, 70, 48, 17)]
    told = await play(browser, server, renderer, boxes, layout=layout, size=(48, 87))
    pixels = picture(told)
    assert pixels.shape == (38, 48, 4)
    assert (pixels[0] == 0).all()
    np.testing.assert_allclose(pixels[-1], 255, atol=NEAR)


@pytest.mark.parametrize("renderer", RENDERERS)
async def test_an_ordinary_picture_is_shown_as_it_is(
    browser: Browser, server: StubCallServer, renderer: str
) -> None:
    plain = Layout(stacked=False)
    green: Box = ("rgb(0 160 80)", 0, 0, 64, 48)
    told = await play(browser, server, renderer, [green], layout=plain, size=(64, 48))
    pixels = picture(told)
    assert (pixels[..., 3] == 255).all()
    np.testing.assert_allclose(pixels[..., :3].mean((0, 1)), (0, 160, 80), atol=NEAR)


async def test_a_picture_of_another_shape_is_not_shown(
    browser: Browser, server: StubCallServer
) -> None:
    """An ordinary picture cut in two would be garbage, a stacked one shown whole a double."""
    told = await play(browser, server, "webgl", [("#0f0", 0, 0, 64, 48)], size=(64, 48))
    assert told == {"mismatch": [64, 48], "was": 300}


@pytest.mark.parametrize("renderer", RENDERERS)
async def test_the_player_page_lets_through_what_lies_under_it(
    browser: Browser, server: StubCallServer, renderer: str
) -> None:
    """From a WHEP server through VP8 onto a page that has no colour of its own."""
    server.shared = True
    address = f"{server.url}/player?stream=anna&renderer={renderer}#token=secret"
    async with visit(browser, address) as page:
        await page.state("live")
        assert await page.text("#words") == ""
        shot = await page.page.screenshot(omit_background=True)
        await page.page.goto("about:blank")
        assert page.errors == []
    pixels = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    middle = pixels[200:600]
    assert (middle[:, 600:900] == 0).all()
    assert (middle[:, 200:500, 3] == 255).all()
    np.testing.assert_allclose(middle[:, 200:500, 2::-1].mean((0, 1)), RED, atol=2 * NEAR)
    await server.until(lambda: server.sessions == 0)


async def test_the_player_comes_back_when_the_stream_does(
    browser: Browser, server: StubCallServer
) -> None:
    async with visit(browser, f"{server.url}/player?stream=anna") as page:
        await page.state("waiting")
        assert "Nobody shares under this name" in await page.text("#words")
        server.shared = True
        await page.state("live")
        await server.hang_up()
        await page.state("waiting")
        await page.state("live")
        assert await page.text("#words") == ""


async def test_on_air_the_player_has_no_words(browser: Browser, server: StubCallServer) -> None:
    """OBS' browser source says what it is."""
    address = f"{server.url}/player?stream=anna"
    async with visit(browser, address, before="window.obsstudio = {}") as page:
        await page.state("waiting")
        assert await page.text("#words") == ""


async def test_a_player_without_a_name_says_what_it_wants(
    browser: Browser, server: StubCallServer
) -> None:
    async with visit(browser, f"{server.url}/player") as page:
        await page.page.wait_for_selector("#words:not(:empty)")
        assert "/player?stream=NAME" in await page.text("#words")
        assert page.errors == []

"""Chromium for the tests of the page: found, started, and watched for what it should not do."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
DRAWN_BY_THE_PROCESSOR = ("--disable-gpu", "--enable-unsafe-swiftshader")
"""The second: WebGL without a graphics card."""


@asynccontextmanager
async def chromium(camera: Path | None = None) -> AsyncIterator[Browser]:
    """One browser with a drawn camera, or one that plays a file of YUV4MPEG2 again and again.

    Skips the test where there is none.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium, or make test as root")
    plays = [f"--use-file-for-fake-video-capture={camera}"] if camera else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path,
            args=[*QUIET, *CAMERA, *DRAWN_BY_THE_PROCESSOR, *plays],
            chromium_sandbox=False,
        )
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Visit:
    """A page, and what it said and asked for since it was opened."""

    page: Page
    errors: list[str] = field(default_factory=list)
    """Of scripts and of the console, but for answers that a test has made fail."""
    addresses: list[str] = field(default_factory=list)

    def _log(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def _ask(self, request: Request) -> None:
        self.addresses.append(request.url)

    def watch(self) -> None:
        self.page.on("console", self._log)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._ask)

    async def state(self, name: str) -> None:
        """Wait until the page is in that state."""
        await self.page.wait_for_selector(f"body[data-state={name}]", timeout=20_000)

    async def text(self, selector: str) -> str:
        return await self.page.locator(selector).inner_text()

    async def run(self, script: str, argument: object = None) -> Any:
        return await self.page.evaluate(script, argument)


@asynccontextmanager
async def visit(
    browser: Browser,
    address: str,
    *,
    scheme: Literal["light", "dark"] = "light",
    before: str = "",
) -> AsyncIterator[Visit]:
    """Open a page in a profile of its own; `before` is a script that runs first."""
    context = await browser.new_context(
        viewport={"width": 1100, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    await context.grant_permissions(["camera", "microphone"])
    page = await context.new_page()
    if before:
        await page.add_init_script(before)
    opened = Visit(page)
    opened.watch()
    try:
        await page.goto(address)
        yield opened
    finally:
        await context.close()

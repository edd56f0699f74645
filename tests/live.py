"""Live sessions without a network, and what comes out of them."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import av
import av.container
import numpy as np

from pipeline.frame import RgbImage
from pipeline.matting import Matting
from stream.background import open_background
from stream.live.address import sink_address, source_address
from stream.live.report import Report
from stream.live.session import run_live
from tests.clips import RedSegmenter, Sound, make_clip

PATIENCE_S = 120
RATE = 25
_SOON = {"analyzeduration": "500000", "fpsprobesize": "0"}


def loop_of_the_disc(folder: Path) -> Path:
    """A second of the disc before the wall, with a tone, to be sent over and over."""
    options = {"g": "5", "tune": "zerolatency"}
    return make_clip(folder / "loop.mp4", frames=RATE, options=options, sound=Sound(seconds=1.0))


def shows_wall(rgb: RgbImage) -> bool:
    red, green, blue = np.moveaxis(rgb.astype(int), 2, 0)
    return bool(((blue > red + 60) & (blue > green + 40)).mean() > 0.03)


def shows_disc(rgb: RgbImage) -> bool:
    red, green, blue = np.moveaxis(rgb.astype(int), 2, 0)
    return bool(((red > green + 60) & (red > blue + 60)).mean() > 0.05)


def shows_nobody(rgb: RgbImage) -> bool:
    return not shows_disc(rgb)


@asynccontextmanager
async def live(source: str, sink: str) -> AsyncIterator[None]:
    """A session that goes on meanwhile, before green."""
    matting = Matting(RedSegmenter(), open_background("green"))
    ends = source_address(source), sink_address(sink)
    task = asyncio.create_task(run_live(ends[0], matting, ends[1], report=Report()))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Receiver:
    """What a sink was sent, through a program that gives it as MPEG-TS on standard output."""

    def __init__(self, *command: str, format: str = "mpegts") -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0
        )
        self._format = format
        self.has_sound = False
        self._pictures = self._decoded()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout
        self._pictures.close()
        self._process.stdout.close()

    async def until(self, wanted: Callable[[RgbImage], bool]) -> None:
        """Wait for such a picture. The wall is in none before it."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                picture = await asyncio.to_thread(next, self._pictures, None)
                assert picture is not None, "nothing more comes"
                assert not shows_wall(picture)
                if wanted(picture):
                    return

    def _decoded(self) -> Generator[RgbImage, None, None]:
        container = av.open(self._process.stdout, format=self._format, options=_SOON)
        assert isinstance(container, av.container.InputContainer)
        with container:
            self.has_sound = bool(container.streams.audio)
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24").astype(np.uint8)

"""A camera whose room holds a marker, and what helps to find that marker on the other side."""

import asyncio
import threading
from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from pipeline.composite import Background, solid
from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.segment import Segmenter
from pipeline.subject import WHOLE, Look
from stream.server.call import Call
from stream.server.options import CallOptions

MARKER = (255, 0, 255)
"""In the room, never in the foreground: wherever it is seen, the room is seen."""
PERSON = (230, 200, 60)
ROOM = (60, 60, 60)
SIZE = (160, 120)
_CLOCK = Fraction(1, 90_000)


def room(size: tuple[int, int] = SIZE) -> RgbImage:
    """The person on the left half, the marker in the room on the right."""
    width, height = size
    picture = np.full((height, width, 3), ROOM, np.uint8)
    picture[:, : width // 2] = PERSON
    picture[height // 8 : -height // 8, width * 5 // 8 :] = MARKER
    return picture


def shows_marker(rgb: RgbImage) -> bool:
    """Whether anything of the marker's colour is where it lies, a hundredth of it or more.

    Not a pixel: a decoder that has lost its key frame paints all colours for a while.
    """
    there = rgb[:, rgb.shape[1] * 11 // 16 :]
    red, green, blue = (there[..., channel].astype(int) for channel in range(3))
    return bool(((red > 150) & (blue > 150) & (green < 110)).mean() > 0.01)


def shows_person(rgb: RgbImage) -> bool:
    height, width = rgb.shape[:2]
    middle = rgb[height // 2, width // 4].astype(int)
    return bool(np.abs(middle - PERSON).max() < 60)


class Half:
    """Takes the left half for foreground; may be told to fail, or to wait."""

    def __init__(self) -> None:
        self.calls = 0
        self.fails: Callable[[int], bool] = lambda call: False
        self.may_go = threading.Event()
        self.may_go.set()

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        self.calls += 1
        if self.fails(self.calls):
            raise RuntimeError(f"no matte for frame {self.calls}")
        assert self.may_go.wait(20)
        alpha = np.zeros((12, 16), np.float32)
        alpha[:, :8] = 1
        return alpha


class Rack:
    """One network and any background that is named in it, or a colour."""

    def __init__(self, segmenter: Segmenter, **backgrounds: Background) -> None:
        self._segmenter, self._backgrounds = segmenter, backgrounds

    async def network(self, name: str) -> Segmenter:
        return self._segmenter

    async def background(self, text: str) -> Background:
        if text.startswith("#"):
            return solid(*bytes.fromhex(text[1:]))
        if text not in self._backgrounds:
            raise OptionError(f"background {text!r}: no such")
        return self._backgrounds[text]


class Camera(MediaStreamTrack):
    """Gives `count` pictures of the room, or any number, at a rate."""

    kind = "video"

    def __init__(
        self, rate: float = 30.0, count: int | None = None, size: tuple[int, int] = SIZE
    ) -> None:
        super().__init__()
        self.size = size
        self.sent = 0
        self._rate, self._count = rate, count
        self._moved = asyncio.Event()

    async def goes_on(self, count: int) -> None:
        """Wait until so many more pictures are sent."""
        until = self.sent + count
        while self.sent < until:
            self._moved.clear()
            await self._moved.wait()

    async def recv(self) -> av.VideoFrame:
        if self.readyState != "live" or self.sent == self._count:
            self.stop()
            raise MediaStreamError
        await asyncio.sleep(1 / self._rate)
        video = av.VideoFrame.from_ndarray(room(self.size), "rgb24").reformat(format="yuv420p")
        video.pts, video.time_base = round(self.sent * 90_000 / self._rate), _CLOCK
        self.sent += 1
        self._moved.set()
        return video


class Microphone(MediaStreamTrack):
    """A tone, 20 ms at a time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._sent = 0

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(0.02)
        moments = np.arange(self._sent, self._sent + 960) / 48_000
        wave = (8000 * np.sin(2 * np.pi * 440 * moments)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2)[None], "s16", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self._sent, Fraction(1, 48_000)
        self._sent += 960
        return frame


async def pictures(track: MediaStreamTrack) -> list[RgbImage]:
    """All that a track shows until it ends."""
    seen = []
    try:
        while True:
            seen.append(rgb_of(await track.recv()))
    except MediaStreamError:
        return seen


async def until(track: MediaStreamTrack, wanted: Callable[[RgbImage], bool]) -> list[RgbImage]:
    """What a track shows up to the first picture that is wanted, which is the last in the list."""
    seen: list[RgbImage] = []
    async with asyncio.timeout(20):
        while not seen or not wanted(seen[-1]):
            seen.append(rgb_of(await track.recv()))
    return seen


def rgb_of(video: object) -> RgbImage:
    assert isinstance(video, av.VideoFrame)
    return video.to_ndarray(format="rgb24").astype(np.uint8)


async def open_call(
    segmenter: Segmenter, background: str = "#0000ff", **backgrounds: Background
) -> Call:
    return await Call.open(CallOptions(background=background), Rack(segmenter, **backgrounds))

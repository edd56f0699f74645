"""A call: one peer's video in, the person before another background out, never the room."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol, Self

from aiortc.mediastreams import MediaStreamTrack

from pipeline.composite import Background, Transparent
from pipeline.frame import Frame
from pipeline.matted import Matted
from pipeline.matting import Matting
from pipeline.refine import EdgeRefiner
from pipeline.segment import Segmenter
from stream.server.audio_delay import AudioDelay
from stream.server.matte_track import Fan
from stream.server.options import CallOptions
from stream.server.picture import curtain, picture_of
from stream.server.statistics import Statistics
from stream.server.track_source import TrackSource
from stream.session import LIVE, SessionStats, run_session
from stream.stacked import GUARD

logger = logging.getLogger(__name__)

_Parts = tuple[Segmenter, Background]

FAILURE = "The video cannot be matted at present, so the background is shown alone."
"""What peers are told of an error; the log says which, for it may name what is none of theirs."""
CURTAIN_SECONDS = 0.2
"""How often a peer is shown that there is nothing to show."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds between an error and the next attempt; each error in a row doubles them."""


class Wardrobe(Protocol):
    """Where a call finds what its options name."""

    async def network(self, name: str) -> Segmenter: ...

    def edges(self) -> EdgeRefiner | None:
        """A new one, for it keeps a state; None where edges are not refined."""

    async def background(self, text: str) -> Background:
        """A new one, for it may keep a state; raises OptionError."""


class Call:
    """Mattes a track as its options say, for any number of viewers.

    Until there is a first result, and from an error to the next result, viewers see the background
    without anybody. An error ends nothing: the call tries again with a new pipeline.
    """

    def __init__(
        self, options: CallOptions, wardrobe: Wardrobe, rate: float, parts: _Parts
    ) -> None:
        self.options = options
        self.fan = Fan()
        self.statistics = Statistics()
        self.audio = AudioDelay(lambda: self.statistics.delay)
        self.error: str | None = None
        """Why nothing is matted at present."""
        self.failures = 0
        """Pipelines that an error ended."""
        self.layout: dict[str, int | bool] = _layout(0, 0, stacked=False)
        """How what is sent is laid out: the matte below the colours, or the colours alone."""
        self.on_layout: Callable[[dict[str, int | bool]], None] = lambda layout: None
        """Called before the first picture of another layout."""
        self._ended = asyncio.Event()
        self._wardrobe, self._rate = wardrobe, rate
        self._segmenter, self._background = parts
        self._matting = self._new_matting()
        self._shows, self._errors = False, 0
        self._changing = asyncio.Lock()

    @classmethod
    async def open(cls, options: CallOptions, wardrobe: Wardrobe, rate: float = math.inf) -> Self:
        """Raises OptionError or ModelError if what the options name is not to be had."""
        network = await wardrobe.network(options.model)
        background = await wardrobe.background(options.background)
        return cls(options, wardrobe, rate, (network, background))

    async def change(self, wanted: Mapping[str, object]) -> CallOptions:
        """From the next frame on; raises OptionError or ModelError, and then nothing is changed."""
        async with self._changing:
            new, old = self.options.changed(wanted), self.options
            segmenter, background = self._segmenter, self._background
            if new.model != old.model:
                segmenter = await self._wardrobe.network(new.model)
            if new.background != old.background:
                background = await self._wardrobe.background(new.background)
            self.options = new
            self._segmenter, self._background = segmenter, background
            self._apply(self._matting)
        return new

    async def run(self, video: MediaStreamTrack, audio: MediaStreamTrack | None = None) -> None:
        """Until the video ends; then the viewers' tracks end too."""
        source = TrackSource(video, self._rate)
        self.statistics.begin(source)
        try:
            async with asyncio.TaskGroup() as tasks:
                others = [tasks.create_task(self._draw_curtains(source))]
                if audio is not None:
                    others.append(tasks.create_task(self.audio.run(audio)))
                matting = tasks.create_task(self._matte(source))
                await source.drain()
                await matting
                for task in others:
                    task.cancel()
        finally:
            await self.aclose()

    async def ended(self) -> None:
        await self._ended.wait()

    async def aclose(self) -> None:
        """End the viewers' tracks; `run` does it too."""
        self._ended.set()
        await self.fan.aclose()
        await self.audio.aclose()

    async def show(self, make: Callable[[], Matted], frame: Frame, *, transparent: bool) -> None:
        """Have a picture made and shown, after whom it concerns has been told its layout."""
        show = self.options.show
        stacked = transparent and show == "composite"
        layout = _layout(frame.width // 2 * 2, frame.height // 2 * 2, stacked=stacked)
        if layout != self.layout:
            self.layout = layout
            self.on_layout(layout)
        await self.fan.show(lambda: picture_of(make(), show))

    async def _matte(self, source: TrackSource) -> None:
        """Begin again after every error, for as long as there are frames."""
        while True:
            sink = _ShowSink(self)
            try:
                return await self._session(source, sink)
            except Exception as error:  # whatever it was, the room stays hidden
                first = not self._errors
                logger.warning("a call shows its background alone: %s", error, exc_info=first)
            self._shows, self.error = False, FAILURE
            self._errors, self.failures = self._errors + 1, self.failures + 1
            await asyncio.sleep(min(FIRST_PAUSE * 2 ** min(self._errors, 9), LONGEST_PAUSE))
            self._matting = self._new_matting()

    async def _session(self, source: TrackSource, sink: "_ShowSink") -> None:
        self.statistics.watch(self._matting)
        await run_session(source, self._matting, sink, pace=LIVE, on_frame=self._note)

    def _note(self, stats: SessionStats, frame: Frame) -> None:
        self._shows, self._errors, self.error = True, 0, None
        self.statistics.note(stats, frame)

    async def _draw_curtains(self, source: TrackSource) -> None:
        drawn_at = -math.inf
        async for frame in source.arrivals:
            if not self._shows and time.monotonic() - drawn_at >= CURTAIN_SECONDS:
                drawn_at = time.monotonic()
                drawn = partial(curtain, frame, self._background)
                transparent = isinstance(self._background, Transparent)
                await self.show(drawn, frame, transparent=transparent)

    def _new_matting(self) -> Matting:
        matting = Matting(self._segmenter, self._background, edges=self._wardrobe.edges())
        self._apply(matting)
        return matting

    def _apply(self, matting: Matting) -> None:
        matting.segmenter, matting.background = self._segmenter, self._background
        matting.smooth, matting.refine = self.options.smooth, self.options.refine
        matting.ladder.budget = self.options.budget


def _layout(width: int, height: int, *, stacked: bool) -> dict[str, int | bool]:
    guard = GUARD if stacked else 0
    return {"stacked": stacked, "width": width, "height": height, "guard": guard}


class _ShowSink:
    """Hands what is matted to the call's viewers."""

    def __init__(self, call: Call) -> None:
        self.busy_seconds = 0.0
        self._call = call

    async def write(self, matted: Matted) -> None:
        await self._call.show(lambda: matted, matted.frame, transparent=matted.transparent)

    async def finish(self, *, complete: bool = True) -> None:
        pass

    async def aclose(self) -> None:
        pass

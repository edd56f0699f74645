"""A live sink: it breaks, and is opened again; meanwhile what comes for it is let go."""

import asyncio
import math
from dataclasses import replace

from pipeline.composite import Background
from pipeline.errors import SinkError
from pipeline.frame import Frame
from pipeline.matted import Matted
from stream.live.back_off import BackOff
from stream.live.clock import LiveClock, ticks
from stream.live.outlet import OpenOutlet, Outlet
from stream.live.report import Report
from stream.live.sound import SoundLine
from stream.server.picture import curtain, even

CURTAIN_AFTER_S = 1.0
"""Without a matted picture for so long, the background is shown alone."""
CURTAIN_EVERY_S = 0.2
SETTLED_S = 2.0
"""An outlet that lasts for so long works."""


class LiveSink:
    """Writes what was matted, and the background alone while nothing is, with the sound of `line`.

    Nothing else ever reaches the outlet. It is opened with the first picture.
    """

    def __init__(
        self,
        name: str,
        open_outlet: OpenOutlet,
        background: Background,
        clock: LiveClock,
        line: SoundLine,
        report: Report,
    ) -> None:
        self.busy_seconds = 0.0
        self._name, self._open, self._background = name, open_outlet, background
        self._clock, self._line, self._report = clock, line, report
        self._back_off = BackOff()
        self._outlet: Outlet | None = None
        self._lock = asyncio.Lock()
        self._opened_at = self._matted_at = self._retry_at = -math.inf
        self._like: Frame | None = None
        self._last_pts = -1
        self._closed = False

    async def write(self, matted: Matted) -> None:
        self._like, self._matted_at = matted.frame, self._clock.now()
        await self._show(matted)

    async def draw_curtains(self) -> None:
        """For as long as the session lasts."""
        while True:
            await asyncio.sleep(CURTAIN_EVERY_S)
            now = self._clock.now()
            if self._like is not None and now - self._matted_at >= CURTAIN_AFTER_S:
                like = replace(self._like, pts=ticks(now))
                await self._show(curtain(like, self._background))

    async def finish(self, *, complete: bool = True) -> None:
        """What was written is on its way; no curtain follows it."""
        self._closed = True

    async def aclose(self) -> None:
        self._closed = True
        async with self._lock:
            await self._close()

    async def _show(self, matted: Matted) -> None:
        async with self._lock:
            if self._closed or matted.frame.pts <= self._last_pts:
                return
            self._last_pts = matted.frame.pts
            shown = even(matted)
            try:
                if await self._is_open(shown):
                    assert self._outlet
                    await self._outlet.write(shown, self._line.take(shown.frame.seconds))
            except SinkError as error:
                if not self._closed:
                    await self._lost(str(error))

    async def _is_open(self, first: Matted) -> bool:
        now = self._clock.now()
        if self._outlet is None:
            self._line.take(first.frame.seconds)  # too early for whatever is opened now
        if self._outlet is None and now >= self._retry_at:
            self._outlet, self._opened_at = await self._open(first), now
        elif self._outlet is not None and now - self._opened_at > SETTLED_S:
            self._back_off.settled()
            self._report.say(self._name, "is being written to")
        return self._outlet is not None

    async def _lost(self, why: str) -> None:
        await self._close()
        self._retry_at = self._clock.now() + self._back_off.failed()
        self._report.say(self._name, f"{why}: trying again")

    async def _close(self) -> None:
        outlet, self._outlet = self._outlet, None
        if outlet is not None:
            await outlet.aclose()

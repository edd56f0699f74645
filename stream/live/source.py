"""A live source: it breaks, and is connected again, for as long as the session lasts."""

import asyncio
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import closing
from fractions import Fraction

from pipeline.errors import SourceError
from pipeline.frame import Frame
from stream.live.address import SourceAddress
from stream.live.back_off import FIRST_PAUSE_S, LONGEST_PAUSE_S, BackOff
from stream.live.clock import LiveClock
from stream.live.reader import LiveReader
from stream.live.report import Report
from stream.live.sound import SoundLine
from stream.worker import Worker, all_done


class LiveSource:
    """The pictures of a source as they come, and its sound in `line`; it never ends by itself.

    Leaving the iteration waits for what is under way: a picture, or the source's patience.
    """

    def __init__(
        self, address: SourceAddress, clock: LiveClock, line: SoundLine, report: Report
    ) -> None:
        self.busy_seconds = 0.0
        self.rate, self.has_sound = Fraction(0), False
        """Of its first connection; a later one's sound replaces that of the first."""
        self._address, self._clock, self._line, self._report = address, clock, line, report
        self._back_off = BackOff(FIRST_PAUSE_S if address.listens else LONGEST_PAUSE_S)
        self._stop = threading.Event()
        self._worker = Worker("decode")
        self._frames = self._connections()
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while (frame := await self._read()) is not None:
            yield frame

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._stop.set()
            await self._worker.run(self._frames.close)
            self._worker.close()

    async def _read(self) -> Frame | None:
        call = self._worker.start(self._next)
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            self._stop.set()
            await all_done([call])
            raise

    def _next(self) -> Frame | None:
        return next(self._frames, None)

    def _connections(self) -> Generator[Frame, None, None]:
        """What all of them give, one after another, until it is stopped."""
        while not self._stop.is_set():
            try:
                yield from self._connection()
            except SourceError as error:
                self._lost(str(error))

    def _connection(self) -> Iterator[Frame]:
        with closing(LiveReader(self._address, self._clock, self._line, self._stop.wait)) as reader:
            if not self.rate:
                self.rate, self.has_sound = reader.rate, reader.has_sound
            with closing(reader.frames()) as frames:
                for frame in frames:
                    if self._stop.is_set():
                        return
                    self._found(frame, reader)
                    yield frame

    def _found(self, frame: Frame, reader: LiveReader) -> None:
        self._back_off.settled()
        sound = "with sound" if reader.has_sound else "without sound"
        what = f"{frame.width}×{frame.height}, {float(reader.rate):.4g} a second, {sound}"
        self._report.say(self._address.name, what)

    def _lost(self, why: str) -> None:
        pause = self._back_off.failed()
        self._report.say(self._address.name, f"{why}: waiting for it, behind the background")
        self._stop.wait(pause)

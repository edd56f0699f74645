"""The networks that all calls share."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte, Frame
from pipeline.segment import Segmenter
from pipeline.subject import WHOLE, Look


class Turns:
    """Lets one in at a time, in the order in which they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._drawn = self._served = 0

    @property
    def waiting(self) -> int:
        """Those who wait, and not the one who is in."""
        return max(0, self._drawn - self._served - 1)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, and take it."""
        with self._changed:
            number, self._drawn = self._drawn, self._drawn + 1
            self._changed.wait_for(lambda: self._served == number)
        try:
            yield
        finally:
            with self._changed:
                self._served += 1
                self._changed.notify_all()


class InTurn:
    """A network that serves many calls, one frame at a time on all processors.

    A call asks for one frame at a time, so that serving in order of asking goes round among them.
    What a call waits counts as its network's time: the more calls, the further each one's quality
    steps down, and their frames do not get older.
    """

    def __init__(self, segmenter: Segmenter, turns: Turns) -> None:
        self._segmenter, self._turns = segmenter, turns

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        with self._turns.turn():
            return self._segmenter(frame, look)


class Networks:
    """The models that a call may choose, each loaded when it is first asked for.

    `loaders` by name; they run in a thread and raise ModelError.
    """

    def __init__(self, loaders: Mapping[str, Callable[[], Segmenter]]) -> None:
        self._loaders = dict(loaders)
        self._loaded: dict[str, Segmenter] = {}
        self._turns, self._loading = Turns(), asyncio.Lock()

    @property
    def names(self) -> list[str]:
        return list(self._loaders)

    async def get(self, name: str) -> Segmenter:
        if name not in self._loaders:
            raise OptionError(f"model {name!r}: one of {', '.join(self._loaders)}")
        if name in self._loaded:
            return self._loaded[name]
        async with self._loading:
            if name not in self._loaded:
                segmenter = await asyncio.to_thread(self._loaders[name])
                self._loaded[name] = InTurn(segmenter, self._turns)
        return self._loaded[name]

"""The matte itself as a picture, and two sinks as one."""

import numpy as np

from pipeline.colour import FULL_RANGE, ColourTags
from pipeline.frame import Frame
from pipeline.matted import Matted
from stream.convert import to_bytes
from stream.ends import Sink

_GREY = ColourTags(range=FULL_RANGE)


class MatteSink:
    """Writes alpha as a grey picture, black background to white foreground, to another sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    @property
    def busy_seconds(self) -> float:
        return self._sink.busy_seconds

    async def write(self, matted: Matted) -> None:
        luma = to_bytes(matted.alpha)
        neutral = np.full((-(-luma.shape[0] // 2), -(-luma.shape[1] // 2)), 128, np.uint8)
        planes = (luma, neutral, neutral)
        grey = Frame(planes, matted.frame.pts, matted.frame.time_base, _GREY)
        await self._sink.write(Matted(grey, matted.matte))

    async def finish(self, *, complete: bool = True) -> None:
        await self._sink.finish(complete=complete)

    async def aclose(self) -> None:
        await self._sink.aclose()


class Both:
    """Two sinks that get the same."""

    def __init__(self, first: Sink, second: Sink) -> None:
        self._sinks = first, second

    @property
    def busy_seconds(self) -> float:
        return sum(sink.busy_seconds for sink in self._sinks)

    async def write(self, matted: Matted) -> None:
        for sink in self._sinks:
            await sink.write(matted)

    async def finish(self, *, complete: bool = True) -> None:
        for sink in self._sinks:
            await sink.finish(complete=complete)

    async def aclose(self) -> None:
        for sink in self._sinks:
            await sink.aclose()

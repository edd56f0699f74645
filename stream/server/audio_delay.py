"""Sound that goes along with matted video."""

import asyncio
from collections.abc import Callable

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from stream.queues import FrameQueue, Overflow
from stream.server.matte_track import SlotTrack

HELD = 50
"""Frames of sound under way at most, of 20 ms each: a second."""
SLOTS = 10
"""Frames that may wait for a sender; then the oldest goes."""


class AudioDelay:
    """Holds a peer's sound back for as long as its picture takes, and hands it to any number.

    A receiver lays sound and picture beside each other by when each was sent; were the sound sent
    at once, it would be heard before the lips move.
    """

    def __init__(self, delay: Callable[[], float]) -> None:
        """`delay` gives how long the picture takes at present, in seconds."""
        self._delay = delay
        self._tracks: set[SlotTrack] = set()
        self._held: FrameQueue[tuple[float, av.AudioFrame]]
        self._held = FrameQueue(HELD, Overflow.DROP_OLDEST)

    def track(self) -> SlotTrack:
        """One more that hears everything from now on."""
        track = SlotTrack("audio", SLOTS)
        self._tracks.add(track)
        track.once("ended", lambda: self._tracks.discard(track))
        return track

    async def run(self, source: MediaStreamTrack) -> None:
        """Until the source ends."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._drain(source))
                tasks.create_task(self._release())
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """End all tracks."""
        for track in tuple(self._tracks):
            await track.aclose()

    async def _drain(self, source: MediaStreamTrack) -> None:
        clock = asyncio.get_running_loop().time
        try:
            while True:
                frame = await source.recv()
                if isinstance(frame, av.AudioFrame):
                    await self._held.put((clock(), frame))
        except MediaStreamError:
            await self._held.close()

    async def _release(self) -> None:
        clock = asyncio.get_running_loop().time
        async for arrived, frame in self._held:
            await asyncio.sleep(max(0.0, arrived + self._delay() - clock()))
            for track in tuple(self._tracks):
                await track.give(_copy(frame))


def _copy(frame: av.AudioFrame) -> av.AudioFrame:
    """Encoders write their own time stamps into what they are given."""
    copy = av.AudioFrame.from_ndarray(frame.to_ndarray(), frame.format.name, frame.layout.name)
    copy.sample_rate, copy.pts, copy.time_base = frame.sample_rate, frame.pts, frame.time_base
    return copy

"""What a call shows, as tracks that aiortc sends."""

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from pipeline.frame import Frame
from stream.convert import video_from_frame
from stream.queues import FrameQueue, Overflow, QueueEnd
from stream.worker import Worker

T = TypeVar("T", av.VideoFrame, av.AudioFrame)

VIDEO_CLOCK = Fraction(1, 90_000)
SHORTEST_STEP = 90
"""Of that clock, a millisecond. aiortc rounds to microseconds and back: steps of one tick may
vanish, and receivers take pictures of the same time for parts of one, which nobody can decode."""


class SlotTrack(MediaStreamTrack):
    """A track that sends what it is given, the newest first, and ends when it is closed.

    `recv` never works, for it runs on the event loop: whoever gives a frame has made it ready.
    """

    def __init__(self, kind: str, slots: int) -> None:
        super().__init__()
        self.kind = kind
        self._slot: FrameQueue[av.VideoFrame | av.AudioFrame]
        self._slot = FrameQueue(slots, Overflow.DROP_OLDEST)

    async def give(self, frame: av.VideoFrame | av.AudioFrame) -> None:
        """Send this next; a frame that nobody fetched in time goes."""
        if not self._slot.closed:
            await self._slot.put(frame)

    async def recv(self) -> av.VideoFrame | av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        try:
            return await self._slot.get()
        except QueueEnd:
            self.stop()
            raise MediaStreamError from None

    async def aclose(self) -> None:
        """What was given last is still sent; then the track ends."""
        await self._slot.close()


class MatteTrack(SlotTrack):
    """Matted video, its time stamps in the 90 kHz clock and ever growing."""

    def __init__(self) -> None:
        super().__init__("video", slots=1)
        self._sent = -SHORTEST_STEP

    async def recv(self) -> av.VideoFrame | av.AudioFrame:
        frame = await super().recv()
        pts = round((frame.pts or 0) * (frame.time_base or VIDEO_CLOCK) / VIDEO_CLOCK)
        self._sent = max(pts, self._sent + SHORTEST_STEP)
        frame.pts, frame.time_base = self._sent, VIDEO_CLOCK
        return frame


class Fan:
    """Hands pictures to any number of tracks. They are made in one thread, in order."""

    def __init__(self) -> None:
        self._tracks: set[MatteTrack] = set()
        self._worker = Worker("show")
        self._closed = False

    def track(self) -> MatteTrack:
        """One more that is shown everything from now on."""
        track = MatteTrack()
        self._tracks.add(track)
        track.once("ended", lambda: self._tracks.discard(track))
        return track

    async def show(self, make: Callable[[], Frame]) -> None:
        tracks = tuple(self._tracks)
        videos = await self._worker.run(_copies, make, len(tracks))
        for track, video in zip(tracks, videos, strict=True):
            await track.give(video)

    async def aclose(self) -> None:
        """End all tracks."""
        for track in tuple(self._tracks):
            await track.aclose()
        self._tracks.clear()
        await self._worker.aclose()


def _copies(make: Callable[[], Frame], count: int) -> list[av.VideoFrame]:
    """One for each track: encoders write their own time stamps into what they are given."""
    if not count:
        return []
    frame = make()
    return [video_from_frame(frame, "yuv420p", None, full_range=False) for _ in range(count)]

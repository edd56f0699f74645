"""A peer's video as the source of a session."""

import math
from collections.abc import AsyncIterator
from dataclasses import replace
from fractions import Fraction

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from pipeline.colour import LIMITED_RANGE, UNTAGGED, ColourTags
from pipeline.errors import SourceError
from pipeline.frame import Frame
from stream.convert import frame_from_video
from stream.queues import FrameQueue, Overflow

LARGEST_PIXELS = 4096 * 2304
"""Of a frame; a peer that sends larger ones is not served."""
CALL_COLOURS = ColourTags(6, 2, 2, LIMITED_RANGE)
"""What untagged video of a call is, whatever its size: BT.601, as VP8 defines it."""
_VIDEO_CLOCK = Fraction(1, 90_000)
_EARLY = 0.1
"""Of a frame's time, by which it may come too soon when the rate is limited."""


class TrackSource:
    """Gives the newest frame of a track, and takes all of them, for aiortc's queue has no end.

    `drain` has to run for as long as the track does. The iteration may be left and begun again; it
    ends with the track. No more than `rate` frames a second are given, by their time stamps.
    """

    def __init__(self, track: MediaStreamTrack, rate: float = math.inf) -> None:
        self.busy_seconds = 0.0
        self.received = 0
        self.arrivals: FrameQueue[Frame] = FrameQueue(1, Overflow.DROP_OLDEST)
        """The newest frame again, for whoever has to know that one came."""
        self._track = track
        self._frames: FrameQueue[Frame] = FrameQueue(1, Overflow.DROP_OLDEST)
        self._interval = 1 / rate
        self._due = -math.inf

    @property
    def dropped(self) -> int:
        """Frames that nobody took in time."""
        return self._frames.dropped

    async def drain(self) -> None:
        """Take frames until the track ends; SourceError if they are too large."""
        try:
            while True:
                await self._take(await self._track.recv())
        except MediaStreamError:
            pass  # aiortc's way to say that a track has ended
        finally:
            await self._frames.close()
            await self.arrivals.close()

    async def __aiter__(self) -> AsyncIterator[Frame]:
        async for frame in self._frames:
            yield frame

    async def aclose(self) -> None:
        pass

    async def _take(self, video: object) -> None:
        if not isinstance(video, av.VideoFrame):
            return
        self.received += 1
        if video.width * video.height > LARGEST_PIXELS:
            raise SourceError(
                f"video of {video.width} by {video.height}: at most {LARGEST_PIXELS} pixels"
            )
        pts, time_base = video.pts or 0, video.time_base or _VIDEO_CLOCK
        if self._is_due(float(pts * time_base)):
            frame = frame_from_video(video, pts, time_base)
            if frame.colour == UNTAGGED:
                frame = replace(frame, colour=CALL_COLOURS)
            await self._frames.put(frame)
            await self.arrivals.put(frame)

    def _is_due(self, now: float) -> bool:
        if now < self._due - _EARLY * self._interval:
            return False
        self._due = max(self._due, now - self._interval) + self._interval
        return True

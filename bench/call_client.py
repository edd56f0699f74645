"""A caller that sends a clip and notes what comes back."""

import asyncio
import contextlib
import time
from typing import Any, Self

import aiohttp
import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from bench.call_clip import LoopTrack
from bench.call_latency import Seen, Trip, trips
from stream.server.peer import close

_EVERY = 8
"""Each so many lines and columns are looked at for the mean luma."""


class Caller:
    """A call to the server of `client`, from `async with` on. It takes all that comes back."""

    def __init__(self, client: aiohttp.ClientSession, track: LoopTrack, **options: object) -> None:
        self.track = track
        self.seen: list[Seen] = []
        self.path = ""
        """Of the session."""
        self._client, self._options = client, options
        self._connection = RTCPeerConnection(RTCConfiguration([]))
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        connection = self._connection
        connection.addTrack(self.track)
        await connection.setLocalDescription(await connection.createOffer())
        offer = {"type": "offer", "sdp": connection.localDescription.sdp, "options": self._options}
        async with self._client.post("/offer", json=offer) as response:
            response.raise_for_status()
            answer = await response.json()
        self.path = answer["session"]
        await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.track.stop()
        if self._watching:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        await close(self._connection)

    async def saw(self, pictures: int, seconds: float = 30.0) -> None:
        """Wait until so many have come back; TimeoutError."""
        async with asyncio.timeout(seconds):
            while len(self.seen) < pictures:  # noqa: ASYNC110  (nobody tells)
                await asyncio.sleep(0.02)

    async def session(self) -> dict[str, Any]:
        """What the server says of it."""
        async with self._client.get(self.path) as response:
            told: dict[str, Any] = await response.json()
        return told

    def trips(self) -> list[Trip]:
        return trips(self.track.sent, self.seen, self.track.rate)

    async def _watch(self) -> None:
        (receiver,) = self._connection.getReceivers()
        with contextlib.suppress(MediaStreamError):
            while True:
                video = await receiver.track.recv()
                assert isinstance(video, av.VideoFrame)
                self.seen.append(Seen(video.pts or 0, time.perf_counter(), _luma(video)))


def _luma(video: av.VideoFrame) -> float:
    plane = video.planes[0]
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return float(lines[: video.height : _EVERY, : video.width : _EVERY].mean())

"""A WHIP client (RFC 9725): pictures and sound pushed to a server over WebRTC."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self
from urllib.parse import urljoin

import aiohttp
import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription

from pipeline.errors import SinkError
from pipeline.matted import Matted
from stream.convert import video_from_frame
from stream.live.address import SinkAddress
from stream.live.sound import Samples, Sound
from stream.server.bitrate import fit_bitrates
from stream.server.matte_track import MatteTrack, SlotTrack
from stream.server.peer import CONNECT_SECONDS, close, configuration
from stream.server.settings import IceServer
from stream.worker import Worker

SDP = "application/sdp"
_PIECE = 960
"""Samples in a packet of Opus: 20 ms."""
_PIECES = 50
"""Of sound that may wait to be sent: a second."""
_HTTP_S = 10.0


@dataclass(frozen=True, slots=True)
class WhipAccess:
    """What it takes to be let in, and to be reached."""

    token: str | None = None
    ice_servers: tuple[IceServer, ...] = ()


OPEN_ACCESS = WhipAccess()
"""Of a server that wants no token and needs no help to be reached."""


class WhipOutlet:
    """A session at a WHIP endpoint; its certificate, aiortc's, is on the curve P-256."""

    def __init__(self, access: WhipAccess, has_sound: bool) -> None:
        self._token = access.token
        self._connection = RTCPeerConnection(configuration(access.ice_servers))
        self._connection.on("connectionstatechange", self._note)
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_HTTP_S))
        self._session_url: str | None = None
        self._connected, self._gone = asyncio.Event(), asyncio.Event()
        self._worker = Worker("encode")
        self._video = MatteTrack()
        self._audio = SlotTrack("audio", _PIECES) if has_sound else None
        self._rest = np.zeros((0, 2), np.int16)
        self._closed = False

    @classmethod
    async def open(cls, address: SinkAddress, access: WhipAccess, *, has_sound: bool) -> Self:
        """Connected; SinkError if the server will not have it, or cannot be reached."""
        outlet = cls(access, has_sound)
        try:
            await outlet._connect(address.url)
        except BaseException:
            await outlet.aclose()
            raise
        return outlet

    async def write(self, matted: Matted, sound: Sound) -> None:
        if self._gone.is_set():
            raise SinkError("the connection was lost")
        video = await self._worker.run(
            video_from_frame, matted.frame, "yuv420p", None, full_range=False
        )
        for piece in self._pieces(sound):
            assert self._audio
            await self._audio.give(piece.frame())
        await self._video.give(video)

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            await self._say_goodbye()
        finally:
            await self._http.close()
            await self._video.aclose()
            if self._audio:
                await self._audio.aclose()
            await close(self._connection)
            await self._worker.aclose()

    async def _connect(self, url: str) -> None:
        fit_bitrates()
        for track in (self._video, self._audio):
            if track is not None:
                self._connection.addTransceiver(track, "sendonly")
        await self._connection.setLocalDescription(await self._connection.createOffer())
        if self._token:
            self._http.headers["Authorization"] = f"Bearer {self._token}"
        try:
            answer = await self._post(url, self._connection.localDescription.sdp)
            await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connected.wait()
        except TimeoutError:
            raise SinkError("no answer in time: is its UDP let through?") from None
        except aiohttp.ClientError as error:
            raise SinkError(f"cannot be reached: {error}") from None
        except SinkError:
            raise
        except Exception as error:  # aiortc raises anything at what it cannot do
            raise SinkError(f"its answer cannot be taken: {error}") from None
        if self._gone.is_set():
            raise SinkError("no connection came about")

    async def _post(self, url: str, offer: str) -> str:
        async with self._http.post(url, data=offer, headers={"Content-Type": SDP}) as response:
            text = await response.text()
            if response.status != 201:
                words = " ".join(text.split())[:200]
                raise SinkError(f"the server answers {response.status} {response.reason}: {words}")
            if location := response.headers.get("Location"):
                self._session_url = urljoin(str(response.url), location)
            return text

    async def _say_goodbye(self) -> None:
        if self._session_url is None:
            return
        # It may be gone already, or will notice by itself.
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            await self._http.delete(self._session_url)

    def _pieces(self, sound: Sound) -> Iterator[Sound]:
        if self._audio is None:
            return
        start = sound.start - len(self._rest)
        samples: Samples = np.concatenate((self._rest, sound.samples))
        whole = len(samples) // _PIECE * _PIECE
        self._rest = samples[whole:]
        for first in range(0, whole, _PIECE):
            yield Sound(start + first, samples[first : first + _PIECE])

    def _note(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._connected.set()
        if state in ("failed", "closed"):
            self._gone.set()
            self._connected.set()

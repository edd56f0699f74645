"""A server on loopback, and clients of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from pipeline.segment import Segmenter
from stream.server.app import serving
from stream.server.networks import Networks
from stream.server.peer import close
from stream.server.settings import ServerSettings
from tests.calling import Camera, Half

SDP = "application/sdp"


@asynccontextmanager
async def served(
    segmenter: Segmenter | None = None, **settings: Any
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a fresh server on a free port."""
    network = segmenter or Half()
    chosen = ServerSettings(port=0, model="half", **settings)
    networks = Networks({"half": lambda: network, "other": Half})
    async with serving(chosen, networks) as url, browser(url) as client:
        yield client


def browser(url: Any) -> aiohttp.ClientSession:
    """A client with a memory; by default aiohttp takes no cookies from a bare address."""
    return aiohttp.ClientSession(url, cookie_jar=aiohttp.CookieJar(unsafe=True))


class Caller:
    """An aiortc peer: by default it sends the camera and receives what comes back."""

    def __init__(self, *tracks: MediaStreamTrack, receive: tuple[str, ...] = ()) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration([]))
        self.tracks = tracks
        for track in tracks:
            self.connection.addTrack(track)
        for kind in receive:
            self.connection.addTransceiver(kind, "recvonly")
        self.connected = asyncio.Event()
        self.connection.on("connectionstatechange", self._note)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for track in self.tracks:
            track.stop()
        await close(self.connection)

    def send_only(self) -> None:
        for transceiver in self.connection.getTransceivers():
            transceiver.direction = "sendonly"

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def take(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    def received(self, kind: str = "video") -> MediaStreamTrack:
        """The track that comes from the server."""
        return next(
            receiver.track
            for receiver in self.connection.getReceivers()
            if receiver.track is not None and receiver.track.kind == kind
        )

    def _note(self) -> None:
        if self.connection.connectionState == "connected":
            self.connected.set()


async def call_page(
    client: aiohttp.ClientSession, caller: Caller, **options: object
) -> dict[str, Any]:
    """Connect as the page does; gives the answer's body."""
    wanted = {"background": "#0000ff", **options}
    body = {"type": "offer", "sdp": await caller.offer(), "options": wanted}
    async with client.post("/offer", json=body) as response:
        answer: dict[str, Any] = await response.json()
        assert response.status == 201, answer
    await caller.take(answer["sdp"])
    return answer


async def post_sdp(
    client: aiohttp.ClientSession, path: str, caller: Caller
) -> aiohttp.ClientResponse:
    """Connect as WHIP and WHEP clients do; gives the response, its body read."""
    headers = {"Content-Type": SDP}
    async with client.post(path, data=await caller.offer(), headers=headers) as response:
        answer = await response.text()
    assert response.status == 201, answer
    await caller.take(answer)
    return response


async def gone(client: aiohttp.ClientSession, path: str) -> None:
    """Wait until a session is no longer there."""
    async with asyncio.timeout(20):
        while (await client.get(path)).status != 404:  # noqa: ASYNC110  (nobody tells)
            await asyncio.sleep(0.02)


def page_caller(camera: Camera | None = None) -> Caller:
    return Caller(camera or Camera())

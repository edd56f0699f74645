"""A WHIP endpoint (RFC 9725) that only listens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from stream.server.peer import close


class WhipEndpoint:
    """Takes one session after another; `tracks` gives those of each by their kind."""

    def __init__(self) -> None:
        self.url = ""
        self.tokens: list[str | None] = []
        self.ended = asyncio.Event()
        self.sessions: asyncio.Queue[dict[str, MediaStreamTrack]] = asyncio.Queue()
        self.connection: RTCPeerConnection | None = None

    async def publish(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("Authorization"))
        connection = self.connection = RTCPeerConnection(RTCConfiguration([]))
        offer = RTCSessionDescription(await request.text(), "offer")
        await connection.setRemoteDescription(offer)
        await connection.setLocalDescription(await connection.createAnswer())
        receivers = [transceiver.receiver for transceiver in connection.getTransceivers()]
        await self.sessions.put({receiver.track.kind: receiver.track for receiver in receivers})
        answer, headers = connection.localDescription.sdp, {"Location": "/session"}
        return web.Response(
            status=201, text=answer, content_type="application/sdp", headers=headers
        )

    async def leave(self, request: web.Request) -> web.Response:
        self.ended.set()
        return web.Response()

    async def break_off(self) -> None:
        if self.connection is not None:
            await close(self.connection)


@asynccontextmanager
async def whip_endpoint() -> AsyncIterator[WhipEndpoint]:
    endpoint, application = WhipEndpoint(), web.Application()
    application.add_routes(
        [web.post("/whip", endpoint.publish), web.delete("/session", endpoint.leave)]
    )
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    endpoint.url = f"http://{host}:{port}/whip"
    try:
        yield endpoint
    finally:
        await endpoint.break_off()
        await runner.cleanup()

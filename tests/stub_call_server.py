"""The call server's contract with nothing behind it: what the camera sends comes straight back."""

import asyncio
import itertools
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from aiohttp import web
from aiohttp.typedefs import Handler
from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.contrib.media import MediaRelay
from av import VideoFrame

import stream

STATIC = Path(stream.__file__).parent / "server" / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
PAGES = ("/", "/player", "/studio")
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 10"><rect width="16" height="10" '
    'fill="#8fb3c9"/><path d="M0 10 6 3l4 4 2-2 4 5z" fill="#48675a"/></svg>'
)
BACKGROUNDS: list[dict[str, object]] = [
    {"id": "blur", "title": "Blur", "kind": "blur"},
    {"id": "transparent", "title": "Transparent", "kind": "transparent"},
    {"id": "#00b140", "title": "Green screen", "kind": "colour"},
    {"id": "#e8e4da", "title": "Sand", "kind": "colour"},
    {"id": "hills", "title": "Hills", "kind": "picture"},
]
DEFAULTS: dict[str, object] = {
    "background": "blur",
    "refine": "auto",
    "smooth": True,
    "budget_ms": 33.3,
    "model": "drawn",
    "show": "composite",
    "stream": None,
}
PICTURES: dict[str, object] = {
    "upload_bytes": 500_000,
    "pixels": 10_000_000,
    "longest_side": 4096,
    "models": ["people", "u2netp"],
    "model": "u2netp",
    "edges": ["gan", "closed-form"],
    "outputs": ["png", "webp"],
}
STATS: dict[str, object] = {
    "type": "stats",
    "fps_in": 30.0,
    "fps_out": 29.6,
    "dropped": 3,
    "age_ms": {"p50": 48.2, "p95": 71.9},
    "budget_ms": 33.3,
    "rois": 12,
    "quality": {"step": 1, "steps": 5},
    "width": 1280,
    "height": 720,
}
WIDTH, HEIGHT, GUARD = 160, 120, 16
RED = (200, 40, 40)
PLAIN: dict[str, object] = {"stacked": False, "width": 640, "height": 360}
STACKED: dict[str, object] = {"stacked": True, "width": 640, "height": 172, "guard": GUARD}
"""As if what the camera sent were stacked."""


@dataclass
class Refusal:
    status: int
    detail: str = ""
    retry_after: int | None = None

    def response(self) -> web.Response:
        return web.Response(
            status=self.status,
            headers={} if self.retry_after is None else {"Retry-After": str(self.retry_after)},
            text=json.dumps({"type": "about:blank", "status": self.status, "detail": self.detail}),
            content_type="application/problem+json",
        )


@dataclass
class StubCallServer:
    """Answers as the contract says, or as a test wants: `refusals` has paths and what they get."""

    token: str = ""
    refusals: dict[str, Refusal] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=lambda: dict(DEFAULTS))
    asked: list[str] = field(default_factory=list)
    """Method and path of each request, in order."""
    changes: list[dict[str, object]] = field(default_factory=list)
    """What came over the control channel."""
    uploads: list[dict[str, object]] = field(default_factory=list)
    url: str = ""
    shared: bool = False
    """True: every name is a WHEP stream."""
    _sessions: dict[str, RTCPeerConnection] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _talking: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["StubCallServer"]:
        app = web.Application(middlewares=[self._guard], client_max_size=100_000_000)
        app.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            await self.hang_up()
            await runner.cleanup()

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/", page("index.html")),
            web.get("/player", page("player.html")),
            web.get("/studio", page("studio.html")),
            web.static("/static", STATIC),
            web.get("/settings", self._settings),
            web.get("/backgrounds/{id}/thumbnail", _thumbnail),
            web.post("/backgrounds", self._upload),
            web.delete("/backgrounds/{id}", _done),
            web.post("/offer", self._offer),
            web.delete("/sessions/{id}", self._leave),
            web.post("/whep/{name}", self._whep),
            web.delete("/viewers/{id}", self._leave),
        ]

    async def hang_up(self) -> None:
        """End every session, as a server that goes away does."""
        for task in self._talking:
            task.cancel()
        sessions = list(self._sessions.values())
        self._sessions.clear()
        await asyncio.gather(*(connection.close() for connection in sessions))

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait for what a page brings about; it is looked at after each request and change."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(reached)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        free = request.path in PAGES or request.path.startswith("/static/")
        known = request.headers.get("Authorization") == f"Bearer {self.token}"
        if self.token and not free and not known:
            return Refusal(401, "no token, or not the right one").response()
        if refusal := self.refusals.get(f"{request.method} {request.path}"):
            return refusal.response()
        answer = await handler(request)
        await self._tell()
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    async def _settings(self, _: web.Request) -> web.Response:
        backgrounds: list[dict[str, object]] = [
            {
                "mine": False,
                "value": f"picture:{one['id']}" if one["kind"] == "picture" else one["id"],
                "thumbnail": "/backgrounds/hills/thumbnail" if one["kind"] == "picture" else None,
                **one,
            }
            for one in BACKGROUNDS
        ]
        return web.json_response(
            {
                "ice_servers": [],
                "backgrounds": backgrounds + self.uploads,
                "models": ["drawn", "u2netp"],
                "defaults": DEFAULTS,
                "limits": {"upload_bytes": 1_000_000, "upload_pixels": 10_000_000},
                "pictures": PICTURES,
            }
        )

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        name = secrets.token_urlsafe(8)
        background: dict[str, object] = {
            "id": name,
            "value": f"picture:{name}",
            "title": file.filename,
            "kind": "picture",
            "thumbnail": "/backgrounds/hills/thumbnail",
            "mine": True,
        }
        self.uploads.append(background)
        return web.json_response(background, status=201)

    async def _offer(self, request: web.Request) -> web.Response:
        offer = await request.json()
        self.options |= offer["options"]
        connection = RTCPeerConnection()
        relay = MediaRelay()

        @connection.on("track")
        def echo(track: object) -> None:
            if getattr(track, "kind", "") == "video":
                connection.addTrack(relay.subscribe(track))  # type: ignore[arg-type]

        @connection.on("datachannel")
        def control(channel: RTCDataChannel) -> None:
            task = asyncio.create_task(self._talk(channel))
            self._talking.add(task)
            task.add_done_callback(self._talking.discard)

        sdp = await _answer(connection, offer["sdp"])
        path = f"/sessions/{self._keep(connection)}"
        return web.json_response({"sdp": sdp, "type": "answer", "session": path}, status=201)

    async def _talk(self, channel: RTCDataChannel) -> None:
        """Answers changes, and has figures each second."""

        @channel.on("message")
        def change(text: str) -> Awaitable[None]:
            message = json.loads(text)
            self.changes.append(message)
            self.options |= message["options"]
            answer = {"type": "options", "id": message["id"], "options": self.options}
            channel.send(json.dumps(answer))
            if message["options"].get("background") == "transparent":
                channel.send(json.dumps({"type": "layout", "layout": STACKED}))
            return self._tell()

        channel.send(json.dumps({"type": "options", "options": self.options}))
        channel.send(json.dumps({"type": "layout", "layout": PLAIN}))
        for second in itertools.count():
            if channel.readyState != "open":
                return
            spent = 21 + 3 * ((second * 7) % 5)
            processing = {"p50": spent, "p95": spent + 6 + (second * 5) % 9}
            channel.send(json.dumps(STATS | {"processing_ms": processing}))
            await asyncio.sleep(1)

    async def _whep(self, request: web.Request) -> web.Response:
        if not self.shared:
            return Refusal(404, "Nobody shares under this name.").response()
        connection = RTCPeerConnection()
        connection.addTrack(StackedTrack())
        sdp = await _answer(connection, await request.text())
        headers = {
            "Location": f"/viewers/{self._keep(connection)}",
            "Livematte-Layout": "; ".join(
                ["stacked", f"width={WIDTH}", f"height={HEIGHT}", f"guard={GUARD}"]
            ),
        }
        return web.Response(status=201, text=sdp, content_type="application/sdp", headers=headers)

    async def _leave(self, request: web.Request) -> web.Response:
        connection = self._sessions.pop(request.match_info["id"], None)
        if connection is None:
            return Refusal(404, "no such session").response()
        await connection.close()
        return web.json_response({})

    def _keep(self, connection: RTCPeerConnection) -> str:
        name = secrets.token_urlsafe(16)
        self._sessions[name] = connection
        return name


class StackedTrack(VideoStreamTrack):
    """Stacked alpha: the left half is opaque and red, the right half is not there."""

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        picture = np.zeros((2 * HEIGHT + GUARD, WIDTH, 3), np.uint8)
        picture[: HEIGHT + GUARD // 2, : WIDTH // 2] = RED
        picture[HEIGHT + GUARD // 2 :, : WIDTH // 2] = 255
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


async def _answer(connection: RTCPeerConnection, sdp: str) -> str:
    await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
    await connection.setLocalDescription(await connection.createAnswer())
    return connection.localDescription.sdp


def page(name: str) -> Handler:
    async def show(_: web.Request) -> web.StreamResponse:
        return web.Response(text=(STATIC / name).read_text(), content_type="text/html")

    return show


async def _thumbnail(_: web.Request) -> web.Response:
    return web.Response(text=PICTURE, content_type="image/svg+xml")


async def _done(_: web.Request) -> web.Response:
    return web.json_response({})

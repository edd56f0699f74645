"""What the call page asks for: settings, backgrounds, an offer answered, and its session."""

import secrets
from pathlib import Path
from typing import Any

from aiohttp import web

from stream.server.api.api import API
from stream.server.body import LARGEST_JSON_OFFER, read_json
from stream.server.metrics import METRICS_TYPE
from stream.server.offer import PAGE
from stream.server.picture_file import UPLOAD_BYTES, UPLOAD_PIXELS
from stream.server.problems import Full, Problem
from stream.server.server import SERVER, Server
from stream.server.sessions import Session
from stream.server.settings import IceServer
from stream.server.trickle import SDP_FRAGMENT, trickle
from stream.server.uploads import read_upload

STATIC = Path(__file__).resolve().parent / "static"
BROWSER = "livematte_browser"
"""A cookie by which a browser finds its own uploads again."""
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


async def health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def metrics(request: web.Request) -> web.Response:
    text = request.app[SERVER].metrics.text()
    return web.Response(body=text, headers={"Content-Type": METRICS_TYPE})


async def page(request: web.Request) -> web.StreamResponse:
    """The call page."""
    return _alone("index.html")


async def studio(request: web.Request) -> web.StreamResponse:
    """The page for pictures and clips."""
    return _alone("studio.html")


async def player(request: web.Request) -> web.StreamResponse:
    return _static("player.html")


async def asset(request: web.Request) -> web.StreamResponse:
    """What the pages are made of."""
    return _static(request.match_info["name"])


def _alone(name: str) -> web.FileResponse:
    """Other sites may not show it in theirs: it asks for the camera, or for pictures."""
    response = _static(name)
    response.headers["Content-Security-Policy"] += "; frame-ancestors 'none'"
    return response


def _static(name: str) -> web.FileResponse:
    path = (STATIC / name).resolve()
    if not path.is_file() or not path.is_relative_to(STATIC):
        raise Problem(404, "There is nothing at this address.")
    headers = dict(_PAGE_HEADERS)
    if path.suffix == ".js":
        headers["Content-Type"] = "text/javascript; charset=utf-8"
    if path.name == "player.js":
        headers["Access-Control-Allow-Origin"] = "*"  # pages of others import it
    return web.FileResponse(path, headers=headers)


async def settings(request: web.Request) -> web.Response:
    server, browser = request.app[SERVER], _browser(request)
    body = {
        "ice_servers": [_ice_server(one) for one in server.settings.ice_servers],
        "backgrounds": server.gallery.entries(browser),
        "models": server.networks.names,
        "defaults": server.defaults.as_dict(),
        "limits": {"upload_bytes": UPLOAD_BYTES, "upload_pixels": UPLOAD_PIXELS},
        "pictures": request.app[API].pictures_taken(),
    }
    response = web.json_response(body)
    response.set_cookie(
        BROWSER,
        browser,
        httponly=True,
        samesite="Strict",
        secure=server.settings.scheme == "https",
    )
    return response


async def upload(request: web.Request) -> web.Response:
    server, owner = request.app[SERVER], _own(request)
    if server.uploads.locked():
        raise Full("Too many pictures are being uploaded. Try again in a moment.")
    async with server.uploads:
        data, title = await read_upload(request)
        entry = await server.gallery.add(data, title, owner)
    return web.json_response(entry.as_dict(), status=201)


async def forget(request: web.Request) -> web.Response:
    request.app[SERVER].gallery.remove(request.match_info["id"], _own(request))
    return web.Response(status=204)


async def thumbnail(request: web.Request) -> web.Response:
    picture = await request.app[SERVER].gallery.thumbnail(request.match_info["id"])
    headers = {"Cache-Control": "private, max-age=3600"}
    return web.Response(body=picture, content_type="image/jpeg", headers=headers)


async def offer(request: web.Request) -> web.Response:
    server = request.app[SERVER]
    body = await read_json(request, LARGEST_JSON_OFFER)
    sdp, wanted = body.get("sdp"), body.get("options", {})
    if not isinstance(sdp, str) or body.get("type") != "offer" or not isinstance(wanted, dict):
        raise Problem(400, 'Wanted is {"type": "offer", "sdp": "…", "options": {…}}.')
    with server.sessions.place("page"):
        browser = request.cookies.get(BROWSER)
        session, answer = await _open(server, sdp, wanted, browser)
        await server.sessions.start(session, server.serve_call(session))
    mount = request.path.removesuffix("/offer")
    path = f"{mount}/sessions/{session.id}"
    body = {"type": "answer", "sdp": answer, "session": path}
    headers = {"Location": path, "ETag": session.etag}
    return web.json_response(body, status=201, headers=headers)


async def _open(
    server: Server, sdp: str, wanted: dict[str, Any], browser: str | None
) -> tuple[Session, str]:
    async with server.answering(sdp, PAGE) as peer:
        call = await server.open_call(wanted)
        session = Session("page", peer, call, browser=browser)
        await server.claim(call.options.stream, session)
        peer.send(call.fan.track())
        if peer.hears:
            peer.send(call.audio.track())
        return session, await peer.answer()


async def show_session(request: web.Request) -> web.Response:
    session = _session(request)
    body = {
        "options": session.call.options.as_dict(),
        "stats": session.latest,
        "layout": session.call.layout,
    }
    return web.json_response(body, headers={"ETag": session.etag})


async def change_session(request: web.Request) -> web.Response:
    session = _session(request)
    if request.content_type == SDP_FRAGMENT:
        return await trickle(request, session)
    wanted = await read_json(request)
    if session.kind == "whep":
        raise Problem(422, "A viewer has nothing to set: the call that it watches has.")
    options = await request.app[SERVER].change(session, wanted)
    return web.json_response(options.as_dict(), headers={"ETag": session.etag})


async def end_session(request: web.Request) -> web.Response:
    await request.app[SERVER].sessions.end(_session(request))
    return web.Response(status=200)


def _session(request: web.Request) -> Session:
    return request.app[SERVER].sessions.get(request.match_info["id"])


def _browser(request: web.Request) -> str:
    """Who is asking, or a new name for one who is new."""
    return request.cookies.get(BROWSER) or secrets.token_urlsafe(16)


def _own(request: web.Request) -> str:
    """Who is asking; Problem 403 if that is not known."""
    if BROWSER not in request.cookies:
        raise Problem(403, "Ask for /settings first: its cookie says whose uploads are whose.")
    return request.cookies[BROWSER]


def _ice_server(server: IceServer) -> dict[str, Any]:
    """As a browser's RTCPeerConnection takes it."""
    named = {"username": server.username, "credential": server.credential}
    return {"urls": [server.url]} | {name: value for name, value in named.items() if value}


OPEN = (health, page, player, studio, asset)
"""What answers without the token: pages hold no secrets."""
ROUTES = [
    web.get("/healthz", health),
    web.get("/metrics", metrics),
    web.get("/", page),
    web.get("/player", player),
    web.get("/studio", studio),
    web.get("/static/{name:[A-Za-z0-9_./-]+}", asset),
    web.get("/settings", settings),
    web.post("/backgrounds", upload),
    web.delete("/backgrounds/{id}", forget),
    web.get("/backgrounds/{id}/thumbnail", thumbnail),
    web.post("/offer", offer),
    web.get("/sessions/{id}", show_session),
    web.patch("/sessions/{id}", change_session),
    web.delete("/sessions/{id}", end_session),
]

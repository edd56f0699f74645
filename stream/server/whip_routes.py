"""WHIP (RFC 9725) to publish, WHEP (draft-ietf-wish-whep) to watch."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from stream.server.body import read_text
from stream.server.offer import WHEP, WHIP
from stream.server.page_routes import change_session, end_session
from stream.server.problems import RETRY_SECONDS, Problem
from stream.server.server import SERVER, Server
from stream.server.sessions import Session
from stream.server.settings import IceServer

SDP = "application/sdp"
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}


async def publish(request: web.Request) -> web.Response:
    server, name = request.app[SERVER], request.match_info["name"]
    sdp = await read_text(request, SDP)
    with server.sessions.place("whip"):
        if server.sessions.published(name):
            raise Problem(409, f"{name!r} is being published already.")
        async with server.answering(sdp, WHIP) as peer:
            call = await server.open_call(options_of(request.query))
            peer.one_way()
            session, answer = Session("whip", peer, call, name), await peer.answer()
        await server.sessions.start(session, server.serve_call(session))
    return _created(request, session, answer)


async def watch(request: web.Request) -> web.Response:
    server, name = request.app[SERVER], request.match_info["name"]
    sdp = await read_text(request, SDP)
    with server.sessions.place("whep"):
        published = _published(server, name)
        async with server.answering(sdp, WHEP) as peer:
            peer.send(published.call.fan.track())
            if "audio" in peer.kinds and published.peer.track("audio") is not None:
                peer.send(published.call.audio.track())
            peer.one_way()
            session, answer = Session("whep", peer, published.call, name), await peer.answer()
        await server.sessions.start(session, server.serve_viewer(session))
    return _created(request, session, answer)


async def layout(request: web.Request) -> web.Response:
    published = _published(request.app[SERVER], request.match_info["name"])
    return web.json_response(published.call.layout)


async def describe(request: web.Request) -> web.Response:
    """OPTIONS: what may be posted here."""
    return web.Response(status=204, headers={"Accept-Post": SDP})


async def nothing(request: web.Request) -> web.Response:
    """GET and HEAD say nothing here."""
    return web.Response(status=204)


def options_of(query: Mapping[str, str]) -> dict[str, object]:
    """A call's options from a URL, where everything is text."""
    return {name: _value(name, text) for name, text in query.items()}


def _value(name: str, text: str) -> object:
    if name not in ("smooth", "budget_ms"):
        return text
    try:
        return _WORDS[text] if text in _WORDS else float(text)
    except ValueError:
        return text


def _published(server: Server, name: str) -> Session:
    session = server.sessions.published(name)
    if session is None:
        headers = {"Retry-After": str(RETRY_SECONDS)}
        raise Problem(404, f"Nobody publishes {name!r} at present.", headers)
    return session


def _created(request: web.Request, session: Session, answer: str) -> web.Response:
    headers = {"Location": f"{request.path}/{session.id}", "ETag": session.etag}
    if session.kind == "whep" and session.call.layout["width"]:
        headers["Livematte-Layout"] = _layout_header(session.call.layout)
    response = web.Response(status=201, text=answer, content_type=SDP, headers=headers)
    for ice_server in request.app[SERVER].settings.ice_servers:
        response.headers.add("Link", _link(ice_server))
    return response


def _layout_header(layout: Mapping[str, int | bool]) -> str:
    sizes = f"width={layout['width']}; height={layout['height']}"
    return f"stacked; {sizes}; guard={layout['guard']}" if layout["stacked"] else f"plain; {sizes}"


def _link(server: IceServer) -> str:
    """RFC 9725, section 4.6."""
    link = f'<{server.url}>; rel="ice-server"'
    if server.username is None:
        return link
    return (
        f'{link}; username="{server.username}"; credential="{server.credential}"; '
        'credential-type="password"'
    )


_NAME, _SESSION = "{name:[A-Za-z0-9_.-]{1,64}}", "{id:[A-Za-z0-9_-]{16,64}}"
ROUTES = [
    web.post(f"/whip/{_NAME}", publish),
    web.post(f"/whep/{_NAME}", watch),
    web.get(f"/whep/{_NAME}/layout", layout),
    *(web.options(f"/{kind}/{_NAME}", describe) for kind in ("whip", "whep")),
    *(web.get(f"/{kind}/{_NAME}", nothing) for kind in ("whip", "whep")),
    *(web.options(f"/{kind}/{_NAME}/{_SESSION}", describe) for kind in ("whip", "whep")),
    *(web.get(f"/{kind}/{_NAME}/{_SESSION}", nothing) for kind in ("whip", "whep")),
    *(web.patch(f"/{kind}/{_NAME}/{_SESSION}", change_session) for kind in ("whip", "whep")),
    *(web.delete(f"/{kind}/{_NAME}/{_SESSION}", end_session) for kind in ("whip", "whep")),
]

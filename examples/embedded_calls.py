"""Calls inside another aiohttp application: python -m examples.embedded_calls [PORT]."""

import sys
from functools import partial

from aiohttp import web

from pipeline.models import DEFAULT_MODEL
from pipeline.segment import U2Net, live_sizes
from stream.server.app import make_app
from stream.server.networks import Networks
from stream.server.settings import ServerSettings


async def home(request: web.Request) -> web.Response:
    """A page of the application's own."""
    text = '<h1>The chess club</h1><a href="/calls/">Join from any room</a>'
    return web.Response(text=text, content_type="text/html")


def club() -> web.Application:
    """The application, with the call page at /calls/, WHIP at /calls/whip/NAME and so on."""
    networks = Networks({DEFAULT_MODEL: partial(U2Net.load, sizes=live_sizes(DEFAULT_MODEL))})
    app = web.Application()
    app.router.add_get("/", home)
    app.add_subapp("/calls/", make_app(ServerSettings(), networks))
    return app


if __name__ == "__main__":
    web.run_app(club(), host="127.0.0.1", port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000)

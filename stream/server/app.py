"""The aiohttp application, and its life on a port."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from pipeline.errors import OptionError
from stream.server import hard_cases, page_routes, whip_routes
from stream.server.api import document_routes, picture_routes, video_routes
from stream.server.api.api import API, Api
from stream.server.guard import middlewares
from stream.server.networks import Networks
from stream.server.picture_file import UPLOAD_BYTES
from stream.server.server import SERVER, Server
from stream.server.settings import ServerSettings

KEEP_ALIVE_SECONDS = 30.0
"""In which a connection has to ask something, from its first byte to the end of the head."""
LINGER_SECONDS = 2.0
"""For which the rest of a body is taken after the answer, so that the client reads the answer."""


def make_app(settings: ServerSettings, networks: Networks) -> web.Application:
    """An application of its own, or a part of somebody else's (`add_subapp`)."""
    # Bodies are not decompressed, nor read by aiohttp: `body.py` and `uploads.py` limit them.
    app = web.Application(middlewares=middlewares(settings), client_max_size=UPLOAD_BYTES)
    app[SERVER] = server = Server(settings, networks)
    app[API] = api = Api(settings.api, networks, server.gallery)
    app.add_routes([*page_routes.ROUTES, *whip_routes.ROUTES])
    app.add_routes([*document_routes.ROUTES, *picture_routes.ROUTES, *video_routes.ROUTES])
    app.add_routes(hard_cases.ROUTES)
    app.cleanup_ctx.append(api.live)
    app.on_shutdown.append(_end_sessions)
    return app


async def _end_sessions(app: web.Application) -> None:
    await app[SERVER].sessions.aclose()


@asynccontextmanager
async def serving(settings: ServerSettings, networks: Networks) -> AsyncIterator[str]:
    """A server that listens; gives its URL. Everything is freed in the end."""
    runner = web.AppRunner(
        make_app(settings, networks),
        access_log=None,
        handle_signals=False,
        auto_decompress=False,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        lingering_time=LINGER_SECONDS,
        shutdown_timeout=2.0,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, ssl_context=_tls(settings))
        try:
            await site.start()
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise OptionError(f"{where}: cannot be listened on: {error.strerror}") from None
        yield _url(settings, runner)
    finally:
        await runner.cleanup()


def _tls(settings: ServerSettings) -> ssl.SSLContext | None:
    if settings.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except ssl.SSLError as error:
        raise OptionError(f"{settings.certificate}: no certificate of its key: {error}") from None
    return context


def _url(settings: ServerSettings, runner: web.AppRunner) -> str:
    """With the port that was really taken."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{settings.scheme}://{host}:{runner.addresses[0][1]}"

"""`/api/openapi.json`."""

from aiohttp import web

from stream.server.api.api import API
from stream.server.api.openapi import document
from stream.server.server import SERVER


async def openapi(request: web.Request) -> web.Response:
    secured = request.app[SERVER].settings.token is not None
    return web.json_response(document(request.app[API], secured))


ROUTES = [web.get("/api/openapi.json", openapi)]

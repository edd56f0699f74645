"""`/api/remove-background`, `/results/…`, and `/api/remove` in the words of rembg's server."""

import time
from typing import Any

from aiohttp import web

from stream.server.api.api import API
from stream.server.api.form import read_picture_form
from stream.server.api.options import picture_options, rembg_options
from stream.server.api.pictures import Made
from stream.server.problems import Problem

REMOVE_BACKGROUND, REMOVE = "/api/remove-background", "/api/remove"
RESULT = r"/results/{id:[0-9a-f]{32}}{matte:(-matte)?}.{output:png|webp}"
_TYPES = {"png": "image/png", "webp": "image/webp"}


async def remove_background(request: web.Request) -> web.Response:
    """A picture's cut-out, or the picture before another background, kept for a while."""
    api, began = request.app[API], time.perf_counter()
    pictures, limits = api.pictures, api.settings
    with pictures.places.inside():
        data, fields = await read_picture_form(request, limits.upload_bytes)
        options = picture_options(
            fields, api.models, pictures.default_model, limits.longest_side, pictures.edges
        )
        made = await pictures.remove_background(data, options)
    mount = request.path.removesuffix(REMOVE_BACKGROUND)
    return web.json_response(_answer(made, mount, time.perf_counter() - began))


def _answer(made: Made, mount: str, seconds: float) -> dict[str, Any]:
    result, path = made.result, f"{mount}/results/{made.id}"
    return {
        "status": "success",
        "id": made.id,
        "result_url": f"{path}.{result.output}",
        "matte_url": f"{path}-matte.png",
        "width": result.width,
        "height": result.height,
        "seconds": round(seconds, 3),
        "cached": made.cached,
        "scaled_from": result.scaled_from,
        "doubts": result.doubts,
    }


async def result(request: web.Request) -> web.Response:
    """A picture that was made, or its matte."""
    named, pictures = request.match_info, request.app[API].pictures
    etag = f"{named['id']}{named['matte']}.{named['output']}"
    found = await pictures.find(named["id"])
    data = b""
    if found is not None:
        is_matte = bool(named["matte"])
        data = found.matte if is_matte else found.picture
        if named["output"] != ("png" if is_matte else found.output):
            data = b""
    if not data:
        raise Problem(404, "There is no such result, or it has expired: ask for it again.")
    headers = {"ETag": f'"{etag}"', "Cache-Control": "private, max-age=3600"}
    headers["X-Content-Type-Options"] = "nosniff"
    if any(one.value in (etag, "*") for one in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=data, content_type=_TYPES[named["output"]], headers=headers)


async def remove(request: web.Request) -> web.Response:
    """As rembg's server does for a file that is sent: a PNG in the body."""
    api = request.app[API]
    with api.pictures.places.inside():
        data, fields = await read_picture_form(request, api.settings.upload_bytes)
        return await _as_rembg(request, data, {**request.query, **fields})


async def remove_at(request: web.Request) -> web.Response:
    """As rembg's server does for a picture that lies elsewhere, if its host is allowed."""
    api, url = request.app[API], request.query.get("url")
    if url is None:
        raise Problem(422, "url: is missing.")
    with api.pictures.places.inside():
        data = await api.fetcher.fetch(url)
        return await _as_rembg(request, data, request.query)


async def _as_rembg(request: web.Request, data: bytes, fields: Any) -> web.Response:
    api = request.app[API]
    options = rembg_options(fields, api.models, api.pictures.default_model)
    made = await api.pictures.as_rembg(data, options)
    return web.Response(body=made.result.picture, content_type="image/png")


ROUTES = [
    web.post(REMOVE_BACKGROUND, remove_background),
    web.get(RESULT, result),
    web.post(REMOVE, remove),
    web.get(REMOVE, remove_at, allow_head=False),
]

"""The drawer of hard cases: pictures that are hard to matte, kept by consent and on this machine.

Whoever may use the server sees all of them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import cv2
import numpy as np
from aiohttp import web

from pipeline.doubt import kind_of
from pipeline.errors import SinkError
from pipeline.frame import AlphaMatte, Frame, RgbImage, resize
from pipeline.matte import EdgeMatte
from stream.hard_cases import KEPT_SIDE, KINDS, MATTE, PICTURE, REASONS, ROOT, HardCase, HardCases
from stream.server.judged import Judged
from stream.server.picture_file import decode_picture
from stream.server.problems import Full, Problem
from stream.server.server import SERVER
from stream.server.uploads import read_form

MOST_BYTES, MOST_PIXELS = 20 * 2**20, 50_000_000
"""Of a picture that is sent."""
_PATH = "/api/hard-cases"
_FILES = {"picture": PICTURE, "matte": MATTE}
_HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
T = TypeVar("T", bound=str)


async def keep(request: web.Request) -> web.Response:
    """A picture, and the matte of the result that is named, if that is still known."""
    server, cases = request.app[SERVER], _kept(request)
    if server.uploads.locked():
        raise Full("Too many pictures are being uploaded. Try again in a moment.")
    async with server.uploads:
        form = await read_form(request, MOST_BYTES)
        if form.fields.get("consent") != "true":
            raise Problem(422, "A picture is kept only by consent: send consent=true.")
        found = await server.find_result(form.fields["id"]) if "id" in form.fields else None
        assert form.data is not None
        case = await asyncio.to_thread(_keep, cases, form.data, form.fields, found)
    told = {name: getattr(case, name) for name in ("id", "kind", "reason", "created")}
    return web.json_response(told, status=201)


async def show_all(request: web.Request) -> web.Response:
    cases = request.app[SERVER].hard_cases
    found = await asyncio.to_thread(list, cases) if cases else []
    told = [_as_dict(case, request.path) for case in found]
    return web.json_response({"kept": cases is not None, "cases": told})


async def show(request: web.Request) -> web.StreamResponse:
    """A case's picture or matte."""
    case = await _case(request)
    path = case.file(_FILES[request.match_info["file"]])
    if path is None:
        raise Problem(404, "Of this picture no matte is known.")
    return web.FileResponse(path, headers=_HEADERS)


async def remove(request: web.Request) -> web.Response:
    await asyncio.to_thread(_kept(request).remove, await _case(request))
    return web.Response(status=204)


async def export(request: web.Request) -> web.StreamResponse:
    """A ZIP whose folder `livematte eval` reads."""
    parts = _kept(request).zipped()
    named = {"Content-Disposition": f'attachment; filename="{ROOT}.zip"'}
    response = web.StreamResponse(headers=_HEADERS | named)
    response.content_type = "application/zip"
    await response.prepare(request)
    while part := await asyncio.to_thread(next, parts, b""):
        await response.write(part)
    await response.write_eof()
    return response


def _kept(request: web.Request) -> HardCases:
    cases = request.app[SERVER].hard_cases
    if cases is None:
        raise Problem(403, "This server keeps no pictures: it was started without --hard-cases.")
    return cases


async def _case(request: web.Request) -> HardCase:
    case = await asyncio.to_thread(_kept(request).find, request.match_info["id"])
    if case is None:
        raise Problem(404, "There is no such hard case (any more).")
    return case


def _keep(
    cases: HardCases, data: bytes, fields: Mapping[str, str], found: Judged | None
) -> HardCase:
    reason = _one_of(fields, "reason", REASONS) or "marked"
    kind = _one_of(fields, "kind", KINDS)
    rgb = decode_picture(data, MOST_PIXELS, KEPT_SIDE)
    alpha = _matte(found.matte, rgb) if found and found.matte else None
    if kind is None and alpha is not None:
        kind = kind_of(Frame.from_rgb(rgb), EdgeMatte.from_alpha(alpha))
    try:
        return cases.keep(rgb, alpha, kind or "other", reason, found.doubts if found else ())
    except SinkError as error:
        raise Problem(507, f"{error}.") from None


def _matte(png: bytes, rgb: RgbImage) -> AlphaMatte:
    """Our own file, at the size of the picture."""
    levels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert levels is not None
    return resize(levels.astype(np.float32) / 255, rgb.shape[1], rgb.shape[0])


def _one_of(fields: Mapping[str, str], name: str, choices: Sequence[T]) -> T | None:
    """The field's value; None if it is not there."""
    text = fields.get(name)
    choice = next((choice for choice in choices if choice == text), None)
    if text is not None and choice is None:
        raise Problem(422, f"{name} {text!r}: one of {', '.join(choices)}.")
    return choice


def _as_dict(case: HardCase, path: str) -> dict[str, Any]:
    urls = {
        f"{name}_url": f"{path}/{case.id}/{name}" if case.file(file) else None
        for name, file in _FILES.items()
    }
    told = {name: getattr(case, name) for name in ("id", "kind", "reason", "created", "bytes")}
    return told | urls


ROUTES = [
    web.post(_PATH, keep),
    web.get(_PATH, show_all),
    web.get(f"{_PATH}/export", export),
    web.get(f"{_PATH}/{{id}}/{{file:picture|matte}}", show),
    web.delete(f"{_PATH}/{{id}}", remove),
]

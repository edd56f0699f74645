"""The drawer of hard cases: pictures that are hard to matte, kept by consent and on this machine.

Whoever may use the server sees all of them.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from aiohttp import web

from pipeline.doubt import Kind, kind_of
from pipeline.errors import SinkError
from pipeline.frame import AlphaMatte, Frame, resize
from pipeline.matte import EdgeMatte
from stream.hard_cases import (
    KINDS,
    MATTE,
    PICTURE,
    REASONS,
    ROOT,
    HardCase,
    HardCases,
    Reason,
)
from stream.server.api.api import API
from stream.server.api.fields import Fields
from stream.server.api.form import read_picture_form
from stream.server.api.picture import check_picture, decode_frame
from stream.server.api.result import Result
from stream.server.problems import Full, Problem
from stream.server.server import SERVER

_PATH = "/api/hard-cases"
_CASE = _PATH + "/{id:[0-9a-f]{16}}"
_FILES = {"picture": PICTURE, "matte": MATTE}
_HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
_RESULT_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sender says of a picture, who has consented. `kind` None: it is to be guessed."""

    result: str | None
    kind: Kind | None
    reason: Reason


async def keep(request: web.Request) -> web.Response:
    """A picture, and the matte of the result that is named, if that is still known."""
    server, api, cases = request.app[SERVER], request.app[API], _kept(request)
    if server.uploads.locked():
        raise Full("Too many pictures are being uploaded. Try again in a moment.")
    async with server.uploads:
        data, fields = await read_picture_form(request, api.settings.upload_bytes)
        wanted = _wanted(fields)
        check_picture(data, api.settings.pixels)
        found = await api.pictures.find(wanted.result) if wanted.result else None
        case = await asyncio.to_thread(_keep, cases, data, wanted, found)
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


def _wanted(fields: Mapping[str, str]) -> Wanted:
    """Problem 422 without consent, or for a field that is unknown or makes no sense."""
    taken = Fields(fields, "consent", "id", "kind", "reason")
    if fields.get("consent") != "true":
        raise Problem(422, "A picture is kept only by consent: send consent=true.")
    result = fields.get("id")
    if result is not None and not _RESULT_ID.fullmatch(result):
        raise Problem(422, f"id {result[:40]!r}: the id of a result.")
    kind = taken.one_of("kind", KINDS, "other") if "kind" in fields else None
    return Wanted(result, kind, taken.one_of("reason", REASONS, "marked"))


def _keep(cases: HardCases, data: bytes, wanted: Wanted, found: Result | None) -> HardCase:
    frame, kind = decode_frame(data), wanted.kind
    alpha = _matte(found.matte, frame) if found and found.matte else None
    if kind is None and alpha is not None:
        kind = kind_of(frame, EdgeMatte.from_alpha(alpha))
    doubts = found.doubts if found else ()
    try:
        return cases.keep(frame.rgb, alpha, kind or "other", wanted.reason, doubts)
    except SinkError as error:
        raise Problem(507, f"{error}.") from None


def _matte(png: bytes, frame: Frame) -> AlphaMatte:
    """Our own file; at the size of the picture, should that have been another one."""
    levels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert levels is not None
    return resize(levels.astype(np.float32) / 255, frame.width, frame.height)


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
    web.get(_CASE + "/{file:picture|matte}", show),
    web.delete(_CASE, remove),
]

"""`/api/videos`: a clip is a job, whose progress is told by server-sent events."""

import asyncio
import contextlib
import json
from pathlib import Path

from aiohttp import web

from stream.server.api.api import API
from stream.server.api.form import read_form
from stream.server.api.options import video_options
from stream.server.api.video_job import VideoJob, source_in
from stream.server.problems import Problem
from stream.server.server import SERVER

VIDEOS = "/api/videos"
VIDEO = rf"{VIDEOS}/{{id:[\w-]{{22}}}}"
EVENTS = f"{VIDEO}/events"
RESULT = r"/results/{id:[\w-]{22}}.{output:mp4|webm|mov}"
ALIVE_SECONDS = 15.0
"""After which a silent stream of events says that it is still there."""
_PIECE = 2**20
_HEAD = 16
_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime"}


async def begin(request: web.Request) -> web.Response:
    """Take a clip, and have it made."""
    api = request.app[API]
    async with api.videos.folder() as folder:
        fields = await _receive(request, source_in(folder), api.settings.video_bytes)
        options = video_options(fields, api.models, api.default_video_model)
        background = await request.app[SERVER].gallery.as_argument(options.background, folder)
        job = await api.videos.start(folder, options, background)
    path = f"{request.path}/{job.id}"
    body = {"id": job.id, "status": "queued", "url": path, "events_url": f"{path}/events"}
    return web.json_response(body, status=202, headers={"Location": path})


async def _receive(request: web.Request, target: Path, limit: int) -> dict[str, str]:
    """Write the form's file, a megabyte at a time, and give the other fields."""
    pieces = bytearray()

    def write() -> None:
        with target.open("ab") as file:
            file.write(pieces)
        pieces.clear()

    async def take(piece: bytes) -> None:
        pieces.extend(piece)
        if len(pieces) >= _PIECE:
            await asyncio.to_thread(write)

    fields = await read_form(request, limit, take)
    await asyncio.to_thread(write)
    if not await asyncio.to_thread(_is_clip, target):
        raise Problem(415, "Clips are taken as MP4, MOV, WebM, MKV, AVI, OGG, FLV, GIF or MPEG.")
    return fields


def _is_clip(file: Path) -> bool:
    """By its first bytes. No playlist passes: FFmpeg would open what that names."""
    with file.open("rb") as opened:
        head = opened.read(_HEAD)
        opened.seek(188)
        second = opened.read(1)
    known = (b"\x1a\x45\xdf\xa3", b"OggS", b"FLV\x01", b"GIF8", b"\x00\x00\x01\xba")
    if head.startswith(known) or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return True
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return True
    return head[:1] == second == b"\x47"  # MPEG-TS: every packet begins so


async def show(request: web.Request) -> web.Response:
    job = _job(request)
    return web.json_response(_said(request, job), headers={"Cache-Control": "no-store"})


async def events(request: web.Request) -> web.StreamResponse:
    """What `show` says, at every change; the last event is the one with a final status."""
    job = _job(request)
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    response = web.StreamResponse(headers=headers | {"X-Accel-Buffering": "no"})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):  # whoever listened has left
        while True:
            changed, said = job.changed, json.dumps(_said(request, job))
            await response.write(f"event: progress\ndata: {said}\n\n".encode())
            if job.has_ended:
                break
            await _wait(changed, response)
        await response.write_eof()
    return response


async def _wait(changed: asyncio.Event, response: web.StreamResponse) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ALIVE_SECONDS):
                await changed.wait()
                return
        await response.write(b": still there\n\n")


async def end(request: web.Request) -> web.Response:
    await request.app[API].videos.end(_job(request))
    return web.Response(status=204)


async def result(request: web.Request) -> web.StreamResponse:
    """The file; browsers ask for parts of it."""
    job, output = _job(request), request.match_info["output"]
    if job.status != "done" or output != job.options.output:
        raise Problem(404, "There is no such result, or it has expired.")
    headers = {"Content-Type": _TYPES[output], "Cache-Control": "private, max-age=3600"}
    return web.FileResponse(job.result, headers=headers | {"X-Content-Type-Options": "nosniff"})


def _job(request: web.Request) -> VideoJob:
    return request.app[API].videos.get(request.match_info["id"])


def _said(request: web.Request, job: VideoJob) -> dict[str, object]:
    mount, _, _ = request.path.partition(VIDEOS)
    return job.as_dict(mount, request.app[API].settings.keep_seconds)


ROUTES = [
    web.post(VIDEOS, begin),
    web.get(EVENTS, events, allow_head=False),
    web.get(VIDEO, show),
    web.delete(VIDEO, end),
    web.get(RESULT, result),
]

"""The contract of pictures, clips and hard cases, with red for the foreground and no network."""

import asyncio
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from tests.stub_call_server import Refusal, StubCallServer

FRAMES = 4
CREATED = "2026-01-02T03:04:05+00:00"

Pixels = NDArray[np.uint8]


@dataclass
class StubStudioServer(StubCallServer):
    """Answers as the contract says; what it was asked for is kept for the tests."""

    requests: list[dict[str, str]] = field(default_factory=list)
    """The options of each POST /api/remove-background, with the file's name."""
    videos: list[dict[str, str]] = field(default_factory=list)
    clip: bytes = b""
    """What every clip becomes."""
    doubts: list[str] = field(default_factory=list)
    full: int = 0
    """So many pictures are refused with 503 first."""
    finish: asyncio.Event = field(default_factory=asyncio.Event)
    """Until it is set clips are half done."""
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    keeps: bool = True
    results: dict[str, bytes] = field(default_factory=dict)
    """What lies at /results, by name."""
    _cancelled: set[str] = field(default_factory=set)

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            *super().routes(),
            web.post("/api/remove-background", self._remove),
            web.get("/results/{name}", self._result),
            web.post("/api/videos", self._video),
            web.get("/api/videos/{id}/events", self._events),
            web.delete("/api/videos/{id}", self._cancel),
            web.post("/api/hard-cases", self._keep_case),
            web.get("/api/hard-cases", self._kept),
            web.get("/api/hard-cases/export", self._export),
            web.delete("/api/hard-cases/{id}", self._forget),
        ]

    async def _remove(self, request: web.Request) -> web.Response:
        if self.full:
            self.full -= 1
            return Refusal(503, "The server is full.", retry_after=1).response()
        data, options = await form(request)
        self.requests.append(options)
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            return Refusal(422, "This picture cannot be decoded.").response()
        bgr = picture.astype(np.uint8)
        alpha = alpha_of(bgr, gan=options["enable_gan"] == "true")
        name = str(len(self.requests))
        ending = options["output"]
        self.results[f"{name}.{ending}"] = encode(over(options["background"], bgr, alpha), ending)
        self.results[f"{name}-matte.png"] = encode(alpha, "png")
        return web.json_response(
            {
                "status": "success",
                "result_url": f"/results/{name}.{ending}",
                "matte_url": f"/results/{name}-matte.png",
                "width": bgr.shape[1],
                "height": bgr.shape[0],
                "seconds": 0.25,
                "cached": False,
                "scaled_from": None,
                "doubts": self.doubts,
                "id": name,
            }
        )

    async def _result(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.results:
            return Refusal(404, "This result is no longer kept.").response()
        kind = "video" if name.endswith("webm") else "image"
        return web.Response(
            body=self.results[name], content_type=f"{kind}/{name.rpartition('.')[2]}"
        )

    async def _video(self, request: web.Request) -> web.Response:
        _, options = await form(request)
        self.videos.append(options)
        name = f"clip{len(self.videos)}"
        self.results[f"{name}.webm"] = self.clip
        url = f"/api/videos/{name}"
        body = {"id": name, "status": "queued", "url": url, "events_url": f"{url}/events"}
        return web.json_response(body, status=202, headers={"Location": url})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Half of it, then a lost connection, then the rest."""
        name = request.match_info["id"]
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b": hello\n\n" + event(name, "running", FRAMES // 2))
        if self.asked.count(request.method + " " + request.path) == 1:
            return answer
        await self._tell()
        await self.finish.wait()
        done = "failed" if not self.clip else "done"
        await answer.write(event(name, "cancelled" if name in self._cancelled else done, FRAMES))
        return answer

    async def _cancel(self, request: web.Request) -> web.Response:
        self._cancelled.add(request.match_info["id"])
        return web.Response(status=204)

    async def _keep_case(self, request: web.Request) -> web.Response:
        data, options = await form(request)
        if options["consent"] != "true":
            return Refusal(422, "Consent is wanted.").response()
        options.setdefault("kind", "other")
        name = f"case{len(self.cases)}"
        self.cases[name] = options | {"id": name, "created": CREATED, "bytes": len(data)}
        self.results[f"{name}.png"] = data
        told = {"id": name, "kind": options["kind"], "reason": options["reason"]}
        return web.json_response(told | {"created": CREATED}, status=201)

    async def _kept(self, _: web.Request) -> web.Response:
        urls = {"picture_url": "/results/{}.png", "matte_url": "/results/{}.png"}
        cases = [
            case | {name: url.format(case["id"]) for name, url in urls.items()}
            for case in self.cases.values()
        ]
        return web.json_response({"kept": self.keeps, "cases": cases})

    async def _export(self, _: web.Request) -> web.Response:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as writing:
            for name in self.cases:
                writing.writestr(f"images/{name}.png", self.results[f"{name}.png"])
        return web.Response(body=archive.getvalue(), content_type="application/zip")

    async def _forget(self, request: web.Request) -> web.Response:
        del self.cases[request.match_info["id"]]
        return web.Response(status=204)


async def form(request: web.Request) -> tuple[bytes, dict[str, str]]:
    """The file, and the other fields with the file's name among them."""
    fields = await request.post()
    file = fields["file"]
    assert isinstance(file, web.FileField)
    options = {name: str(value) for name, value in fields.items() if name != "file"}
    return file.file.read(), options | {"file": file.filename}


def alpha_of(bgr: Pixels, *, gan: bool) -> Pixels:
    """Red is the foreground; with the GAN its edge is soft."""
    alpha = (255 * (bgr[..., 2] > bgr[..., 0])).astype(np.uint8)
    return cv2.blur(alpha, (9, 9)).astype(np.uint8) if gan else alpha


def over(background: str, bgr: Pixels, alpha: Pixels) -> Pixels:
    """Before a colour, or white for whatever is none, or with alpha."""
    if background == "transparent":
        return np.dstack((bgr, alpha))
    digits = background[1:] if background.startswith("#") else "ffffff"
    behind = np.array([int(digits[at : at + 2], 16) for at in (4, 2, 0)])
    share = alpha[..., None] / 255
    return (bgr * share + behind * (1 - share)).round().astype(np.uint8)


def encode(picture: Pixels, ending: str) -> bytes:
    return cv2.imencode(f".{ending}", picture)[1].tobytes()


def event(name: str, status: str, done: int) -> bytes:
    state = {
        "id": name,
        "status": status,
        "frames_done": done,
        "frames_total": FRAMES,
        "fps": 12.0,
        "result_url": f"/results/{name}.webm" if status == "done" else None,
        "error": "The clip has no picture." if status == "failed" else None,
    }
    return f"event: progress\r\ndata: {json.dumps(state)}\r\n\r\n".encode()

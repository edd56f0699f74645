"""Whatever comes from outside is judged first: nothing hostile takes long or changes anything."""

import io
import json
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest

from pipeline.errors import OptionError
from stream.server import picture_file
from stream.server.settings import ServerSettings
from stream.server.uploads import title_of
from tests.serving import browser, call_page, page_caller, served

TOKEN = "a-token-that-is-long"
ALLOWED = {"Authorization": f"Bearer {TOKEN}"}


def png(width: int, height: int, *, truncated: bool = False) -> bytes:
    """A black PNG that says it is so large; a bomb holds a kilobyte for each megabyte."""
    rows = b"" if truncated else zlib.compress(bytes((width * 3 + 1) * height), 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


def form(data: bytes, name: str = "beach.png", field: str = "file") -> aiohttp.FormData:
    made = aiohttp.FormData()
    made.add_field(field, io.BytesIO(data), filename=name, content_type="image/png")
    return made


async def status(client: aiohttp.ClientSession, method: str, path: str, **request: Any) -> int:
    """Of an answer that comes within a second, and is a problem if it is an error."""
    began = time.perf_counter()
    async with client.request(method, path, **request) as response:
        if response.status >= 400 and method != "HEAD":
            assert response.content_type == "application/problem+json", await response.text()
            problem = await response.json()
            assert problem["status"] == response.status
            assert problem["detail"]
    assert time.perf_counter() - began < 5  # a second on an idle machine
    return response.status


async def test_without_the_token_only_the_health_check_answers() -> None:
    async with served(token=TOKEN) as client:
        assert await status(client, "GET", "/healthz") == 200
        asked = [
            ("GET", "/metrics"),
            ("GET", "/settings"),
            ("POST", "/offer"),
            ("POST", "/backgrounds"),
            ("GET", "/sessions/x"),
            ("PATCH", "/sessions/x"),
            ("DELETE", "/sessions/x"),
            ("POST", "/whip/desk"),
            ("OPTIONS", "/whip/desk"),
            ("GET", "/whep/desk/layout"),
            ("POST", "/whep/desk"),
            ("GET", "/no/such"),
        ]
        for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}):
            for method, path in asked:
                assert await status(client, method, path, headers=wrong) == 401, path
        assert await status(client, "GET", "/settings", headers=ALLOWED) == 200


async def test_pages_of_other_origins_are_refused() -> None:
    async with served() as client:
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
            assert await status(client, "GET", "/settings", headers={"Origin": origin}) == 403
        own = str(client._base_url).rstrip("/")
        assert await status(client, "GET", "/settings", headers={"Origin": own}) == 200


async def test_a_foreign_name_that_leads_to_this_machine_is_refused() -> None:
    """DNS rebinding: the page's origin and the host are the same, and are not ours."""
    async with served() as client:
        evil = {"Host": "evil.example:80", "Origin": "http://evil.example:80"}
        assert await status(client, "GET", "/settings", headers=evil) == 403
    async with served(token=TOKEN) as client:
        named = ALLOWED | {"Host": "livematte.example", "Origin": "http://livematte.example"}
        assert await status(client, "GET", "/settings", headers=named) == 200


JSON = {"Content-Type": "application/json"}
BAD_OFFERS: list[tuple[int, bytes]] = [
    (400, b""),
    (400, b"{"),
    (400, b"[]"),
    (400, b"\xff\xfe"),
    (400, b"[" * 60_000),
    (400, b'{"sdp": 7, "type": "offer"}'),
    (400, b'{"sdp": "v=0", "type": "answer"}'),
    (400, b'{"sdp": "v=0", "type": "offer", "options": []}'),
    (400, b'{"sdp": "hello", "type": "offer"}'),
    (422, b'{"sdp": "v=0", "type": "offer"}'),
    (413, b'{"sdp": "' + 300_000 * b"x" + b'"}'),
    (400, json.dumps({"type": "offer", "sdp": "v=0\r\n" + "m=video 9 x\r\n" * 999}).encode()),
    (400, json.dumps({"type": "offer", "sdp": "v=0\r\nm=video 9 " + "9 " * 20_000}).encode()),
]


async def test_bad_offers_are_refused_and_leave_nothing() -> None:
    async with served() as client:
        for wanted, data in BAD_OFFERS:
            got = await status(client, "POST", "/offer", data=data, headers=JSON)
            assert got in (wanted, 422), data[:60]
        assert await status(client, "POST", "/offer", data=b"{}") == 415
        assert 'livematte_sessions{kind="page"} 0.0' in await (await client.get("/metrics")).text()


async def test_every_cut_of_a_good_offer_is_refused_or_served(  # whatever a parser makes of it
) -> None:
    async with served(max_sessions=99) as client, page_caller() as caller:
        offer = await caller.offer()
        for cut in range(0, len(offer), len(offer) // 12):
            data = {"type": "offer", "sdp": offer[:cut] + offer[cut + 7 :]}
            assert await status(client, "POST", "/offer", json=data) in (201, 400, 422)


async def test_a_compressed_body_is_not_unpacked() -> None:
    async with served() as client:
        bomb = zlib.compress(bytes(50_000_000), 9)
        packed = JSON | {"Content-Encoding": "deflate"}
        assert await status(client, "POST", "/offer", data=bomb[:60_000], headers=packed) == 400


async def test_options_from_outside_are_checked() -> None:
    async with served() as client, page_caller() as caller:
        path = (await call_page(client, caller))["session"]
        before = (await (await client.get(path)).json())["options"]
        for bad in (
            {"background": "/etc/passwd"},
            {"background": "beach.jpg"},
            {"background": "picture:nothing"},
            {"background": "blur:0"},
            {"background": "#0000ff\n"},
            {"background": 7},
            {"refine": None},
            {"smooth": 1},
            {"budget_ms": True},
            {"budget_ms": -1},
            {"budget_ms": "33"},
            {"model": "/tmp/evil.onnx"},
            {"show": "source"},
            {"unknown": 1},
            {"background": "#00ff00", "smooth": 7},
        ):
            assert await status(client, "PATCH", path, json=bad) == 422, bad
        assert (await (await client.get(path)).json())["options"] == before


async def test_an_upload_can_be_chosen_by_whoever_knows_it_and_removed_by_its_owner() -> None:
    picture = np.full((90, 160, 3), (0, 128, 255), np.uint8)
    data = cv2.imencode(".jpg", picture)[1].tobytes()
    async with served() as client, page_caller() as caller:
        await client.get("/settings")  # for the cookie
        async with client.post("/backgrounds", data=form(data, "../../Beach at dawn.jpg")) as made:
            assert made.status == 201
            entry = await made.json()
        assert entry["title"] == "Beach at dawn"
        assert entry["mine"] is True
        async with client.get(entry["thumbnail"]) as small:
            assert small.content_type == "image/jpeg"
            assert picture_file.picture_size(await small.read()) == (160, 90)
        path = (await call_page(client, caller))["session"]
        assert await status(client, "PATCH", path, json={"background": entry["value"]}) == 200
        listed = (await (await client.get("/settings")).json())["backgrounds"]
        assert entry in listed
        async with browser(client._base_url) as stranger:
            assert entry not in (await (await stranger.get("/settings")).json())["backgrounds"]
            assert await status(stranger, "DELETE", f"/backgrounds/{entry['id']}") == 404
        assert await status(client, "DELETE", f"/backgrounds/{entry['id']}") == 204
        assert await status(client, "PATCH", path, json={"background": "blur"}) == 200
        assert await status(client, "PATCH", path, json={"background": entry["value"]}) == 422


BAD_UPLOADS: list[tuple[int, bytes]] = [
    (415, b""),
    (415, b"GIF89a" + bytes(100)),
    (415, b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    (415, b"MZ" + bytes(100)),
    (422, png(30_000, 30_000, truncated=True)),
    (422, png(0, 10, truncated=True)),
    (422, png(64, 64, truncated=True)),
    (422, b"\x89PNG\r\n\x1a\n"),
    (422, b"\xff\xd8\xff"),
    (422, b"\xff\xd8" + b"\xff\xe0\x00\x04ab" * 9),
    (422, b"RIFF\x00\x00\x00\x00WEBPVP8X" + b"\xff" * 20),
    (413, png(64, 64) + bytes(picture_file.UPLOAD_BYTES)),
]


async def test_bad_uploads_are_refused_before_they_are_decoded() -> None:
    async with served() as client:
        before = await (await client.get("/settings")).json()
        for wanted, data in BAD_UPLOADS:
            got = await status(client, "POST", "/backgrounds", data=form(data))
            assert got == wanted, data[:20]
        good = png(64, 64)
        assert await status(client, "POST", "/backgrounds", data=form(good, field="x")) == 400
        assert await status(client, "POST", "/backgrounds", data=good) == 415
        torn = {"Content-Type": "multipart/form-data; boundary=x"}
        for body in (b"--y", b"--x\r\nno header--x--\r\n", b"--x\r\na: \x00\r\n\r\n--x--\r\n"):
            assert await status(client, "POST", "/backgrounds", data=body, headers=torn) == 400
        assert await (await client.get("/settings")).json() == before


async def test_uploads_are_few_and_the_oldest_goes() -> None:
    async with served() as client:
        await client.get("/settings")
        names = []
        for _ in range(10):
            async with client.post("/backgrounds", data=form(png(8, 8))) as made:
                names.append((await made.json())["id"])
        listed = [
            one["id"]
            for one in (await (await client.get("/settings")).json())["backgrounds"]
            if one["mine"]
        ]
    assert listed == names[2:]


async def test_paths_lead_nowhere() -> None:
    async with served() as client:
        for path in (
            "/static/../app.py",
            "/static/%2e%2e/app.py",
            "/static/..%2fapp.py",
            "/static//etc/passwd",
            "/static/%00",
            "/backgrounds/..%2f..%2fetc%2fpasswd/thumbnail",
            "/whep/..%2f/layout",
            "/whip/" + "x" * 65,
        ):
            assert await status(client, "GET", path) == 404, path


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("C:\\Users\\me\\Beach.jpg", "Beach"),
        ("../../etc/passwd", "passwd"),
        ("\x00\x1b[31m.png", "[31m"),
        ("", "Picture"),
        ("x" * 500 + ".png", "x" * 60),
    ],
)
def test_a_title_is_made_of_a_file_s_name(name: str, title: str) -> None:
    assert title_of(name) == title


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"host": "0.0.0.0"}, ["0.0.0.0", "--token"]),
        ({"host": "::"}, ["token"]),
        ({"host": "example.org"}, ["token"]),
        ({"token": "short"}, ["16"]),
        ({"origins": ("example.org",)}, ["https://"]),
        ({"origins": ("https://example.org/path",)}, ["path"]),
        ({"certificate": Path("a")}, ["key"]),
        ({"certificate": Path("a"), "key": Path("b")}, ["a: no such file"]),
        ({"backgrounds": Path("nowhere")}, ["nowhere"]),
        ({"max_sessions": 0}, ["session"]),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: Any, words: list[str]) -> None:
    with pytest.raises(OptionError) as refused:
        ServerSettings(**settings)
    assert all(word in str(refused.value) for word in words)


def test_the_loopback_has_many_names() -> None:
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        ServerSettings(host=host)

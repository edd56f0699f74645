"""The server's drawer of hard cases: by consent alone, bounded, and read by `livematte eval`."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import aiohttp
import cv2
import numpy as np
import pytest

from stream.hard_cases import MOST_BYTES, HardCases
from stream.server import server
from stream.server.judged import Judged
from tests.running import Command
from tests.serving import served
from tests.test_alpha_metrics import disc
from tests.test_command_image import turned_jpeg
from tests.test_serve_guard import ALLOWED, BAD_UPLOADS, TOKEN, png, status

PATH = "/api/hard-cases"
PICTURE = cv2.imencode(".jpg", np.full((48, 64, 3), 200, np.uint8))[1].tobytes()


@dataclass(frozen=True)
class Known:
    """A result, as the API keeps it."""

    matte: bytes
    doubts: tuple[str, ...] = ()


DISC = cv2.imencode(".png", np.round(disc(96, 30) * 255).astype(np.uint8))[1].tobytes()


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> dict[str, Known]:
    """What the API still knows."""
    known: dict[str, Known] = {}

    async def find(result_id: str) -> Judged | None:
        return known.get(result_id)

    monkeypatch.setattr(server, "no_result", find)
    return known


def form(data: bytes = PICTURE, /, **fields: str) -> aiohttp.FormData:
    made = aiohttp.FormData()
    for name, text in ({"consent": "true"} | fields).items():
        made.add_field(name, text)
    made.add_field("file", io.BytesIO(data), filename="../../My aunt.jpg")
    return made


async def kept(client: aiohttp.ClientSession, data: bytes = PICTURE, /, **fields: str) -> Any:
    async with client.post(PATH, data=form(data, **fields)) as response:
        assert response.status == 201, await response.text()
        return await response.json()


async def listed(client: aiohttp.ClientSession) -> Any:
    async with client.get(PATH) as response:
        return await response.json()


async def test_what_is_kept_is_listed_shown_and_removed(
    tmp_path: Path, results: dict[str, Known]
) -> None:
    results["r1"] = Known(DISC, ("several",))
    async with served(hard_cases=tmp_path) as client:
        made = await kept(client, id="r1", kind="hair", reason="doubtful")
        (case,) = (await listed(client))["cases"]
        assert made == {name: case[name] for name in ("id", "kind", "reason", "created")}
        assert (case["kind"], case["reason"]) == ("hair", "doubtful")
        assert next(iter(HardCases(tmp_path))).doubts == ("several",)
        for url in (case["picture_url"], case["matte_url"]):
            async with client.get(url) as response:
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                shown = cv2.imdecode(np.frombuffer(await response.read(), np.uint8), 1)
                assert shown is not None
                assert shown.shape[:2] == (48, 64)
        for wanted in (204, 404):
            assert await status(client, "DELETE", f"{PATH}/{case['id']}") == wanted
        assert await listed(client) == {"kept": True, "cases": []}
        assert await status(client, "GET", case["picture_url"]) == 404


async def test_without_consent_nothing_is_kept(tmp_path: Path) -> None:
    async with served(hard_cases=tmp_path) as client:
        for consent in ("", "false", "yes", "True"):
            assert await status(client, "POST", PATH, data=form(consent=consent)) == 422
        asked = aiohttp.FormData()
        asked.add_field("file", io.BytesIO(PICTURE), filename="a.jpg")
        assert await status(client, "POST", PATH, data=asked) == 422
    assert list(HardCases(tmp_path)) == []


async def test_a_server_without_a_folder_keeps_nothing_and_says_so() -> None:
    async with served() as client:
        assert await listed(client) == {"kept": False, "cases": []}
        assert await status(client, "POST", PATH, data=form()) == 403
        assert await status(client, "GET", f"{PATH}/export") == 403
        assert await status(client, "DELETE", f"{PATH}/{'0' * 16}") == 403


async def test_without_the_token_the_drawer_is_shut(tmp_path: Path) -> None:
    case = HardCases(tmp_path).keep(np.zeros((8, 8, 3), np.uint8), None, "hair", "marked")
    async with served(hard_cases=tmp_path, token=TOKEN) as client:
        for method, path in (
            ("GET", PATH),
            ("POST", PATH),
            ("GET", f"{PATH}/export"),
            ("GET", f"{PATH}/{case.id}/picture"),
            ("DELETE", f"{PATH}/{case.id}"),
        ):
            assert await status(client, method, path) == 401
        assert await status(client, "GET", f"{PATH}/{case.id}/picture", headers=ALLOWED) == 200


async def test_a_picture_whose_result_is_gone_is_kept_without_a_matte(tmp_path: Path) -> None:
    async with served(hard_cases=tmp_path) as client:
        made = await kept(client, id="gone")
        assert (made["kind"], made["reason"]) == ("other", "marked")
        (case,) = (await listed(client))["cases"]
        assert case["matte_url"] is None
        assert await status(client, "GET", f"{PATH}/{case['id']}/matte") == 404


async def test_a_kind_that_nobody_names_is_guessed(
    tmp_path: Path, results: dict[str, Known]
) -> None:
    speck = cv2.imencode(".png", np.round(disc(96, 6) * 255).astype(np.uint8))[1].tobytes()
    results["r1"] = Known(speck)
    async with served(hard_cases=tmp_path) as client:
        assert (await kept(client, id="r1"))["kind"] == "small"


async def test_nothing_of_the_file_but_its_picture_is_kept(tmp_path: Path) -> None:
    turned = turned_jpeg(tmp_path / "in.jpg", 6).read_bytes()
    async with served(hard_cases=tmp_path / "cases") as client:
        await kept(client, turned)
    (case,) = HardCases(tmp_path / "cases")
    data = (case.folder / "picture.png").read_bytes()
    assert b"Exif" not in data
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), 1)
    assert seen is not None
    assert seen.shape[:2] == (96, 64)
    assert not [path for path in case.folder.iterdir() if "aunt" in path.read_text("latin-1")]


async def test_bad_pictures_and_fields_are_refused_and_change_nothing(tmp_path: Path) -> None:
    async with served(hard_cases=tmp_path) as client:
        for wanted, data in BAD_UPLOADS:
            if wanted != 413:
                assert await status(client, "POST", PATH, data=form(data)) == wanted, data[:20]
        too_large = form(PICTURE + bytes(20 * 2**20))
        assert await status(client, "POST", PATH, data=too_large) == 413
        for fields in ({"kind": "../hair"}, {"kind": ""}, {"reason": "because"}):
            assert await status(client, "POST", PATH, data=form(PICTURE, **fields)) == 422, fields
        assert await status(client, "POST", PATH, data=form(kind="x" * 999)) == 413
        many = form(PICTURE, **{f"field{number}": "x" for number in range(99)})
        assert await status(client, "POST", PATH, data=many) == 400
        nameless = aiohttp.FormData()
        nameless.add_field("consent", "true", content_type="text/plain")
        assert await status(client, "POST", PATH, data=nameless) == 400
        assert await status(client, "POST", PATH, data=png(8, 8)) == 415
        for path in ("/..%2f..%2fetc%2fpasswd/picture", "/*/picture", "/x/case.json"):
            assert await status(client, "GET", PATH + path) == 404
    assert list(HardCases(tmp_path)) == []


async def test_a_drawer_that_is_full_says_so(tmp_path: Path) -> None:
    async with served(hard_cases=tmp_path) as client:
        first = await kept(client)
        with (tmp_path / "other" / first["id"] / "truth.png").open("wb") as file:
            file.truncate(MOST_BYTES)
        assert await status(client, "POST", PATH, data=form()) == 507
        assert [case["id"] for case in (await listed(client))["cases"]] == [first["id"]]


async def test_what_is_exported_is_measured(
    tmp_path: Path, results: dict[str, Known], livematte: Command
) -> None:
    results["r1"] = Known(DISC)
    async with served(hard_cases=tmp_path / "cases") as client:
        judged = await kept(client, id="r1", kind="glass")
        await kept(client, kind="shadow")
        async with client.get(f"{PATH}/export") as response:
            assert response.content_type == "application/zip"
            archive = ZipFile(io.BytesIO(await response.read()))
    archive.extractall(tmp_path)
    folder = tmp_path / "hard-cases" / "glass" / judged["id"]
    (folder / "truth.png").write_bytes((folder / "matte.png").read_bytes())
    ran = livematte("eval", tmp_path / "hard-cases")
    assert ran.status == 0
    assert "1 frame of 64x48" in ran.out
    assert "shadow/" in ran.out


async def test_an_empty_drawer_is_exported_as_an_empty_zip(tmp_path: Path) -> None:
    async with served(hard_cases=tmp_path) as client, client.get(f"{PATH}/export") as response:
        assert ZipFile(io.BytesIO(await response.read())).namelist() == []

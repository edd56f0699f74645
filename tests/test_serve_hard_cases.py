"""The server's drawer of hard cases: by consent alone, bounded, and read by `livematte eval`."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import aiohttp
import cv2
import numpy as np
import pytest

from stream.hard_cases import MOST_BYTES, HardCases
from stream.server.api.settings import ApiSettings
from tests.api_serving import api, encode, fetch, make, room_png
from tests.api_serving import form as picture_form
from tests.calling import Half
from tests.clips import Everything
from tests.running import Command
from tests.serving import served
from tests.test_command_image import turned_jpeg
from tests.test_serve_guard import ALLOWED, BAD_UPLOADS, TOKEN, png, status

PATH = "/api/hard-cases"
PICTURE = cv2.imencode(".jpg", np.full((48, 64, 3), 200, np.uint8))[1].tobytes()


LEFT = room_png()
"""A picture whose left half is taken for foreground, and its matte."""


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    return tmp_path / "cases"


@asynccontextmanager
async def drawer(folder: Path, token: str | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server that keeps hard cases, and beside them what the API makes."""
    api = ApiSettings(folder=folder.with_name("results"))
    async with served(hard_cases=folder, token=token, api=api) as client:
        yield client


def form(data: bytes = PICTURE, /, **fields: str) -> aiohttp.FormData:
    return picture_form(data, "../../My aunt.jpg", **({"consent": "true"} | fields))


async def matted(client: aiohttp.ClientSession, data: bytes = LEFT) -> str:
    """The id of a result."""
    status, answer = await make(client, data)
    assert status == 200
    return str(answer["id"])


async def kept(client: aiohttp.ClientSession, data: bytes = PICTURE, /, **fields: str) -> Any:
    async with client.post(PATH, data=form(data, **fields)) as response:
        assert response.status == 201, await response.text()
        return await response.json()


async def listed(client: aiohttp.ClientSession) -> Any:
    async with client.get(PATH) as response:
        return await response.json()


async def test_what_is_kept_is_listed_shown_and_removed(cases: Path) -> None:
    async with drawer(cases) as client:
        result = await matted(client)
        made = await kept(client, LEFT, id=result, kind="hair", reason="doubtful")
        (case,) = (await listed(client))["cases"]
        assert made == {name: case[name] for name in ("id", "kind", "reason", "created")}
        assert (case["kind"], case["reason"]) == ("hair", "doubtful")
        assert (await fetch(client, case["picture_url"])).shape == (120, 160, 3)
        matte = await fetch(client, case["matte_url"])
        assert (matte[60, 40], matte[60, 120]) == (255, 0)
        for wanted in (204, 404):
            assert await status(client, "DELETE", f"{PATH}/{case['id']}") == wanted
        assert await listed(client) == {"kept": True, "cases": []}
        assert await status(client, "GET", case["picture_url"]) == 404


async def test_without_consent_nothing_is_kept(cases: Path) -> None:
    async with drawer(cases) as client:
        for consent in ("", "false", "yes", "True"):
            assert await status(client, "POST", PATH, data=form(consent=consent)) == 422
        asked = aiohttp.FormData()
        asked.add_field("file", io.BytesIO(PICTURE), filename="a.jpg")
        assert await status(client, "POST", PATH, data=asked) == 422
    assert list(HardCases(cases)) == []


async def test_a_server_without_a_folder_keeps_nothing_and_says_so() -> None:
    async with served() as client:
        assert await listed(client) == {"kept": False, "cases": []}
        assert await status(client, "POST", PATH, data=form()) == 403
        assert await status(client, "GET", f"{PATH}/export") == 403
        assert await status(client, "DELETE", f"{PATH}/{'0' * 16}") == 403


async def test_without_the_token_the_drawer_is_shut(cases: Path) -> None:
    case = HardCases(cases).keep(np.zeros((8, 8, 3), np.uint8), None, "hair", "marked")
    async with drawer(cases, TOKEN) as client:
        for method, path in (
            ("GET", PATH),
            ("POST", PATH),
            ("GET", f"{PATH}/export"),
            ("GET", f"{PATH}/{case.id}/picture"),
            ("DELETE", f"{PATH}/{case.id}"),
        ):
            assert await status(client, method, path) == 401
        assert await status(client, "GET", f"{PATH}/{case.id}/picture", headers=ALLOWED) == 200


async def test_a_picture_whose_result_is_gone_is_kept_without_a_matte(cases: Path) -> None:
    async with drawer(cases) as client:
        made = await kept(client, id="0" * 32)
        assert (made["kind"], made["reason"]) == ("other", "marked")
        (case,) = (await listed(client))["cases"]
        assert case["matte_url"] is None
        assert await status(client, "GET", f"{PATH}/{case['id']}/matte") == 404


async def test_a_kind_that_nobody_names_is_guessed_from_the_matte(cases: Path) -> None:
    white = encode(np.full((120, 160, 3), 250, np.uint8))
    async with drawer(cases) as client:
        assert (await kept(client, white, id=await matted(client, white)))["kind"] == "hair"
        assert (await kept(client, white))["kind"] == "other"


async def test_nothing_of_the_file_but_its_picture_is_kept(cases: Path, tmp_path: Path) -> None:
    turned = turned_jpeg(tmp_path / "in.jpg", 6).read_bytes()
    async with drawer(cases) as client:
        await kept(client, turned)
    (case,) = HardCases(cases)
    data = (case.folder / "picture.png").read_bytes()
    assert b"Exif" not in data
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), 1)
    assert seen is not None
    assert seen.shape[:2] == (96, 64)
    assert not [path for path in case.folder.iterdir() if "aunt" in path.read_text("latin-1")]


async def test_bad_pictures_and_fields_are_refused_and_change_nothing(cases: Path) -> None:
    async with drawer(cases) as client:
        for wanted, data in BAD_UPLOADS:
            if wanted != 413:
                assert await status(client, "POST", PATH, data=form(data)) == wanted, data[:20]
        too_large = form(PICTURE + bytes(ApiSettings().upload_bytes))
        assert await status(client, "POST", PATH, data=too_large) == 413
        for fields in (
            {"kind": "../hair"},
            {"kind": ""},
            {"reason": "because"},
            {"id": "../../x"},
            {"title": "x"},
        ):
            assert await status(client, "POST", PATH, data=form(PICTURE, **fields)) == 422, fields
        assert await status(client, "POST", PATH, data=png(8, 8)) == 415
        torn = {"Content-Type": "multipart/form-data; boundary=x"}
        body = b"--x\r\nno header--x--\r\n"
        assert await status(client, "POST", PATH, data=body, headers=torn) == 400
        for path in ("/..%2f..%2fetc%2fpasswd/picture", "/*/picture", "/x/case.json"):
            assert await status(client, "GET", PATH + path) == 404
    assert list(HardCases(cases)) == []


async def test_a_drawer_that_is_full_says_so(cases: Path) -> None:
    async with drawer(cases) as client:
        first = await kept(client)
        with (cases / "other" / first["id"] / "truth.png").open("wb") as file:
            file.truncate(MOST_BYTES)
        assert await status(client, "POST", PATH, data=form()) == 507
        assert [case["id"] for case in (await listed(client))["cases"]] == [first["id"]]


async def test_what_is_exported_is_measured(
    cases: Path, tmp_path: Path, livematte: Command
) -> None:
    async with drawer(cases) as client:
        judged = await kept(client, LEFT, id=await matted(client), kind="glass")
        await kept(client, kind="shadow")
        async with client.get(f"{PATH}/export") as response:
            assert response.content_type == "application/zip"
            archive = ZipFile(io.BytesIO(await response.read()))
    archive.extractall(tmp_path)
    folder = tmp_path / "hard-cases" / "glass" / judged["id"]
    (folder / "truth.png").write_bytes((folder / "matte.png").read_bytes())
    ran = livematte("eval", tmp_path / "hard-cases")
    assert ran.status == 0
    assert "1 frame of 160x120" in ran.out
    assert "shadow/" in ran.out


async def test_an_empty_drawer_is_exported_as_an_empty_zip(cases: Path) -> None:
    async with drawer(cases) as client, client.get(f"{PATH}/export") as response:
        assert ZipFile(io.BytesIO(await response.read())).namelist() == []


@pytest.mark.parametrize("max_side", ["2048", "64"])
async def test_a_result_says_what_it_is_doubted_for(cases: Path, max_side: str) -> None:
    """Also where the picture was matted at a smaller size."""
    for segmenter, doubts in ((Half(), []), (Everything(), ["borders"])):
        async with api(cases / type(segmenter).__name__, segmenter) as client:
            _, answer = await make(client, LEFT, max_side=max_side)
            assert answer["doubts"] == doubts

"""rembg's HTTP interface: the requests of its documentation, sent by a client that is not ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from pipeline.models import ModelEntry
from pipeline.runtime import RuntimeOptions
from pipeline.segment import U2Net
from stream.server.api.models import stills
from stream.server.api.settings import ApiSettings
from stream.server.app import serving
from stream.server.networks import Networks
from stream.server.settings import ServerSettings
from tests.api_serving import REMOVE, api, decode, room_png
from tests.calling import PERSON

WITHIN = 0.01
"""Mean absolute error of alpha, of rembg's own."""


@asynccontextmanager
async def rembg(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with api(folder) as client, httpx.AsyncClient(base_url=str(client._base_url)) as other:
        yield other


async def removed(client: httpx.AsyncClient, data: bytes, **fields: Any) -> NDArray[np.uint8]:
    answer = await client.post(REMOVE, files={"file": ("a.png", data)}, data=fields, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "image/png"
    return decode(answer.content)


async def test_a_file_that_is_sent_comes_back_as_a_png_with_alpha(tmp_path: Path) -> None:
    async with rembg(tmp_path) as client:
        picture = await removed(client, room_png())
    assert picture.shape == (120, 160, 4)
    assert picture[60, 40].tolist() == [*PERSON[::-1], 255]
    assert picture[60, 130, 3] == 0


async def test_only_the_mask_is_sent_where_that_is_asked_for(tmp_path: Path) -> None:
    async with rembg(tmp_path) as client:
        mask = await removed(client, room_png(), om="true")
        clean = await removed(client, room_png(), om="true", ppm="true")
    assert mask.shape == (120, 160)
    assert (mask[60, 40], mask[60, 130]) == (255, 0)
    assert mask[60, 79:82].min() > 0 or mask[60, 78:83].max() == 255
    assert set(np.unique(clean)) == {0, 255}


async def test_a_background_colour_is_laid_behind(tmp_path: Path) -> None:
    async with rembg(tmp_path) as client:
        opaque = await removed(client, room_png(), bgc="255,128,0,255")
        half = await removed(client, room_png(), bgc="255,128,0,128")
        # rembg's own server takes the colour from the query, also where a form is posted
        answer = await client.post(
            REMOVE, params={"bgc": "255,128,0,255"}, files={"file": ("a.png", room_png())}
        )
    assert opaque[60, 130].tolist() == [0, 128, 255, 255]
    assert opaque[60, 40].tolist() == [*PERSON[::-1], 255]
    assert half[60, 130].tolist() == [0, 128, 255, 128]
    np.testing.assert_array_equal(decode(answer.content), opaque)


async def test_all_its_fields_are_taken_and_unknown_ones_passed_over(tmp_path: Path) -> None:
    fields = {"a": "true", "af": "240", "ab": "10", "ae": "10", "om": "0", "model": "half"}
    async with rembg(tmp_path) as client:
        picture = await removed(client, room_png(), extras="{}", **fields)
        for bad in ({"af": "256"}, {"a": "perhaps"}, {"model": "u2net"}, {"bgc": "red"}):
            answer = await client.post(REMOVE, files={"file": room_png()}, data=bad)
            assert answer.status_code == 422, bad
            assert answer.headers["Content-Type"] == "application/problem+json"
    assert picture[60, 40, 3] == 255


async def test_an_address_is_refused_unless_its_host_is_allowed(tmp_path: Path) -> None:
    async with rembg(tmp_path) as client:
        answer = await client.get(REMOVE, params={"url": "https://example.org/a.jpg"})
        assert answer.status_code == 403
        assert (await client.get(REMOVE)).status_code == 422


def published(path: Path, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What rembg's session does, out of its source: PIL, ONNX Runtime, plain NumPy."""
    image = pytest.importorskip("PIL.Image")
    onnxruntime = pytest.importorskip("onnxruntime")
    lanczos, picture = image.Resampling.LANCZOS, image.fromarray(rgb)
    small = np.asarray(picture.resize((320, 320), lanczos), np.float32)
    normal = (small / small.max() - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    tensor = normal.transpose(2, 0, 1)[None].astype(np.float32)
    matte = session.run(None, {session.get_inputs()[0].name: tensor})[0][0, 0]
    stretched = (matte - matte.min()) / (matte.max() - matte.min())
    mask = image.fromarray((stretched * 255).astype(np.uint8), "L").resize(picture.size, lanczos)
    return np.asarray(mask, np.float32) / np.float32(255)


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
async def test_alpha_is_rembg_s_own_with_u2netp(
    tmp_path: Path, u2netp: ModelEntry, name: str
) -> None:
    rgb = getattr(skimage.data, name)()
    data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()
    models = {"u2netp": "u2netp"}
    networks = Networks(
        {"u2netp": lambda: U2Net.load("u2netp")}, None, stills(models, RuntimeOptions())
    )
    settings = ServerSettings(port=0, model="u2netp", api=ApiSettings(folder=tmp_path))
    async with serving(settings, networks) as url, httpx.AsyncClient(base_url=url) as client:
        mask = await removed(client, data, om="true", model="u2netp")
        cut_out = await removed(client, data, model="u2netp")
    wanted = published(u2netp.path, rgb)
    np.testing.assert_allclose(cut_out[..., 3], mask, atol=1)
    assert np.abs(mask.astype(np.float32) / 255 - wanted).mean() <= WITHIN

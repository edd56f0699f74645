"""What refines a picture's edge, as a request chooses it; alpha matting as rembg does it."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from pipeline.closed_form import ClosedForm
from pipeline.frame import AlphaMatte, Frame, RgbImage, Trimap
from pipeline.models import ModelEntry
from pipeline.runtime import RuntimeOptions
from pipeline.segment import U2Net
from pipeline.subject import WHOLE, Look
from stream.server.api.models import stills
from stream.server.api.settings import ApiSettings
from stream.server.app import serving
from stream.server.networks import Networks
from stream.server.settings import ServerSettings
from tests.api_serving import REMOVE, api, decode, encode, fetch, form, make
from tests.scenes import coarse, disc_alpha, paint

pytestmark = pytest.mark.filterwarnings("default")  # numba's own
TRUTH = cv2.GaussianBlur(disc_alpha(160, 120, 80, 60, 35), (0, 0), 1.5)
SOLVED_WITHIN = 0.002
"""Mean absolute error of alpha, of rembg's own with alpha matting."""


def picture() -> bytes:
    return encode(paint(TRUTH))


class Blurred:
    """Sees the disc, and its edge badly."""

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        return coarse(TRUTH, 16)


async def test_closed_form_is_offered_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = []
    for there in (True, False):
        monkeypatch.setattr("pipeline.closed_form.is_installed", lambda there=there: there)
        async with api(tmp_path, Blurred()) as client:
            settings = await (await client.get("/settings")).json()
            offered.append(settings["pictures"]["edges"])
            if not there:
                status, problem = await make(client, picture(), edges="closed-form")
                assert (status, "one of gan" in problem["detail"]) == (422, True)
    assert offered == [["gan", "closed-form"], ["gan"]]


async def test_a_request_may_have_its_edge_solved(tmp_path: Path) -> None:
    pytest.importorskip("pymatting")
    async with api(tmp_path, Blurred()) as client:
        made = {}
        for edges in ("gan", "closed-form"):
            status, answer = await make(client, picture(), edges=edges)
            assert (status, answer["cached"]) == (200, False)
            made[edges] = await fetch(client, answer["matte_url"]) / 255
        assert (await make(client, picture(), edges="closed-form"))[1]["cached"]
        reduced = await make(client, picture(), edges="closed-form", max_side="100")
        assert reduced[1]["scaled_from"] == [100, 75]
    error = {edges: np.abs(matte - TRUTH).mean() for edges, matte in made.items()}
    assert error["closed-form"] < 0.7 * error["gan"]


async def test_pictures_that_wait_to_be_solved_hold_up_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pymatting")
    begun, end = threading.Event(), threading.Event()

    def solve(_: ClosedForm, rgb: RgbImage, trimap: Trimap) -> None:
        begun.set()
        end.wait(60)

    monkeypatch.setattr(ClosedForm, "__call__", solve)
    async with api(tmp_path, Blurred(), jobs=2) as client:
        solving = [
            asyncio.create_task(make(client, picture(), edges="closed-form", max_side=side))
            for side in ("160", "300")
        ]
        await asyncio.to_thread(begun.wait, 60)
        assert (await make(client, picture()))[0] == 200
        assert not any(task.done() for task in solving)
        end.set()
        assert [status for status, _ in await asyncio.gather(*solving)] == [200, 200]


@pytest.mark.parametrize("edges", ["own.onnx", "/etc/passwd", "best"])
async def test_no_path_is_taken_from_outside(tmp_path: Path, edges: str) -> None:
    async with api(tmp_path, Blurred()) as client:
        status, problem = await make(client, picture(), edges=edges)
    assert status == 422
    assert problem["detail"].startswith("edges")


async def removed(client: Any, data: bytes, **fields: str) -> NDArray[np.uint8]:
    async with client.post(REMOVE, data=form(data, **fields)) as response:
        assert response.status == 200, await response.text()
        return decode(await response.read())


async def test_rembg_s_thresholds_and_erosion_have_their_effect(tmp_path: Path) -> None:
    pytest.importorskip("pymatting")
    async with api(tmp_path, Blurred()) as client:
        wide = await removed(client, picture(), a="true", ae="5")
        narrow = await removed(client, picture(), a="true", ae="1", af="128", ab="127")
        plain = await removed(client, picture())
        mask = await removed(client, picture(), a="true", om="true")
        hopeless = await removed(client, picture(), a="true", ae="10000")
    errors = [np.abs(one[..., 3] / 255 - TRUTH).mean() for one in (wide, narrow, plain)]
    assert errors[0] < 0.6 * min(errors[1:])
    np.testing.assert_array_equal(mask, plain[..., 3])  # rembg's mask is not matted either
    np.testing.assert_array_equal(hopeless[..., 3], plain[..., 3])


async def test_without_pymatting_the_edge_is_refined_as_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.closed_form.is_installed", lambda: False)
    async with api(tmp_path, Blurred()) as client:
        one = await removed(client, picture(), a="true", ae="2")
        other = await removed(client, picture(), a="true", ae="9")
    np.testing.assert_array_equal(one, other)
    assert np.abs(one[..., 3] / 255 - TRUTH).mean() < 0.08


def rembg_matted(mask: NDArray[np.uint8], rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Alpha as rembg's `alpha_matting_cutout` finds it, out of its source, by its defaults."""
    ndimage = pytest.importorskip("scipy.ndimage")
    pymatting = pytest.importorskip("pymatting")
    square, trimap = np.ones((10, 10)), np.full(mask.shape, 128, np.uint8)
    trimap[ndimage.binary_erosion(mask > 240, square)] = 255
    trimap[ndimage.binary_erosion(mask < 10, square, border_value=1)] = 0
    alpha: NDArray[np.float64] = pymatting.estimate_alpha_cf(rgb / 255.0, trimap / 255.0)
    return alpha


@pytest.mark.parametrize("name", ["chelsea", "coffee"])
async def test_alpha_matting_is_rembg_s_own_with_u2netp(
    tmp_path: Path, u2netp: ModelEntry, name: str
) -> None:
    rgb = cv2.resize(getattr(skimage.data, name)(), (300, 200), interpolation=cv2.INTER_AREA)
    models = {"u2netp": "u2netp"}
    networks = Networks(
        {"u2netp": lambda: U2Net.load("u2netp")}, None, stills(models, RuntimeOptions())
    )
    settings = ServerSettings(port=0, model="u2netp", api=ApiSettings(folder=tmp_path))
    async with serving(settings, networks) as url, httpx.AsyncClient(base_url=url) as client:
        answers = []
        for fields in ({"om": "true"}, {"a": "true"}):
            files = {"file": ("a.png", encode(rgb))}
            answers.append(await client.post(REMOVE, files=files, data=fields, timeout=60))
    mask, cut_out = (decode(answer.content) for answer in answers)
    wanted = rembg_matted(mask, rgb)
    assert np.abs(cut_out[..., 3] / 255 - wanted).mean() <= SOLVED_WITHIN
    assert np.abs(mask / 255 - wanted).mean() > 3 * SOLVED_WITHIN

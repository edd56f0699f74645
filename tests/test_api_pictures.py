"""Pictures by request: what is made of them, kept of them, and refused."""

import asyncio
import io
import struct
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte, Frame
from pipeline.subject import WHOLE, Look
from stream.server.api import form as forms
from stream.server.api.settings import ApiSettings
from tests.api_serving import MADE, api, encode, fetch, form, make, room_png
from tests.calling import PERSON, Half, room
from tests.test_serve_guard import png

MARKER_BGR = (255, 0, 255)


async def test_a_picture_comes_back_cut_out_with_its_matte(tmp_path: Path) -> None:
    async with api(tmp_path) as client:
        status, made = await make(client, room_png())
        assert status == 200
        assert made["status"] == "success"
        assert (made["width"], made["height"]) == (160, 120)
        assert made["cached"] is False
        assert made["scaled_from"] is None
        assert made["doubts"] == []
        picture = await fetch(client, made["result_url"])
        matte = await fetch(client, made["matte_url"])
    assert picture.shape == (120, 160, 4)
    np.testing.assert_array_equal(picture[..., 3], matte)
    assert picture[60, 40].tolist() == [*PERSON[::-1], 255]
    assert picture[60, 130, 3] == 0


@pytest.mark.parametrize(
    ("background", "behind"),
    [("green", (64, 177, 0)), ("#102030", (0x30, 0x20, 0x10)), ("blur:4", MARKER_BGR)],
)
async def test_a_background_takes_the_room_s_place(
    tmp_path: Path, background: str, behind: tuple[int, int, int]
) -> None:
    async with api(tmp_path) as client:
        _, made = await make(client, room_png(), background=background, output="webp")
        assert made["result_url"].endswith(".webp")
        picture = await fetch(client, made["result_url"])
    assert picture.shape == (120, 160, 3)
    assert np.abs(picture[60, 130].astype(int) - behind).max() < 8


async def test_a_picture_of_the_gallery_lies_behind_and_counts_by_its_content(
    tmp_path: Path,
) -> None:
    async with api(tmp_path) as client:
        await client.get("/settings")
        values = []
        for colour in ((0, 0, 200), (0, 0, 200), (200, 0, 0)):
            data = encode(np.full((90, 160, 3), colour, np.uint8))
            async with client.post("/backgrounds", data=form(data)) as added:
                values.append((await added.json())["value"])
        made = [(await make(client, room_png(), background=value))[1] for value in values]
        assert made[0]["id"] == made[1]["id"] != made[2]["id"]
        assert made[1]["cached"]
        picture = await fetch(client, made[0]["result_url"])
    assert np.abs(picture[60, 130].astype(int) - (200, 0, 0)).max() < 8


async def test_the_same_again_is_found_and_any_other_option_is_not(tmp_path: Path) -> None:
    half = Half()
    async with api(tmp_path, half) as client:
        _, first = await make(client, room_png())
        _, again = await make(client, room_png(), enable_gan="true", output="png")
        assert again["cached"] is True
        assert again["id"] == first["id"]
        assert half.calls == 1
        names = {first["id"]}
        others: list[dict[str, str]] = [
            {"enable_gan": "false"},
            {"model": "other"},
            {"background": "green"},
            {"output": "webp"},
            {"max_side": "100"},
        ]
        for other in others:
            _, made = await make(client, room_png(), **other)
            assert not made["cached"], other
            names.add(made["id"])
        _, made = await make(client, encode(room()[:, ::-1]))
        assert len(names | {made["id"]}) == 7


async def test_results_outlive_the_server_that_made_them(tmp_path: Path) -> None:
    async with api(tmp_path) as client:
        _, made = await make(client, room_png())
    async with api(tmp_path) as client:
        assert (await fetch(client, made["result_url"])).shape == (120, 160, 4)
        assert (await make(client, room_png()))[1]["cached"]


async def test_a_result_expires(tmp_path: Path) -> None:
    async with api(tmp_path, keep_seconds=1e-9) as client:
        _, made = await make(client, room_png())
        assert (await client.get(made["result_url"])).status == 404
        assert not (await make(client, room_png()))[1]["cached"]


async def test_a_result_is_not_sent_to_who_has_it(tmp_path: Path) -> None:
    async with api(tmp_path) as client:
        _, made = await make(client, room_png())
        first = await client.get(made["result_url"])
        assert "private" in first.headers["Cache-Control"]
        again = await client.get(
            made["result_url"], headers={"If-None-Match": first.headers["ETag"]}
        )
        assert again.status == 304
        for wrong in ("webp", "mp4"):
            assert (await client.get(f"/results/{made['id']}.{wrong}")).status == 404


async def test_equal_requests_at_once_do_the_work_once(tmp_path: Path) -> None:
    half = Half()
    half.may_go.clear()
    async with api(tmp_path, half) as client:
        asked = [asyncio.create_task(make(client, room_png())) for _ in range(5)]
        while not half.calls:  # noqa: ASYNC110  (a network tells nobody)
            await asyncio.sleep(0.01)
        half.may_go.set()
        made = [answer for _, answer in await asyncio.gather(*asked)]
    assert half.calls == 1
    assert len({answer["id"] for answer in made}) == 1
    assert sorted(answer["cached"] for answer in made) == [False, True, True, True, True]


async def test_beyond_the_queue_clients_are_asked_to_come_again(tmp_path: Path) -> None:
    half = Half()
    half.may_go.clear()
    async with api(tmp_path, half, jobs=1, queue=1) as client:
        pictures = [encode(room((40 + size, 40))) for size in range(2)]
        asked = [asyncio.create_task(make(client, data)) for data in pictures]
        while not half.calls:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async with client.post(MADE, data=form(room_png())) as refused:
            assert refused.status == 503
            assert int(refused.headers["Retry-After"]) > 0
        assert (await client.get("/healthz")).status == 200
        half.may_go.set()
        assert [status for status, _ in await asyncio.gather(*asked)] == [200, 200]
        assert (await make(client, room_png()))[0] == 200


async def test_a_failure_is_told_and_leaves_the_next_request_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    half = Half()
    half.fails = lambda call: call == 1
    async with api(tmp_path, half) as client:
        status, problem = await make(client, room_png())
        assert status == 500
        assert "no matte" not in str(problem)
        assert (await make(client, room_png()))[0] == 200


async def test_pictures_are_matted_off_the_event_loop(tmp_path: Path) -> None:
    threads: list[threading.Thread] = []

    class Seen(Half):
        def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
            threads.append(threading.current_thread())
            return super().__call__(frame, look)

    async with api(tmp_path, Seen()) as client:
        await make(client, room_png())
    assert threading.main_thread() not in threads
    assert threads


async def test_a_large_picture_is_matted_smaller_and_comes_back_at_its_own_size(
    tmp_path: Path,
) -> None:
    seen: list[tuple[int, int]] = []

    class Seen(Half):
        def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
            seen.append((frame.width, frame.height))
            return super().__call__(frame, look)

    async with api(tmp_path, Seen(), longest_side=256) as client:
        _, made = await make(client, room_png(800, 600))
        assert made["scaled_from"] == [256, 192]
        assert (made["width"], made["height"]) == (800, 600)
        picture = await fetch(client, made["result_url"])
        _, small = await make(client, room_png(800, 600), max_side="64")
        assert small["scaled_from"] == [64, 48]
        assert (await make(client, room_png(), max_side="257"))[0] == 422
    assert seen == [(256, 192), (64, 48)]
    assert picture.shape == (600, 800, 4)
    edge = np.flatnonzero(np.abs(np.diff(picture[300, :, 3].astype(int))) > 64)
    assert np.abs(edge - 399).max() <= 2, "the edge is not where the picture has it"


async def test_what_is_transparent_already_stays_so(tmp_path: Path) -> None:
    picture = cv2.cvtColor(room(), cv2.COLOR_RGB2BGRA)
    picture[:60, :, 3] = 0
    data = cv2.imencode(".png", picture)[1].tobytes()
    async with api(tmp_path) as client:
        _, made = await make(client, data)
        result = await fetch(client, made["result_url"])
    assert result[30, 40, 3] == 0
    assert result[90, 40, 3] == 255
    assert result[90, 130, 3] == 0


async def test_sixteen_bits_cmyk_and_turned_pictures_are_understood(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    deep = cv2.imencode(".png", cv2.cvtColor(room().astype(np.uint16) * 257, cv2.COLOR_RGB2BGR))
    upright = image.fromarray(room())
    exif = upright.getexif()
    exif[0x112] = 6  # a quarter turn to the right brings it upright
    turned = upright.rotate(90, expand=True)
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    upright.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    files = [(tmp_path / name).read_bytes() for name in ("turned.jpg", "cmyk.jpg")]
    async with api(tmp_path / "kept") as client:
        for data in (deep[1].tobytes(), *files):
            _, made = await make(client, data)
            assert (made["width"], made["height"]) == (160, 120)
            picture = await fetch(client, made["result_url"])
            assert np.abs(picture[60, 40, :3].astype(int) - PERSON[::-1]).max() < 12
            assert picture[60, 130, 3] == 0


BAD_FIELDS: list[dict[str, str]] = [
    {"enable_gan": "maybe"},
    {"model": "/etc/passwd"},
    {"background": "/etc/passwd"},
    {"background": "picture:nothing"},
    {"background": "blur:0"},
    {"background": "blur:999"},
    {"output": "exe"},
    {"max_side": "0"},
    {"max_side": "1e3"},
    {"max_side": "٢٠٠"},
    {"colour": "red"},
    {"output": "x" * 2000},
]


@pytest.mark.parametrize("fields", BAD_FIELDS, ids=str)
async def test_fields_that_make_no_sense_are_refused(
    tmp_path: Path, fields: dict[str, str]
) -> None:
    half = Half()
    async with api(tmp_path, half) as client:
        status, problem = await make(client, room_png(), **fields)
    assert status == 422
    assert next(iter(fields)) in problem["detail"]
    assert not half.calls


async def test_files_that_are_too_large_or_no_pictures_are_refused_before_they_are_decoded(
    tmp_path: Path,
) -> None:
    half = Half()
    async with api(tmp_path, half, upload_bytes=100_000, pixels=1_000_000) as client:
        bomb = png(20_000, 20_000, truncated=True)
        for wanted, data in (
            (413, bytes(100_001)),
            (413, bytes(300_000)),
            (415, b""),
            (415, b"GIF89a" + bytes(50)),
            (415, b"%PDF-1.7"),
            (422, bomb),
            (422, png(0, 10)),
            (422, png(40_000, 2)),
            (422, room_png()[:40]),
            (422, b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"),
            (422, encode(room(), ".jpg") + b"\xff\xda" * 200),
            (422, b"\xff\xd8\xff" + b"\xff" * 90_000),
        ):
            assert (await make(client, data))[0] == wanted, data[:20]
    assert not half.calls


async def test_forms_that_are_none_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "PICTURE_SECONDS", 0.3)
    async with api(tmp_path) as client:
        assert (await client.post(MADE, json={})).status == 415
        kind = {"Content-Type": "multipart/form-data"}
        assert (await client.post(MADE, data=b"x", headers=kind)).status == 400
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        for body in (b"--x\r\n", b"--x\r\n\r\nhello\r\n--x--\r\n", b"hello", b""):
            status = (await client.post(MADE, data=body, headers=kind)).status
            assert status in (400, 408, 422), body
        twice = form(room_png())
        twice.add_field("file", b"more", filename="b.png")
        assert (await client.post(MADE, data=twice)).status == 422
        nameless = form(room_png())
        nameless.add_field("output", io.BytesIO(b"\xff\xfe"))
        assert (await client.post(MADE, data=nameless)).status == 400


async def test_settings_say_what_is_taken(tmp_path: Path) -> None:
    async with api(tmp_path, upload_bytes=1234, pixels=5678, longest_side=512) as client:
        taken = (await (await client.get("/settings")).json())["pictures"]
    assert taken == {
        "upload_bytes": 1234,
        "pixels": 5678,
        "longest_side": 512,
        "models": ["half", "other"],
        "model": "half",
        "edges": ["gan", "closed-form"],
        "outputs": ["png", "webp"],
    }


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"redis": "localhost"}, "redis://"),
        ({"redis": "http://user:secret@host"}, "redis://"),
        ({"url_hosts": ("https://example.org",)}, "without scheme"),
        ({"url_hosts": ("10.0.0.1",)}, "name"),
        ({"longest_side": 1}, "64"),
        ({"jobs": 0}, "1 or more"),
        ({"queue": -1}, "0 or more"),
        ({"video_bytes": 2, "keep_bytes": 1}, "kept"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: Any, word: str) -> None:
    with pytest.raises(OptionError) as refused:
        ApiSettings(**settings)
    assert word in str(refused.value)
    assert "secret" not in str(refused.value)

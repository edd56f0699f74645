"""Clips by request: jobs with progress, cancelled, failing, expiring, and clips that are none."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp import web

from pipeline.models import DEFAULT_MODEL
from pipeline.runtime import RuntimeOptions
from stream.server.api.api import API
from stream.server.api.models import stills
from stream.server.api.options import VideoOptions
from stream.server.api.settings import ApiSettings
from stream.server.api.video_routes import VIDEOS
from stream.server.app import make_app
from stream.server.networks import Networks
from stream.server.settings import ServerSettings
from tests.api_serving import encode, form, make
from tests.calling import Half
from tests.clips import read_clip

Told = dict[str, Any]


@asynccontextmanager
async def clips(folder: Path, **settings: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server whose one model is that of the package."""
    models = {DEFAULT_MODEL: DEFAULT_MODEL}
    networks = Networks({DEFAULT_MODEL: Half}, None, stills(models, RuntimeOptions()))
    chosen = ServerSettings(port=0, api=ApiSettings(folder=folder, **settings))
    runner = web.AppRunner(make_app(chosen, networks))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as client:
            yield client
    finally:
        await runner.cleanup()


@pytest.fixture
def data(clip: Path) -> bytes:
    return clip.read_bytes()


def uploads(folder: Path) -> list[Path]:
    """What lies in a folder of what was sent."""
    return list(folder.rglob("clip"))


async def watched(client: aiohttp.ClientSession, begun: Told) -> list[Told]:
    """All that is told of a job until it has ended."""
    async with client.get(begun["events_url"]) as stream:
        assert stream.content_type == "text/event-stream"
        text = (await stream.read()).decode()
    events = [part for part in text.split("\n\n") if part.startswith("event: progress\n")]
    return [json.loads(event.partition("\ndata: ")[2]) for event in events]


async def test_a_clip_is_matted_its_progress_told_and_its_result_fetched(
    data: bytes, tmp_path: Path
) -> None:
    async with clips(tmp_path / "kept") as client:
        async with client.post(VIDEOS, data=form(data, background="#00ff00")) as answer:
            assert answer.status == 202
            begun = await answer.json()
            assert answer.headers["Location"] == begun["url"]
        assert begun["status"] == "queued"
        told = await watched(client, begun)
        last = await (await client.get(begun["url"])).json()
        assert told[-1] == last
        assert last["status"] == "done", last
        assert (last["frames_done"], last["frames_total"]) == (10, 10)
        assert last["expires"] > "2000"
        assert [one["status"] for one in told[:-1]] == ["running"] * (len(told) - 1)
        part = await client.get(last["result_url"], headers={"Range": "bytes=0-9"})
        assert (part.status, len(await part.read())) == (206, 10)
        result = await (await client.get(last["result_url"])).read()
        for path in (begun["url"], begun["events_url"]):
            assert (await client.get(path)).status == 200
        assert (await client.delete(begun["url"])).status == 204
        for path in (begun["url"], begun["events_url"], last["result_url"]):
            assert (await client.get(path)).status == 404
    made = tmp_path / "made.mp4"
    made.write_bytes(result)
    picture = read_clip(made).rgb(5)
    assert len(read_clip(made).pictures) == 10
    assert np.abs(picture[-4:, -4:].astype(int) - (0, 255, 0)).max() < 40
    assert not any((tmp_path / "kept" / "clips").iterdir())


async def test_a_job_is_cancelled_while_it_waits_and_while_it_runs(
    data: bytes, tmp_path: Path
) -> None:
    async with clips(tmp_path / "kept") as client:
        running, waiting = [(await make(client, data, VIDEOS))[1] for _ in range(2)]
        assert (await (await client.get(waiting["url"])).json())["status"] == "queued"
        for begun in (waiting, running):
            watching = asyncio.create_task(watched(client, begun))
            assert (await client.delete(begun["url"])).status == 204
            if events := await watching:
                assert events[-1]["status"] == "cancelled"
            told = await (await client.get(begun["url"])).json()
            assert (told["status"], told["result_url"]) == ("cancelled", None)
            assert (await client.delete(begun["url"])).status == 204
            assert (await client.get(begun["url"])).status == 404


async def test_a_damaged_clip_fails_with_one_line_that_names_no_path(
    data: bytes, tmp_path: Path
) -> None:
    async with clips(tmp_path / "kept") as client:
        _, begun = await make(client, data[:600], VIDEOS)
        last = (await watched(client, begun))[-1]
    assert last["status"] == "failed"
    assert last["error"].startswith("the clip")
    assert str(tmp_path) not in last["error"]
    assert "\n" not in last["error"]


async def test_what_is_no_clip_or_names_others_is_refused(tmp_path: Path) -> None:
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n"
    async with clips(tmp_path, video_bytes=100_000) as client:
        for data in (
            b"",
            b"hello",
            playlist,
            b"ffconcat version 1.0\nfile /etc/passwd\n",
            b"<MPD>",
        ):
            assert (await make(client, data, VIDEOS))[0] == 415, data
        assert (await make(client, encode(np.zeros((4, 4, 3), np.uint8)), VIDEOS))[0] == 415
        assert (await make(client, bytes(100_001), VIDEOS))[0] == 413
        assert not uploads(tmp_path)


@pytest.mark.parametrize(
    "fields",
    [
        {"background": "/etc/passwd"},
        {"background": "beach.jpg"},
        {"background": "transparent", "output": "mp4"},
        {"output": "avi"},
        {"model": "/tmp/evil.onnx"},
        {"max_side": "100"},
    ],
    ids=str,
)
async def test_fields_that_make_no_sense_are_refused(
    data: bytes, tmp_path: Path, fields: dict[str, str]
) -> None:
    async with clips(tmp_path / "kept") as client:
        status, problem = await make(client, data, VIDEOS, **fields)
        assert status == 422, problem
        assert not uploads(tmp_path)


async def test_clips_beyond_the_queue_or_the_room_are_asked_to_come_again(
    data: bytes, tmp_path: Path
) -> None:
    async with clips(tmp_path / "a", queue=0) as client:
        assert (await make(client, data, VIDEOS))[0] == 202
        assert (await make(client, data, VIDEOS))[0] == 503
    room = len(data) + 10
    async with clips(tmp_path / "b", video_bytes=room, keep_bytes=room) as client:
        _, begun = await make(client, data, VIDEOS)
        assert (await make(client, data, VIDEOS))[0] == 503
        await client.delete(begun["url"])
        assert (await make(client, data, VIDEOS))[0] == 202


async def test_jobs_expire_with_their_files(tmp_path: Path) -> None:
    settings = ServerSettings(api=ApiSettings(folder=tmp_path / "kept", keep_seconds=1e-3))
    app = make_app(settings, Networks({"half": Half}))
    videos = app[API].videos
    async with videos.folder() as folder:
        (folder / "clip").write_bytes(b"x")
        job = await videos.start(folder, VideoOptions(DEFAULT_MODEL), "green")
    await videos.end(job)
    assert videos.get(job.id) is job
    await videos.sweep()
    with pytest.raises(Exception, match="no such clip"):
        videos.get(job.id)
    await videos.aclose()
    assert not uploads(tmp_path)

"""The page's way: an offer is answered with matted video, and its session obeys."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiortc.rtcdatachannel import RTCDataChannel

from stream.server import page_routes
from tests.calling import Camera, Half, Microphone, shows_marker, shows_person, until
from tests.serving import Caller, call_page, gone, page_caller, served


class Channel:
    """The data channel `control` from the page's side."""

    def __init__(self, caller: Caller) -> None:
        self.channel: RTCDataChannel = caller.connection.createDataChannel("control")
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.opened = asyncio.Event()
        self.channel.on("open", self.opened.set)
        self.channel.on("message", lambda text: self.messages.put_nowait(json.loads(text)))

    async def ask(self, text: str | bytes) -> dict[str, Any]:
        """The answer, with statistics that come between passed over."""
        async with asyncio.timeout(20):
            await self.opened.wait()
            self.channel.send(text)
            while "id" not in (answer := await self.next("options", "error")):
                pass  # at the start all options are told, unasked
            return answer

    async def next(self, *kinds: str) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while (message := await self.messages.get())["type"] not in kinds:
                pass
        return message

    async def set(self, number: int, **options: object) -> dict[str, Any]:
        return await self.ask(json.dumps({"type": "set", "id": number, "options": options}))


async def test_a_peer_gets_itself_before_another_background() -> None:
    async with served() as client, page_caller() as caller:
        answer = await call_page(client, caller)
        seen = await until(caller.received(), shows_person)
        assert not any(map(shows_marker, seen))
        assert (seen[-1][60, 140].astype(int) - (0, 0, 255)).max() < 40
        async with client.delete(answer["session"]) as response:
            assert response.status == 200
        assert (await client.get(answer["session"])).status == 404


async def test_nothing_of_the_room_reaches_a_peer_when_the_network_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    network = Half()
    async with served(network) as client, page_caller() as caller:
        network.fails = lambda call: call in (1, 2, 5, 6, 9)
        await call_page(client, caller)
        seen = await until(caller.received(), lambda rgb: network.calls > 12 and shows_person(rgb))
    assert not any(map(shows_marker, seen))


async def test_sound_comes_back_with_the_picture() -> None:
    async with served() as client, Caller(Camera(), Microphone()) as caller:
        await call_page(client, caller)
        await until(caller.received(), shows_person)
        async with asyncio.timeout(20):
            frame = await caller.received("audio").recv()
        assert frame.pts is not None


async def test_a_session_ends_with_its_peer() -> None:
    async with served() as client:
        async with page_caller() as caller:
            answer = await call_page(client, caller)
            await until(caller.received(), shows_person)
        await gone(client, answer["session"])


async def test_the_control_channel_sets_options_and_tells_statistics() -> None:
    async with served() as client, page_caller() as caller:
        control = Channel(caller)
        await call_page(client, caller)
        await until(caller.received(), shows_person)
        answer = await control.set(7, background="#00ff00", refine="off", budget_ms=50)
        assert answer["id"] == 7
        assert answer["options"]["background"] == "#00ff00"
        seen = await until(caller.received(), lambda rgb: rgb[60, 140, 1] > 160)
        assert not any(map(shows_marker, seen))
        stats = await control.next("stats")
    assert stats["fps_in"] > 0
    assert (stats["width"], stats["height"]) == (160, 120)
    assert stats["quality"] == {"step": 0, "steps": 4}
    assert {"p50", "p95"} == set(stats["age_ms"]) == set(stats["processing_ms"])
    assert stats["layout"] == {"stacked": False, "width": 160, "height": 120, "guard": 0}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[" * 10_000,
        "7",
        '{"type": "set"}',
        '{"type": "set", "id": 1, "options": {"background": "/etc/passwd"}}',
        '{"type": "set", "id": 1, "options": {"background": "picture:../../etc/passwd"}}',
        '{"type": "set", "id": 1, "options": {"model": "../u2net.onnx"}}',
        '{"type": "set", "id": 1, "options": {"show": "source"}}',
        '{"type": "set", "id": 1, "options": {"budget_ms": 1e999}}',
        b"\xff\xfe\x00",
        " " * 65_537,
    ],
)
async def test_a_bad_message_is_answered_and_changes_nothing(text: str | bytes) -> None:
    async with served() as client, page_caller() as caller:
        control = Channel(caller)
        before = (await call_page(client, caller))["session"]
        answer = await control.ask(text)
        assert answer["type"] == "error"
        options = (await (await client.get(before)).json())["options"]
        assert options["background"] == "#0000ff"
        assert options["model"] == "half"


async def test_a_session_is_changed_by_patch() -> None:
    async with served() as client, page_caller() as caller:
        path = (await call_page(client, caller))["session"]
        async with client.patch(path, json={"smooth": False, "model": "other"}) as response:
            assert response.status == 200
            assert (await response.json())["smooth"] is False
        async with client.patch(path, json={"smooth": "no"}) as response:
            assert response.status == 422
            assert "smooth" in (await response.json())["detail"]
        seen = await until(caller.received(), shows_person)
        assert not any(map(shows_marker, seen))


async def test_a_full_server_says_when_to_come_back() -> None:
    async with served(max_sessions=1) as client, page_caller() as caller:
        await call_page(client, caller)
        async with page_caller() as second:
            body = {"type": "offer", "sdp": await second.offer()}
            async with client.post("/offer", json=body) as response:
                assert response.status == 503
                assert int(response.headers["Retry-After"]) > 0
                assert response.content_type == "application/problem+json"


async def test_settings_health_and_metrics_are_told() -> None:
    async with served() as client, page_caller() as caller:
        assert await (await client.get("/healthz")).json() == {"status": "ok"}
        settings = await (await client.get("/settings")).json()
        assert settings["models"] == ["half", "other"]
        assert settings["defaults"]["model"] == "half"
        assert {"blur", "transparent"} <= {one["id"] for one in settings["backgrounds"]}
        control = Channel(caller)
        await call_page(client, caller)
        await control.next("stats")
        text = await (await client.get("/metrics")).text()
    assert 'livematte_sessions{kind="page"} 1.0' in text
    assert "livematte_frames_in_total" in text


async def test_backgrounds_are_called_by_words_that_can_be_said() -> None:
    async with served() as client:
        settings = await (await client.get("/settings")).json()
    titles = [one["title"] for one in settings["backgrounds"]]
    assert len(set(titles)) == len(titles)
    assert all(title.replace(" ", "").isalpha() for title in titles)


async def test_a_session_s_name_cannot_be_guessed() -> None:
    async with served() as client:
        names = set()
        for _ in range(3):
            async with page_caller() as caller:
                names.add((await call_page(client, caller))["session"])
        assert len(names) == 3
        assert all(len(name.removeprefix("/sessions/")) >= 32 for name in names)
        for guess in ("/sessions/1", "/sessions/" + "A" * 32, "/sessions/..%2f..%2f"):
            response: aiohttp.ClientResponse = await client.get(guess)
            assert response.status == 404


async def test_the_pages_are_served_without_the_token_and_kept_to_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index.html").write_text("<h1>call</h1>")
    (tmp_path / "studio.html").write_text("<h1>studio</h1>")
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "player.js").write_text("export {}")
    monkeypatch.setattr(page_routes, "STATIC", tmp_path)
    async with served(token="sixteen-or-longer") as client:
        for path, text in (("/", "<h1>call</h1>"), ("/studio", "<h1>studio</h1>")):
            async with client.get(path) as response:
                assert await response.text() == text
                policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
        async with client.get("/static/js/player.js") as response:
            assert response.content_type == "text/javascript"
            assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert (await client.get("/player")).status == 404

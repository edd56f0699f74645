"""A page's call is private until it is given a name, and again when the name is taken away."""

import asyncio
import json

from tests.calling import shows_marker, shows_person, until
from tests.serving import SDP, Caller, browser, call_page, gone, page_caller, post_sdp, served


def viewer() -> Caller:
    return Caller(receive=("video",))


async def test_a_named_call_is_watched_until_the_name_is_taken_away() -> None:
    async with served() as client, page_caller() as caller, viewer() as watcher:
        path = (await call_page(client, caller))["session"]
        offer, headers = await watcher.offer(), {"Content-Type": SDP}
        assert (await client.post("/whep/me", data=offer, headers=headers)).status == 404
        await client.patch(path, json={"stream": "me"})
        watched = await post_sdp(client, "/whep/me", watcher)
        seen = await until(watcher.received(), shows_person)
        assert not any(map(shows_marker, seen))
        await client.patch(path, json={"stream": None})
        await gone(client, "/sessions/" + watched.headers["Location"].split("/")[-1])


async def test_a_name_moves_within_a_browser_and_to_nobody_else() -> None:
    async with served() as client, page_caller() as old, page_caller() as new:
        await client.get("/settings")  # for the cookie
        first = (await call_page(client, old, stream="me"))["session"]
        await call_page(client, new, stream="me")
        assert (await (await client.get(first)).json())["options"]["stream"] is None
        async with browser(client._base_url) as stranger, page_caller() as other:
            body = {"type": "offer", "sdp": await other.offer(), "options": {"stream": "me"}}
            async with stranger.post("/offer", json=body) as response:
                assert response.status == 409


async def test_a_page_is_told_options_and_layout_before_it_asks() -> None:
    async with served() as client, page_caller() as caller:
        channel = caller.connection.createDataChannel("control")
        told: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        channel.on("message", lambda text: told.put_nowait(json.loads(text)))
        await call_page(client, caller, background="transparent")
        first: dict[str, dict[str, object]] = {}
        async with asyncio.timeout(20):
            while not (first.keys() >= {"options", "layout"} and _is_known(first["layout"])):
                message = await told.get()
                first[str(message["type"])] = message
    assert first["layout"]["layout"] == {"stacked": True, "width": 160, "height": 120, "guard": 16}
    assert "id" not in first["options"]


def _is_known(message: dict[str, object]) -> bool:
    return "160" in str(message)

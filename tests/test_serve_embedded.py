"""Calls as a part of another application, as in examples/embedded_calls.py."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from examples.embedded_calls import club
from stream.server.app import make_app
from stream.server.networks import Networks
from stream.server.settings import ServerSettings
from tests.calling import Camera, Half
from tests.serving import Caller, browser, post_sdp

TOKEN = "sixteen-or-longer"


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    app = web.Application()
    settings = ServerSettings(model="half", token=TOKEN)
    app.add_subapp("/calls/", make_app(settings, Networks({"half": Half})))
    async with TestServer(app) as server, browser(server.make_url("/calls/")) as client:
        yield client


async def test_pages_are_open_and_the_rest_wants_the_token(client: aiohttp.ClientSession) -> None:
    for path in ("", "player", "healthz", "static/js/main.js"):
        assert (await client.get(path)).status == 200, path
    assert (await client.get("settings")).status == 401


async def test_addresses_that_are_given_out_lie_where_it_is_mounted(
    client: aiohttp.ClientSession,
) -> None:
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    async with Caller(Camera()) as caller:
        caller.send_only()
        answer = await post_sdp(client, "whip/desk", caller)
        place = answer.headers["Location"]
        assert place.startswith("/calls/whip/desk/")
        assert (await client.delete(place)).status == 200
    async with Caller(Camera()) as caller:
        caller.connection.createDataChannel("control")
        body = {"type": "offer", "sdp": await caller.offer()}
        answer = await client.post("offer", json=body)
        place = answer.headers["Location"]
        assert place == (await answer.json())["session"]
        assert (await client.get(place)).status == 200
        assert (await client.delete(place)).status == 200


async def test_the_example_serves_its_own_page_and_the_calls() -> None:
    async with TestServer(club()) as server, browser(server.make_url("/")) as client:
        assert "/calls/" in await (await client.get("/")).text()
        assert "livematte" in await (await client.get("/calls/")).text()

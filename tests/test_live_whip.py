"""WHIP push into an endpoint of aiortc's, and what it does when it cannot."""

import asyncio
from fractions import Fraction

import av
import numpy as np
import pytest

from pipeline.composite import solid
from pipeline.errors import SinkError
from pipeline.frame import Frame
from pipeline.matting import Matting
from stream.live.address import sink_address
from stream.live.sound import RATE, Sound
from stream.live.whip import WhipOutlet
from tests.calling import Half, room, shows_marker, shows_person, until
from tests.whip_endpoint import whip_endpoint

FPS = 20


async def push(outlet: WhipOutlet) -> None:
    """The person before blue, and a tone, until it is cancelled."""
    matting, index, each = Matting(Half(), solid(0, 0, 255)), 0, RATE // FPS
    while True:
        frame = Frame.from_rgb(room(), index * 90_000 // FPS, Fraction(1, 90_000))
        tone = np.full((each, 2), 5000, np.int16)
        await outlet.write(matting.process(frame), Sound(index * each, tone))
        await asyncio.sleep(1 / FPS)
        index += 1


async def test_the_matted_picture_and_the_sound_arrive() -> None:
    async with whip_endpoint() as endpoint:
        address = sink_address(endpoint.url)
        outlet = await WhipOutlet.open(address, "a token", has_sound=True)
        pushing = asyncio.create_task(push(outlet))
        tracks = await endpoint.sessions.get()
        seen = await until(tracks["video"], shows_person)
        assert not any(map(shows_marker, seen))
        heard = await tracks["audio"].recv()
        assert isinstance(heard, av.AudioFrame)
        pushing.cancel()
        await asyncio.wait([pushing])
        await outlet.aclose()
        assert endpoint.ended.is_set()
        assert endpoint.tokens == ["Bearer a token"]


async def test_a_connection_that_is_lost_is_said() -> None:
    async with whip_endpoint() as endpoint:
        outlet = await WhipOutlet.open(sink_address(endpoint.url), None, has_sound=False)
        pushing = asyncio.create_task(push(outlet))
        await endpoint.sessions.get()
        await endpoint.break_off()
        with pytest.raises(SinkError, match="lost"):
            await pushing
        await outlet.aclose()


async def test_a_server_that_refuses_is_said() -> None:
    async with whip_endpoint() as endpoint:
        address = sink_address(endpoint.url.replace("/whip", "/elsewhere"))
        with pytest.raises(SinkError, match="the server answers 404"):
            await WhipOutlet.open(address, None, has_sound=True)


async def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(SinkError, match="cannot be reached"):
        await WhipOutlet.open(sink_address("http://127.0.0.1:9/whip"), None, has_sound=True)

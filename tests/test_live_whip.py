"""WHIP push into an endpoint of aiortc's, and what it does when it cannot."""

import asyncio
from fractions import Fraction
from typing import cast

import av
import numpy as np
import pytest
from aioice import stun

from pipeline.composite import solid
from pipeline.errors import SinkError
from pipeline.frame import Frame
from pipeline.matting import Matting
from stream.live.address import sink_address
from stream.live.sound import RATE, Sound
from stream.live.whip import OPEN_ACCESS, WhipAccess, WhipOutlet
from stream.server.settings import parse_ice_server
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
        outlet = await WhipOutlet.open(address, WhipAccess("a token"), has_sound=True)
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


class Stun(asyncio.DatagramProtocol):
    """A STUN server (RFC 8489) that tells everybody where they are."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        asked = stun.parse_message(data)
        told = stun.Message(asked.message_method, stun.Class.RESPONSE, asked.transaction_id)
        told.attributes["XOR-MAPPED-ADDRESS"] = address
        self._transport.sendto(bytes(told), address)
        self.asked.set()


async def test_the_server_of_addresses_that_is_named_is_asked() -> None:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(Stun, ("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    access = WhipAccess(ice_servers=(parse_ice_server(f"stun:127.0.0.1:{port}"),))
    async with whip_endpoint() as endpoint:
        outlet = await WhipOutlet.open(sink_address(endpoint.url), access, has_sound=False)
        await outlet.aclose()
    transport.close()
    assert server.asked.is_set()


async def test_a_connection_that_is_lost_is_said() -> None:
    async with whip_endpoint() as endpoint:
        outlet = await WhipOutlet.open(sink_address(endpoint.url), OPEN_ACCESS, has_sound=False)
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
            await WhipOutlet.open(address, OPEN_ACCESS, has_sound=True)


async def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(SinkError, match="cannot be reached"):
        await WhipOutlet.open(sink_address("http://127.0.0.1:9/whip"), OPEN_ACCESS, has_sound=True)

"""Sessions come and go, share the processor, and leave nothing behind."""

import asyncio
import gc
import os
import threading
from pathlib import Path

import pytest
from aiortc.rtcdtlstransport import RTCCertificate, generate_certificate
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline.matting import Matting
from stream.queues import FrameQueue
from stream.server import server
from stream.server.call import Call
from stream.server.control import Control
from stream.server.networks import Networks
from stream.server.peer import Peer
from stream.server.sessions import Session
from stream.server.track_source import TrackSource
from tests.calling import Camera, Half, Microphone, pictures, shows_person, until
from tests.serving import Caller, call_page, gone, page_caller, post_sdp, served

PARTS = (Session, Call, Peer, Control, TrackSource, Matting, FrameQueue)


def threads() -> set[str]:
    """Names of those that a session has; the loop's own executor keeps its threads."""
    return {one.name for one in threading.enumerate() if not one.name.startswith("asyncio_")}


def parts() -> list[str]:
    """What a session is made of, and holds pictures, as far as anything still refers to it."""
    gc.collect()
    # By type alone: objects of other libraries, asked by isinstance, may warn or work.
    kinds = map(type, gc.get_objects())
    return [kind.__name__ for kind in kinds if issubclass(kind, PARTS)]


def sockets() -> int:
    """Of UDP: those of HTTP are kept for the next request."""
    links = (Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd"))
    held = {os.readlink(link) for link in links if link.is_symlink()}
    tables = [Path(f"/proc/self/net/{name}").read_text() for name in ("udp", "udp6")]
    rows = [row.split() for table in tables for row in table.splitlines()[1:]]
    return sum(f"socket:[{row[9]}]" in held for row in rows)


Alive = tuple[list[str], set[str], int, list[str]]


def alive() -> Alive:
    """Tasks, but those that hold HTTP connections open; threads; sockets; parts of sessions."""
    left = parts()
    names = [getattr(one.get_coro(), "__qualname__", "?") for one in asyncio.all_tasks()]
    return sorted(set(names) - {"RequestHandler.start"}), threads(), sockets(), left


async def settles(wanted: Alive) -> None:
    """Closing goes on for some turns of the loop after a session is gone."""
    for _ in range(1000):
        if alive() == wanted:
            return
        await asyncio.sleep(0.02)
    assert alive() == wanted


# A round takes a second on an idle machine, and eight on one with five times as much to do as it
# can: 20 of them would then be stopped as if they hung.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("rounds", [3, pytest.param(20, marks=pytest.mark.slow)])
async def test_sessions_leave_no_task_thread_socket_or_memory(rounds: int) -> None:
    async with served() as client:
        before = alive()
        for turn in range(rounds):
            async with Caller(Camera(), Microphone()) as caller, page_caller() as quitter:
                answer = await call_page(client, caller)
                await until(caller.received(), shows_person)
                leaves = (await call_page(client, quitter))["session"]
                assert sockets() > before[2]
                assert parts()
                if turn % 2:
                    await client.delete(answer["session"])
            await client.delete(leaves)  # while it connects
            await gone(client, answer["session"])
            await settles(before)


async def test_a_server_that_ends_ends_its_sessions() -> None:
    before = threads()
    async with page_caller() as caller:
        async with served() as client:
            await call_page(client, caller)
            await until(caller.received(), shows_person)
        assert not {name for name in threads() - before if name != "video-decoder"}
        await pictures(caller.received())
    assert threads() == before


async def test_an_offer_that_never_connects_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.server.peer.CONNECT_SECONDS", 0.05)
    async with served() as client, page_caller() as caller:
        body = {"type": "offer", "sdp": await caller.offer()}
        async with client.post("/offer", json=body) as response:
            path = (await response.json())["session"]
        await gone(client, path)


async def test_a_failed_dtls_handshake_is_logged_with_openssl_s_reason(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """FFmpeg 8.1's whip muxer makes such a certificate in some builds; OpenSSL refuses it."""
    async with served() as client:
        weak = RTCCertificate(
            key := ec.generate_private_key(ec.SECP224R1()), generate_certificate(key)
        )
        with monkeypatch.context() as patch:
            patch.setattr(RTCCertificate, "generateCertificate", lambda: weak)
            caller = page_caller()
        async with caller:
            offer = (await caller.offer()).replace("a=setup:actpass", "a=setup:active")
            body = {"type": "offer", "sdp": offer}
            async with client.post("/offer", json=body) as response:
                answer = await response.json()
            await caller.take(answer["sdp"])
            await gone(client, answer["session"])
    assert "a DTLS handshake failed: wrong curve" in caplog.text


async def test_a_model_is_loaded_once_and_off_the_loop() -> None:
    made_in = []

    def load() -> Half:
        made_in.append(threading.current_thread())
        return Half()

    networks = Networks({"half": load})
    got = await asyncio.gather(*(networks.get("half") for _ in range(3)))
    assert len(set(map(id, got))) == len(made_in) == 1
    assert made_in[0] is not threading.main_thread()


async def test_a_viewer_outlives_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REPORT_SECONDS", 0.05)
    source = Caller(Camera())
    source.send_only()
    async with served() as client, source, Caller(receive=("video",)) as stays:
        await post_sdp(client, "/whip/desk", source)
        await post_sdp(client, "/whep/desk", stays)
        async with Caller(receive=("video",)) as leaves:
            left = (await post_sdp(client, "/whep/desk", leaves)).headers["Location"]
            await until(leaves.received(), shows_person)
        await gone(client, "/sessions/" + left.split("/")[-1])
        for _ in range(5):
            await until(stays.received(), shows_person)

"""Live sources and sinks against the programs of others, on loopback."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stream.live.address import source_address
from stream.live.clock import LiveClock
from stream.live.report import Report
from stream.live.sound import SoundLine
from stream.live.source import LiveSource
from tests.live import Receiver, live, loop_of_the_disc, shows_disc, shows_nobody
from tests.programs import (
    ffmpeg_receives,
    ffmpeg_sends,
    free_port,
    has_rtsp_server,
    needs_ffmpeg,
    rtsp_server,
    running,
)

HOST = "127.0.0.1"
MPEGTS = ("-f", "mpegts")
AGAIN = """
import signal, subprocess, sys, time
def end(*_):
    sender.kill()
    sys.exit()
signal.signal(signal.SIGTERM, end)
while True:
    sender = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)
    sender.wait()
    time.sleep(0.2)
"""


@pytest.fixture
def loop(tmp_path: Path) -> Path:
    return loop_of_the_disc(tmp_path)


async def first_frames(source: str, *sender: str) -> None:
    """There is the disc, and a sound that is none of silence."""
    line = SoundLine()
    reader = LiveSource(source_address(source), LiveClock(), line, Report())
    with running(*sender):
        async with asyncio.timeout(60):
            heard, seen = False, False
            async for frame in reader:
                seen = seen or shows_disc(frame.rgb)
                heard = heard or bool(np.any(line.take(frame.seconds).samples))
                if seen and heard:
                    break
    await reader.aclose()
    assert reader.has_sound


Ends = tuple[str, tuple[str, ...]]
"""What livematte is told, and what the other program is."""


def tcp(port: int) -> Ends:
    return f"tcp://{HOST}:{port}", (*MPEGTS, f"tcp://{HOST}:{port}?listen=1")


def udp(port: int) -> Ends:
    return f"udp://{HOST}:{port}", (*MPEGTS, f"udp://{HOST}:{port}?pkt_size=1316")


def srt(port: int) -> Ends:
    return f"srt://{HOST}:{port}", (*MPEGTS, f"srt://{HOST}:{port}?mode=listener")


def srt_listening(port: int) -> Ends:
    return f"srt://{HOST}:{port}?mode=listener", (*MPEGTS, f"srt://{HOST}:{port}")


def rtmp_listening(port: int) -> Ends:
    return f"rtmp://{HOST}:{port}/live/key?listen=1", (
        "-f",
        "flv",
        f"rtmp://{HOST}:{port}/live/key",
    )


@needs_ffmpeg
@pytest.mark.parametrize("ends", [tcp, udp, srt])
async def test_a_sender_is_seen_and_heard(loop: Path, ends: Callable[[int], Ends]) -> None:
    source, sender = ends(free_port())
    await first_frames(source, *ffmpeg_sends(loop, *sender))


@needs_ffmpeg
@pytest.mark.parametrize("ends", [rtmp_listening, srt_listening])
async def test_a_sender_that_comes_to_us_is_seen_and_heard(
    loop: Path, ends: Callable[[int], Ends]
) -> None:
    """It is begun again until somebody listens, as a person would."""
    source, sender = ends(free_port())
    await first_frames(source, sys.executable, "-c", AGAIN, *ffmpeg_sends(loop, *sender))


@needs_ffmpeg
async def test_hls_is_seen_and_heard(loop: Path, tmp_path: Path) -> None:
    """From files, for the server of HTTP is only a server of files."""
    port = free_port()
    folder = tmp_path / "hls"
    folder.mkdir()
    playlist = folder / "live.m3u8"
    hls = ("-f", "hls", "-hls_time", "1", "-hls_flags", "delete_segments", str(playlist))
    with running(*ffmpeg_sends(loop, *hls)):
        await first_frames(
            f"http://{HOST}:{port}/live.m3u8",
            *("python3", "-m", "http.server", str(port), "-b", HOST, "-d", str(folder)),
        )


@pytest.mark.skipif(
    not has_rtsp_server(), reason="no RTSP server: apt-get install gir1.2-gst-rtsp-server-1.0"
)
async def test_rtsp_is_seen_and_heard() -> None:
    port = free_port()
    await first_frames(f"rtsp://{HOST}:{port}/red", *rtsp_server(port))


def to_rtmp(port: int) -> Ends:
    url = f"rtmp://{HOST}:{port}/live/key"
    # It would look at seconds of video before it gave any.
    return url, ("-probesize", "4096", "-listen", "1", "-i", url)


def to_srt(port: int) -> Ends:
    return f"srt://{HOST}:{port}", ("-i", f"srt://{HOST}:{port}?mode=listener")


def to_udp(port: int) -> Ends:
    return f"udp://{HOST}:{port}", ("-i", f"udp://{HOST}:{port}")


def to_tcp(port: int) -> Ends:
    return f"tcp://{HOST}:{port}", (*MPEGTS, "-i", f"tcp://{HOST}:{port}?listen=1")


@needs_ffmpeg
@pytest.mark.parametrize("ends", [to_rtmp, to_srt, to_udp, to_tcp])
async def test_a_receiver_gets_the_matted_picture_and_sound(
    loop: Path, ends: Callable[[int], Ends]
) -> None:
    source, sender = tcp(free_port())
    sink, receiver = ends(free_port())
    with running(*ffmpeg_sends(loop, *sender)), Receiver(*ffmpeg_receives(*receiver)) as seen:
        async with live(source, sink):
            await seen.until(shows_disc)
            assert seen.has_sound


@needs_ffmpeg
async def test_a_broken_source_leaves_the_background_and_comes_back(loop: Path) -> None:
    source, sender = tcp(free_port())
    sink, receiver = to_tcp(free_port())
    with Receiver(*ffmpeg_receives(*receiver)) as seen:
        async with live(source, sink):
            with running(*ffmpeg_sends(loop, *sender)):
                await seen.until(shows_disc)
            await seen.until(shows_nobody)
            with running(*ffmpeg_sends(loop, *sender)):
                await seen.until(shows_disc)


@needs_ffmpeg
@pytest.mark.parametrize("ends", [to_rtmp, to_srt])
async def test_a_broken_sink_is_written_to_again(loop: Path, ends: Callable[[int], Ends]) -> None:
    source, sender = tcp(free_port())
    sink, receiver = ends(free_port())
    with running(*ffmpeg_sends(loop, *sender)):
        async with live(source, sink):
            for _ in range(2):
                with Receiver(*ffmpeg_receives(*receiver)) as seen:
                    await seen.until(shows_disc)
                    assert seen.has_sound

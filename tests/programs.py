"""Programs of others that are run beside the tests: servers and clients on loopback."""

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FFMPEG = "ffmpeg"
FAREWELL_S = 5.0
_SYSTEM_PYTHON = "/usr/bin/python3"
_RTSP = """
import sys, gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory(shared=True)
factory.set_launch("( videotestsrc is-live=1 pattern=red ! video/x-raw,width=64,height=48,"
    "framerate=15/1 ! vp8enc deadline=1 keyframe-max-dist=8 ! rtpvp8pay name=pay0 "
    "audiotestsrc is-live=1 ! opusenc ! rtpopuspay name=pay1 )")
server.get_mount_points().add_factory("/red", factory)
server.attach(None)
GLib.MainLoop().run()
"""

needs_ffmpeg = pytest.mark.skipif(
    not shutil.which(FFMPEG), reason="no ffmpeg here: apt-get install ffmpeg"
)


def free_port() -> int:
    """Of TCP, and most likely of UDP, on loopback."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def running(*command: str, output: Path | None = None) -> "Iterator[subprocess.Popen[bytes]]":
    """A program that is killed at the end, if it is still there."""
    target = output.open("wb") if output else subprocess.DEVNULL
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=target) as process:
        try:
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(FAREWELL_S)
            process.kill()
            if output:
                target.close()  # type: ignore[union-attr]


def ffmpeg_sends(clip: Path, *target: str) -> tuple[str, ...]:
    """A command: the clip over and over, as it is, in real time."""
    quiet = (FFMPEG, "-v", "error", "-re", "-stream_loop", "-1", "-i", str(clip))
    return (*quiet, "-c", "copy", *target)


def ffmpeg_receives(*source: str) -> tuple[str, ...]:
    """A command: what comes, as MPEG-TS on standard output, every packet at once."""
    return (
        FFMPEG,
        "-v",
        "error",
        *source,
        "-c",
        "copy",
        "-flush_packets",
        "1",
        "-f",
        "mpegts",
        "-",
    )


def rtsp_server(port: int) -> tuple[str, ...]:
    """A command: GStreamer's server, whose /red is a red picture with a tone."""
    return _SYSTEM_PYTHON, "-c", _RTSP, str(port)


def has_rtsp_server() -> bool:
    test = "import gi; gi.require_version('GstRtspServer', '1.0')"
    try:
        done = subprocess.run([_SYSTEM_PYTHON, "-c", test], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0

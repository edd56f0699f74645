"""What carries bytes to and from a network ends with livematte, however that ends."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.programs import free_port, needs_ffmpeg

BRIDGE = """
from stream.live.bridge import Bridge
bridge = Bridge.{call}
print(bridge._process.pid, flush=True)
input()
"""
WAITING = {
    "out of SRT": "out_of('srt://127.0.0.1:{port}?mode=listener', patience_s=99)",
    "into SRT": "into('srt://127.0.0.1:{port}?mode=listener', by_program=True, patience_s=99)",
    "into TCP": "into('tcp://127.0.0.1:{port}?listen=1', by_program=False, patience_s=99)",
}
"""Bridges whose program waits for a peer, and never looks at its pipe."""


def begun(process: int) -> bool:
    """Whether the program itself runs, and what starts it is done."""
    return b"leash.py" not in Path(f"/proc/{process}/cmdline").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
@needs_ffmpeg
@pytest.mark.parametrize("call", WAITING.values(), ids=WAITING)
def test_a_bridge_does_not_outlive_a_livematte_that_is_killed(call: str) -> None:
    script = BRIDGE.format(call=call.format(port=free_port()))
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        watched = os.pidfd_open(child)
        while not begun(child):
            time.sleep(0.01)  # nobody tells
        parent.kill()
    ended, _, _ = select.select([watched], [], [], 20)
    if not ended:
        signal.pidfd_send_signal(watched, signal.SIGKILL)
    os.close(watched)
    assert ended, f"process {child} was still there"

"""`livematte live` between ends that are not there, and stopped."""

import signal
import subprocess
import sys

import pytest

from pipeline.models import ModelEntry
from tests.programs import free_port


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_waits_for_its_source_and_can_be_stopped(
    u2netp: ModelEntry, how: signal.Signals
) -> None:
    source, sink = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
    with subprocess.Popen(
        [sys.executable, "-m", "stream", "live", source, sink],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout
        assert process.stderr
        line = process.stderr.readline().decode()
        assert line.startswith(f"livematte: {source}: Connection refused: waiting for it")
        process.send_signal(how)
        assert process.wait(60) == 130
        assert process.stderr.read() == b"livematte: interrupted\n"
        assert process.stdout.read() == b""

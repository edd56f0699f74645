"""Peers are run by `bench`, which is in the repository and not in the package."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from pipeline.errors import LivematteError, OptionError
from stream.benchmark.suite import Suite

_RUNNER = "bench.peer_speed"


def measure_peers(suite: Suite, say: Callable[[str], None]) -> dict[str, Any]:
    """The peers' figures beside ours, at 720p, interleaved; see `bench/peer_speed.py`."""
    command = [sys.executable, "-m", _RUNNER, "--frames", str(suite.frames)]
    if suite.video:
        command += ["--video", str(suite.video)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        say("peers, side by side")
        printed, _ = process.communicate()
    if process.returncode:
        raise LivematteError("the peers could not be measured: what they said stands above")
    return dict(json.loads(printed))


def check_peers() -> None:
    """OptionError where the repository is not at hand."""
    if find_spec("bench") is None or find_spec(_RUNNER) is None:
        raise OptionError(
            "--peers: what runs them is in the repository, not in the package: "
            "in a checkout, pip install -e '.[cpu]' and try again"
        )

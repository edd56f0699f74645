"""A virtual environment of its own for each peer, made once and kept in the cache."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs

from bench.methods import AbsentError, without_places

PIP_TIMEOUT_S = 900.0
_MADE = "made.json"
"""Written last: an environment without it was never finished."""

PipSteps = tuple[tuple[str, ...], ...]
"""What `pip install` is given, once for each step."""


def bench_cache() -> Path:
    """LIVEMATTE_CACHE if it is set, else the user's cache folder; not yet created."""
    default = platformdirs.user_cache_path("livematte")
    return Path(os.environ.get("LIVEMATTE_CACHE", default))


def environment(name: str, steps: PipSteps) -> Path:
    """The interpreter of a peer's environment, which is made unless it is there already.

    Raises AbsentError if it cannot be made, with pip's own reason.
    """
    folder = bench_cache() / "peers" / name
    wanted = json.dumps({"python": sys.version, "steps": steps})
    made = folder / _MADE
    if not (made.is_file() and made.read_text() == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        # Our own pip installs into it: to put one into each would take longer than most peers.
        _run("venv", "venv", "--without-pip", str(folder))
        for step in steps:
            shown = " ".join(["pip install", *step])
            _run(shown, "pip", "--python", str(folder), "install", "--quiet", *step)
        made.write_text(wanted)
    return _interpreter(folder)


def own_environment(**more: str) -> dict[str, str]:
    """Our environment variables without those that lead a foreign interpreter to our packages."""
    ours = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
    return {name: value for name, value in os.environ.items() if name not in ours} | more


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(shown: str, *module: str) -> None:
    try:
        done = subprocess.run(
            [sys.executable, "-m", *module],
            check=False,
            capture_output=True,
            text=True,
            timeout=PIP_TIMEOUT_S,
            env=own_environment(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AbsentError(without_places(f"its environment cannot be made: {error}")) from error
    if done.returncode:
        reason = f"its environment cannot be made ({shown}): {_reason(done.stderr)}"
        raise AbsentError(without_places(reason))


def _reason(errors: str) -> str:
    """pip's last error, else the last line that it wrote."""
    marked = re.findall(r"^ERROR: (.*)$", errors, re.MULTILINE)
    lines = marked or errors.strip().splitlines() or ["no reason given"]
    return str(lines[-1])

"""Whatever a file holds, `livematte file` ends, says one line, and leaves nothing broken."""

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import av
import av.error
import pytest

from pipeline.models import ModelEntry
from tests.mutated import make_sound_files, mutate

SEED = 8
LONGEST_S = 30
OUTPUTS = [
    ("out.mp4",),
    ("out.mp4", "--resume"),
    ("out.mp4", "--verify", "--alpha-output"),
    ("out.webm", "-b", "transparent"),
    ("out.mkv", "--codec", "ffv1", "-b", "transparent"),
    ("out.mov", "-b", "green", "--duration", "0.3"),
    ("out.gif", "-b", "blur"),
    ("%03d.png", "-b", "transparent"),
]


class Runner:
    """The command in a process of its own, which is started again when it died or hung."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, arguments: list[str]) -> dict[str, Any]:
        """Its status and standard error; of what has not ended, how that came."""
        process = self._process = self._process or self._start()
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(arguments) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], LONGEST_S)
        answer = process.stdout.readline() if ready else ""
        if answer:
            return dict(json.loads(answer))
        self.close()
        return {"died": "it hung" if not ready else f"it crashed: {process.returncode}"}

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.command_runs"]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)


@pytest.fixture
def runner() -> Iterator[Runner]:
    started = Runner()
    yield started
    started.close()


@pytest.mark.parametrize("count", [36, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.timeout(3600)
def test_no_crash_no_hang_and_nothing_that_does_not_play(
    u2netp: ModelEntry, tmp_path: Path, runner: Runner, count: int
) -> None:
    random, found = Random(SEED), []
    sound = make_sound_files(tmp_path)
    for number in range(count):
        source = tmp_path / f"damaged{sound[number % len(sound)].suffix}"
        how = mutate(sound[number % len(sound)], source, random)
        out = tmp_path / f"out{number}"
        name, *options = random.choice(OUTPUTS)
        out.mkdir()
        options += [str(out / "matte.mp4")] * ("--alpha-output" in options)
        arguments = ["file", str(source), str(out / name), *options, "--progress", "none"]
        if wrong := what_is_wrong(runner(arguments), out):
            kept = source.rename(tmp_path / f"wrong{number}{source.suffix}")
            found.append(f"{kept} {how}, {name} {options}: {wrong}")
    assert not found, "\n".join(found)


def what_is_wrong(ran: dict[str, Any], out: Path) -> str:
    """With a run and what it left; nothing if all is as it should be."""
    if "died" in ran:
        return str(ran["died"])
    made = [path for path in sorted(out.iterdir()) if not path.name.startswith(".out.mp4.work")]
    if ran["status"] not in (0, 1) or ran["err"].count("\n") != ran["status"]:
        return f"status {ran['status']}: {ran['err']}"
    if ran["status"] == 0 and not made:
        return "nothing was made"
    return "; ".join(f"{path.name}: {why}" for path in made if (why := why_it_does_not_play(path)))


def why_it_does_not_play(path: Path) -> str:
    try:
        with av.open(path) as container:
            pictures = sum(1 for _ in container.decode(video=0))
    except av.error.FFmpegError as error:
        return str(error)
    return "" if pictures else "no picture in it"

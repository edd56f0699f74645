"""Memory does not grow with the length of a film."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.models import ModelEntry
from tests.clips import Sound, make_clip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

LIMIT_MIB = 900


def long_clip(path: Path, frames: int) -> Path:
    """1080p with sound: the same ten pictures again and again, which MPEG-TS allows."""
    ten = make_clip(path.with_suffix(".ten.ts"), size=(1920, 1080), frames=10, sound=Sound())
    path.write_bytes(ten.read_bytes() * (frames // 10))
    return path


def peak_mib(path: Path, frames: int, *options: str) -> float:
    """Of the whole way, in a process of its own."""
    clip = long_clip(path, frames)
    files = str(clip), str(clip.with_suffix(".out.mp4"))
    command = [sys.executable, "-m", "tests.peak_memory", *files, *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    written, peak = done.stdout.split()
    assert int(written) == frames
    return float(peak)


def test_eight_times_the_length_takes_no_more_memory(tmp_path: Path) -> None:
    short = peak_mib(tmp_path / "short.ts", 100)
    long = peak_mib(tmp_path / "long.ts", 800)
    assert long < 1.1 * short, (short, long)
    assert long < LIMIT_MIB


def test_the_network_fits_beside_it(u2netp: ModelEntry, tmp_path: Path) -> None:
    assert peak_mib(tmp_path / "clip.ts", 60, "network") < LIMIT_MIB

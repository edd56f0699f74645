"""Ctrl-C keeps what was done."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.models import ModelEntry
from tests.clips import Sound, make_clip, read_clip
from tests.running import Ran


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_was_done(
    u2netp: ModelEntry, tmp_path: Path, out: Path, how: signal.Signals
) -> None:
    """Ctrl-C: a playable file of the work so far, with no more sound than pictures."""
    clip = make_clip(tmp_path / "in.mp4", frames=500, sound=Sound(seconds=20.0))
    done = interrupt_after(20, clip, out / "out.mp4", how=how)
    assert done.status == 130, done.err
    last = done.err.splitlines()[-1]
    assert last == f"livematte: interrupted: what was done is in {out / 'out.partial.mp4'}"
    assert "Traceback" not in done.err
    assert [path.name for path in out.iterdir()] == ["out.partial.mp4"]
    kept = read_clip(out / "out.partial.mp4")
    assert 20 <= len(kept.times) < 500
    assert kept.sound[-1][0] <= kept.times[-1] + 0.1


def test_ctrl_c_does_not_touch_what_was_there(
    u2netp: ModelEntry, tmp_path: Path, out: Path
) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=500)
    (out / "out.mp4").write_text("mine")
    interrupt_after(2, clip, out / "out.mp4", "--overwrite")
    assert (out / "out.mp4").read_text() == "mine"


def interrupt_after(
    frames: int, *arguments: str | Path, how: signal.Signals = signal.SIGINT
) -> Ran:
    """Send a signal, by default that of Ctrl-C, when that many frames are reported done."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stream", "file", *arguments, "--progress", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What runs the tests in the background may have taken Ctrl-C away.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if '"frames"' in line and int(line.split('"frames": ')[1].split(",")[0]) >= frames:
            process.send_signal(how)
            break
    out, err = process.communicate()
    return Ran(process.returncode, out, "".join(lines) + err)

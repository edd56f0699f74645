"""Output that cannot be written is one clear line, and nothing is left behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.models import ModelEntry
from tests.clips import Sound, make_clip
from tests.running import Command, Ran, assert_refused

NO_MOUNT = 77
ON_SMALL_DISK = f"""
mount -t tmpfs -o size=1m tmpfs "$0" || exit {NO_MOUNT}
"$@"
status=$?
ls -A "$0"
exit $status
"""
COMMAND = [sys.executable, "-m", "stream"]
# Without CAP_DAC_OVERRIDE, so that folders are closed to root as well.
DROP = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class TestOutput:
    def test_that_is_there_already(self, livematte: Command, clip: Path, out: Path) -> None:
        (out / "out.mp4").write_text("mine")
        ran = livematte("file", clip, out / "out.mp4")
        assert_refused(ran, 1, "out.mp4", "there already", "--overwrite")
        assert (out / "out.mp4").read_text() == "mine"

    def test_that_is_the_input(self, livematte: Command, clip: Path) -> None:
        before = clip.read_bytes()
        ran = livematte("file", clip, clip, "--overwrite")
        assert_refused(ran, 1, "in.mp4", "the input itself")
        assert clip.read_bytes() == before

    def test_that_is_a_folder(self, livematte: Command, clip: Path, out: Path) -> None:
        (out / "a.mp4").mkdir()
        ran = livematte("file", clip, out / "a.mp4", "--overwrite")
        assert_refused(ran, 1, "a.mp4", "is a folder")

    def test_in_a_folder_that_is_not_there(self, livematte: Command, clip: Path, out: Path) -> None:
        ran = livematte("file", clip, out / "no" / "out.mp4")
        assert_refused(ran, 1, str(out / "no"), "is not there", "make it")

    def test_in_a_folder_that_cannot_be_written(self, clip: Path, out: Path) -> None:
        out.chmod(0o500)
        command = [sys.executable, "-c", DROP, *COMMAND]
        done = subprocess.run(
            [*command, "file", clip, out / "out.mp4"], check=False, capture_output=True, text=True
        )
        out.chmod(0o700)
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert_refused(ran, 1, str(out), "cannot be written")
        assert list(out.iterdir()) == []

    def test_of_an_unknown_kind(self, livematte: Command, clip: Path, out: Path) -> None:
        ran = livematte("file", clip, out / "out.xyz")
        assert_refused(ran, 2, "'.xyz'", ".mp4, .m4v, .mov, .webm, .mkv")

    def test_that_is_the_alpha_output_as_well(
        self, livematte: Command, clip: Path, out: Path
    ) -> None:
        ran = livematte("file", clip, out / "a.mp4", "--alpha-output", out / "a.mp4")
        assert_refused(ran, 2, "a.mp4", "--alpha-output")

    def test_on_a_full_disk(self, u2netp: ModelEntry, tmp_path: Path) -> None:
        """A real one, of a megabyte, mounted where nobody else sees it."""
        clip = make_clip(tmp_path / "in.mp4", sound=Sound("pcm_s16le", 30.0))
        mount = tmp_path / "small"
        mount.mkdir()
        arguments = [*COMMAND, "file", str(clip), str(mount / "out.mov"), "--progress", "none"]
        done = subprocess.run(
            [*namespace(), "sh", "-c", ON_SMALL_DISK, str(mount), *arguments],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode == NO_MOUNT or done.stderr.startswith("unshare:"):
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert_refused(ran, 1, "out.mov", "No space left", "free some space")


def namespace() -> list[str]:
    """What gives a command mounts of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare(1) here to mount a small disk with")
    return ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-m"]

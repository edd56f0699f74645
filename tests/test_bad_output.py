"""Output that cannot be written is one clear line, and nothing is left behind."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.models import ModelEntry
from tests.clips import Sound, make_clip
from tests.running import Command, Ran, assert_refused

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
        """A real one, of a megabyte."""
        clip = make_clip(tmp_path / "in.mp4", sound=Sound("pcm_s16le", 30.0))
        mount = tmp_path / "small"
        mount.mkdir()
        with SmallDisk(mount):
            done = subprocess.run(
                [*COMMAND, "file", clip, mount / "out.mov", "--progress", "none"],
                check=False,
                capture_output=True,
                text=True,
            )
            assert list(mount.iterdir()) == []
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert_refused(ran, 1, "out.mov", "No space left", "free some space")


class SmallDisk:
    """A file system of a megabyte, mounted; the test is skipped where that is not allowed."""

    def __init__(self, mount: Path) -> None:
        self._mount = mount

    def __enter__(self) -> None:
        if shutil.which("mount") is None:
            pytest.skip("there is no mount(8) here")
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self._mount],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")

    def __exit__(self, *error: object) -> None:
        subprocess.run(["umount", self._mount], check=True)

"""`livematte file IN… --output-dir DIR`: many files, and what becomes of those that fail."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import OptionError, SourceError
from pipeline.models import ModelEntry
from stream.jobs import Job, many, single
from tests.clips import make_clip, read_clip
from tests.running import Command, assert_refused

QUIET = ("--progress", "none")
IN_SHORT_SEGMENTS = """
from stream import cli, resumable
resumable.SEGMENT_FRAMES = 20
cli.main()
"""


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class TestPlan:
    def test_two_paths_are_in_and_out(self) -> None:
        assert single([Path("a.mp4"), Path("b.mp4")]) == Job(Path("a.mp4"), Path("b.mp4"))

    @pytest.mark.parametrize("count", [1, 3])
    def test_any_other_number_is_refused(self, count: int) -> None:
        with pytest.raises(OptionError, match=rf"{count} paths.*--output-dir"):
            single([Path("a.mp4")] * count)

    def test_folders_are_searched_and_made_again(self, tmp_path: Path) -> None:
        for name in ("a.mp4", "deep/b.MOV", "notes.txt", ".out.mp4.work/c.mp4", "deep/.d.1.mp4"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        jobs = many([tmp_path], Path("out"), ".webm")
        assert [str(job.output) for job in jobs] == ["out/a.webm", "out/deep/b.webm"]

    def test_what_lies_in_the_output_is_no_input(self, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "a.mp4").touch()
        (tmp_path / "out" / "a.mp4").touch()
        (job,) = many([tmp_path], tmp_path / "out", ".mp4")
        assert job == Job(tmp_path / "a.mp4", tmp_path / "out" / "a.mp4")

    def test_a_file_that_is_named_twice_is_done_once(self, tmp_path: Path) -> None:
        (tmp_path / "a.mp4").touch()
        assert len(many([tmp_path, tmp_path / "a.mp4"], Path("out"), ".mp4")) == 1

    def test_two_that_would_be_one_are_refused(self, tmp_path: Path) -> None:
        for name in ("a.mp4", "a.mov"):
            (tmp_path / name).touch()
        with pytest.raises(OptionError, match=r"a\.mov and .*a\.mp4 would both be"):
            many([tmp_path], Path("out"), ".mp4")

    def test_a_folder_without_videos_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="no video in there"):
            many([tmp_path], Path("out"), ".mp4")


@pytest.mark.usefixtures("u2netp")
class TestRun:
    def test_one_that_fails_does_not_stop_the_others(
        self, livematte: Command, tmp_path: Path, out: Path
    ) -> None:
        folder = tmp_path / "in"
        folder.mkdir()
        make_clip(folder / "a.mp4", frames=3)
        (folder / "b.mp4").write_bytes(b"no video")
        make_clip(folder / "c.mov", frames=3)
        gone = tmp_path / "gone.mp4"
        ran = livematte("file", folder, gone, "--output-dir", out / "new", *QUIET)
        assert ran.status == 1
        assert names(out) == ["new/a.mp4", "new/c.mp4"]
        assert ran.out.splitlines()[-1] == f"2 done, 2 failed: {folder / 'b.mp4'}, {gone}"
        errors = ran.err.splitlines()
        assert len(errors) == 2
        assert "b.mp4: not a media file" in errors[0]
        assert "gone.mp4: no such file" in errors[1]

    def test_programs_get_a_report_of_each(self, livematte: Command, clip: Path, out: Path) -> None:
        ran = livematte("file", clip, "--output-dir", out, "-b", "transparent", "--json", *QUIET)
        assert ran.status == 0
        done = json.loads(ran.out)
        assert (done["done"], done["failed"], done["skipped"]) == (1, 0, 0)
        assert done["jobs"][0]["frames_out"] == 10
        assert names(out) == ["in.webm"]

    def test_with_resume_what_is_there_is_left(
        self, livematte: Command, clip: Path, out: Path
    ) -> None:
        command = ("file", clip, "--output-dir", out, "--resume", *QUIET)
        assert livematte(*command).status == 0
        before = (out / "in.mp4").stat().st_mtime_ns
        ran = livematte(*command)
        assert ran.status == 0
        assert ran.out.splitlines()[-1] == "0 done, 1 there already"
        assert (out / "in.mp4").stat().st_mtime_ns == before

    def test_a_model_that_is_missing_stops_all(
        self, livematte: Command, clip: Path, out: Path, no_models: Path
    ) -> None:
        ran = livematte("file", clip, clip, "--output-dir", out, "--subject", "any", *QUIET)
        assert_refused(ran, 1, "livematte models pull u2netp")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--extension", ".xyz"), "'.xyz'"),
        (("--extension", ".mp4", "-b", "transparent"), "no transparency"),
        (("--alpha-output", "m.mp4"), "--alpha-output"),
    ],
)
def test_options_that_make_no_sense(
    livematte: Command, clip: Path, out: Path, options: tuple[str, ...], word: str
) -> None:
    assert_refused(livematte("file", clip, "--output-dir", out, *options), 2, word)


def kill_at(seconds: float, *arguments: str | Path) -> int:
    """Run the command and kill it, as a power cut does, unless it is done before; its status."""
    process = subprocess.Popen(
        [sys.executable, "-c", IN_SHORT_SEGMENTS, "file", *map(str, arguments), *QUIET],
        stdout=subprocess.DEVNULL,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        return process.wait()


@pytest.mark.parametrize(
    ("frames", "kills"), [(200, 2), pytest.param(3000, 10, marks=pytest.mark.slow)]
)
@pytest.mark.timeout(1800)
def test_killed_at_random_and_resumed(
    u2netp: ModelEntry, livematte: Command, tmp_path: Path, out: Path, frames: int, kills: int
) -> None:
    """Byte for byte the frames of a run that nobody interrupted."""
    source = make_clip(tmp_path / "in.mp4", frames=frames)
    options = ("--codec", "ffv1", "-b", "transparent")
    random.seed(8)
    for _ in range(kills):
        kill_at(random.uniform(2, 12), source, out / "out.mkv", "--resume", *options)
    ran = livematte("file", source, out / "out.mkv", "--resume", *options, *QUIET)
    assert ran.status == 0, ran.err
    assert livematte("file", source, tmp_path / "once.mkv", *options, *QUIET).status == 0
    assert [path.name for path in out.iterdir()] == ["out.mkv"]
    resumed, once = read_clip(out / "out.mkv"), read_clip(tmp_path / "once.mkv")
    assert resumed.times == once.times
    assert len(once.times) == frames
    for a, b in zip(resumed.pictures, once.pictures, strict=True):
        assert a.format.name == "yuva420p"
        assert all(bytes(p) == bytes(q) for p, q in zip(a.planes, b.planes, strict=True))

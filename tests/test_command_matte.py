"""The options of the matte on the command line, for pictures, files, segments and parts."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.matte_options import AS_FOUND, MatteOptions
from pipeline.shape import Shape
from stream.file_job import FileJob, FileOptions, run_job
from stream.jobs import Job
from stream.loaded_networks import LoadedNetworks
from stream.video_file import Encoding
from tests.clips import RedSegmenter, make_clip, read_clip
from tests.running import Command, assert_refused

WANTED = MatteOptions("largest", Shape(shift=4))


class Red(RedSegmenter):
    runs_on: ClassVar[dict[str, str]] = {}


def networks() -> LoadedNetworks:
    return LoadedNetworks(Red())  # type: ignore[arg-type]


def options(wanted: MatteOptions, *, resume: bool = False) -> FileOptions:
    return FileOptions("transparent", encoding=Encoding("ffv1"), resume=resume, matte=wanted)


def made(
    source: Path, target: Path, wanted: MatteOptions, *, resume: bool = False
) -> NDArray[np.uint8]:
    """Alpha of the fifth picture."""
    run_job(Job(source, target), options(wanted, resume=resume), networks)
    return read_clip(target).alpha(4)


def test_a_file_is_made_as_is_wanted_at_once_and_in_segments(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4")
    plain = made(source, tmp_path / "plain.mkv", AS_FOUND)
    at_once = made(source, tmp_path / "once.mkv", WANTED)
    segments = made(source, tmp_path / "segments.mkv", WANTED, resume=True)
    assert (at_once > 127).sum() > 1.2 * (plain > 127).sum()
    assert np.array_equal(at_once, segments)


@pytest.mark.parametrize(
    "other",
    [
        MatteOptions("centre", WANTED.shape),
        MatteOptions("largest", Shape(shift=5)),
        MatteOptions("largest", WANTED.shape, correct_colours=False),
    ],
)
def test_work_that_was_begun_with_other_options_is_another(
    tmp_path: Path, other: MatteOptions
) -> None:
    job = Job(make_clip(tmp_path / "in.mp4"), tmp_path / "out.mkv")
    about = [FileJob(job, options(one, resume=True)).about(None) for one in (WANTED, other)]
    assert about[0]["matte"] != about[1]["matte"]


@pytest.mark.parametrize("command", ["image", "file"])
@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--keep", "left", "keep 'left': all, largest, centre, or a point X,Y"),
        ("--opening", "101", "opening 101: it is from 0 to 100 pixels"),
        ("--gamma", "0", "gamma 0: it is from 0.1 to 10"),
        ("--feather", "-101", "feather -101: it is from -100 to 100 pixels"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_read(
    livematte: Command, tmp_path: Path, command: str, option: str, value: str, said: str
) -> None:
    ran = livematte(command, tmp_path / "in.png", tmp_path / "out.png", option, value)
    assert_refused(ran, 2, said)


@pytest.mark.parametrize("command", ["image", "file"])
def test_help_shows_them_together(livematte: Command, command: str) -> None:
    told = livematte(command, "--help").out
    panel = told[told.index("─ Matte ─") :]
    for name in ("keep", "opening", "closing", "smallest", "shift", "feather", "gamma"):
        assert f"--{name}" in panel, name
    assert "--no-correct" in panel

"""Numbered pictures as input."""

import json
import shutil
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.errors import SinkError, SourceError
from stream.file_source import FileSource
from stream.jobs import many
from stream.place import place_of
from tests.clips import paint, read_clip
from tests.running import Command, assert_refused, matte_file


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Seven, from number 8 on; all of each there but a corner."""
    (tmp_path / "50% shot").mkdir()
    for index in range(7):
        picture = np.dstack((paint(64, 48, index)[..., ::-1], np.full((48, 64), 255, np.uint8)))
        picture[:10, :10, 3] = 0
        cv2.imwrite(str(tmp_path / "50% shot" / f"{index + 8:04}.png"), picture)
    return tmp_path / "50% shot" / "%04d.png"


async def test_they_are_read_in_order_with_their_alpha(pictures: Path, out: Path) -> None:
    done = await matte_file(pictures, out / "out.mkv", start=0.04)
    assert done.stats.frames_out == 6
    source = FileSource(pictures, pictures_a_second=Fraction(24))
    frames = [frame async for frame in source]
    await source.aclose()
    assert [frame.pts * frame.time_base for frame in frames] == [Fraction(i, 24) for i in range(7)]
    assert source.info.rate == 24
    assert source.info.frames == 7
    for index, frame in enumerate(frames):
        assert np.abs(frame.rgb[12:].astype(int) - paint(64, 48, index)[12:]).max() <= 2
        assert frame.alpha is not None
        assert not frame.alpha[:10, :10].any()


def test_one_that_is_missing_is_said(pictures: Path) -> None:
    (pictures.parent / "0011.png").unlink()
    with pytest.raises(SourceError, match="number 11 is missing between 8 and 14"):
        FileSource(pictures)
    shutil.rmtree(pictures.parent)
    with pytest.raises(SourceError, match=r"%04d\.png: no such file"):
        FileSource(pictures)


def test_they_are_not_written_over(pictures: Path) -> None:
    with pytest.raises(SinkError, match="the input itself"):
        place_of(pictures).check(pictures, overwrite=True)


def test_of_many_files_theirs_is_called_as_their_folder(pictures: Path) -> None:
    assert [job.output for job in many([pictures], Path("out"), ".mp4")] == [
        Path("out/50% shot.mp4")
    ]


@pytest.mark.usefixtures("u2netp")
def test_the_command_takes_their_rate(livematte: Command, pictures: Path, out: Path) -> None:
    ran = livematte(
        *("file", pictures, out / "out.mov", "-b", "transparent", "--fps", "30000/1001"),
        *("--resume", "--json", "--progress", "none"),
    )
    assert ran.status == 0, ran.err
    assert json.loads(ran.out)["frames_out"] == 7
    times = read_clip(out / "out.mov").times
    assert times == [Fraction(1001 * index, 30000) for index in range(7)]


@pytest.mark.parametrize("fps", ["0", "many", "1/0", "-3"])
def test_a_rate_that_makes_no_sense(
    livematte: Command, pictures: Path, out: Path, fps: str
) -> None:
    ran = livematte("file", pictures, out / "out.mp4", f"--fps={fps}")
    assert_refused(ran, 2, f"--fps {fps}", "30000/1001")

"""The two ends of a file's way, taken for themselves."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import OptionError, SinkError, SourceError
from pipeline.matting import Matting
from stream.file_sink import FileSink
from stream.file_source import FileSource
from stream.session import run_session
from tests.clips import Everything, read_clip
from tests.fakes import ListSource, plain_frame
from tests.running import GREEN


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_both_can_be_closed_twice_and_leave_no_thread(clip: Path, out: Path) -> None:
    before = threading.enumerate()
    source = FileSource(clip)
    sink = FileSink(out / "out.mp4", source)
    frames = [frame async for frame in source]
    await sink.write(Matting(Everything(), GREEN).process(frames[0]))
    for end in (source, sink, source, sink):
        await end.aclose()
    assert threading.enumerate() == before
    assert names(out) == []


async def test_nothing_is_in_place_before_it_is_finished(clip: Path, out: Path) -> None:
    source = FileSource(clip)
    sink = FileSink(out / "out.mp4", source)
    matting = Matting(Everything(), GREEN)
    async for frame in source:
        await sink.write(matting.process(frame))
    assert "out.mp4" not in names(out)
    await sink.finish()
    await sink.finish(complete=False)
    assert names(out) == ["out.mp4"]
    assert sink.kept == out / "out.mp4"
    await sink.aclose()
    await source.aclose()


async def test_no_frame_at_all_makes_no_file(clip: Path, out: Path) -> None:
    sink = FileSink(out / "out.mp4", FileSource(clip))
    with pytest.raises(SinkError, match="no frame"):
        await run_session(ListSource([]), Matting(Everything(), GREEN), sink)
    assert names(out) == []


async def test_frames_of_ones_own_can_be_written(clip: Path, out: Path) -> None:
    frames = [plain_frame(40 * index, grey=90, size=(64, 48)) for index in range(5)]
    sink = FileSink(out / "out.mp4", FileSource(clip))
    await run_session(ListSource(frames), Matting(Everything(), GREEN), sink)
    written = read_clip(out / "out.mp4")
    assert [float(time) for time in written.times] == [0, 0.04, 0.08, 0.12, 0.16]
    assert np.abs(written.rgb(2).astype(int) - 90).max() <= 3


@pytest.mark.parametrize("options", [{"start": -1.0}, {"duration": 0.0}, {"start": float("inf")}])
def test_a_part_that_makes_no_sense_is_refused(clip: Path, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        FileSource(clip, **options)


def test_errors_name_the_file(out: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.mp4: no such file"):
        FileSource(out / "none.mp4")

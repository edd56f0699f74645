"""Transparency in files, and the matte as a picture."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.composite import Transparent
from pipeline.matting import Matting
from stream.file_sink import FileSink
from stream.file_source import FileSource
from stream.matte_sink import Both, MatteSink
from stream.session import run_session
from tests.clips import DISC, WALL, Clip, Everything, RedSegmenter, make_clip, read_clip
from tests.running import GREEN, matte_file


def assert_disc_alone(clip: Clip, index: int) -> None:
    """Alpha is that of the disc, and nothing of the wall is left where it is 0."""
    alpha, rgb = clip.alpha(index), clip.rgb(index).astype(int)
    assert 0.1 < np.mean(alpha > 250) < 0.6
    assert 0.2 < np.mean(alpha < 5) < 0.9
    assert np.abs(rgb[alpha > 250] - DISC).mean() < 12
    assert np.abs(rgb[alpha < 5] - WALL).mean(axis=1).min() > 30


async def test_webm_holds_transparency(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", size=(160, 120), frames=12)
    await matte_file(source, tmp_path / "out.webm", transparent=True, background=Transparent())
    written = read_clip(tmp_path / "out.webm", "libvpx-vp9")
    assert len(written.times) == 12
    assert written.pictures[0].format.name == "yuva420p"
    for index in (0, 5, 11):
        assert_disc_alone(written, index)


async def test_mov_holds_transparency_as_prores_4444(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", size=(160, 120), frames=4)
    await matte_file(source, tmp_path / "out.mov", transparent=True, background=Transparent())
    written = read_clip(tmp_path / "out.mov")
    assert written.codec == "prores"
    assert "yuva444p" in written.pictures[0].format.name
    for index in (0, 3):
        assert_disc_alone(written, index)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webm", ".mkv"])
async def test_the_matte_is_written_as_a_grey_picture(tmp_path: Path, suffix: str) -> None:
    source = make_clip(tmp_path / "in.mp4", size=(160, 120), frames=4)
    reader = FileSource(source)
    matte = FileSink(tmp_path / f"matte{suffix}", reader, audio=False)
    both = Both(FileSink(tmp_path / "out.mp4", reader), MatteSink(matte))
    matting = Matting(RedSegmenter(), GREEN)
    await run_session(reader, matting, both)
    again = Matting(RedSegmenter(), GREEN)
    mattes = [again.process(frame).alpha async for frame in FileSource(source)]
    written = read_clip(tmp_path / f"matte{suffix}")
    assert len(written.times) == len(mattes) == 4
    for index, alpha in enumerate(mattes):
        rgb = written.rgb(index)
        assert np.ptp(rgb.astype(int), axis=2).max() <= 6
        assert np.abs(rgb[..., 1] / 255 - alpha).mean() < 0.02
        assert rgb.max() >= 250
        assert rgb.min() <= 5


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webm"])
async def test_full_range_video_keeps_its_brightness(tmp_path: Path, suffix: str) -> None:
    """ProRes knows no full range: there the samples are converted."""
    source = make_clip(tmp_path / "in.mp4", pix_fmt="yuvj420p", size=(160, 120), frames=2)
    await matte_file(source, tmp_path / f"out{suffix}", segmenter=Everything())
    before, after = read_clip(source).rgb(0), read_clip(tmp_path / f"out{suffix}").rgb(0)
    assert np.abs(before.astype(int) - after).mean() < 4

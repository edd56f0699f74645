"""Every picture of a file comes out again, at its own time and in its own size."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.errors import SourceError
from tests.clips import Sound, make_clip, read_clip
from tests.running import matte_file

MILLISECOND = Fraction(1, 1000)
CONTAINERS = [".mp4", ".mov", ".webm", ".mkv"]
CODECS = {".mp4": "h264", ".mov": "prores", ".webm": "vp9", ".mkv": "h264"}


def tolerance(suffix: str) -> Fraction:
    """Matroska counts in milliseconds."""
    return MILLISECOND / 2 if suffix in (".webm", ".mkv") else Fraction(0)


def assert_same_times(source: Path, target: Path) -> None:
    before, after = read_clip(source).times, read_clip(target).times
    assert len(after) == len(before)
    differences = [abs(a - b) for a, b in zip(after, before, strict=True)]
    assert max(differences) <= tolerance(target.suffix), (before, after)


@pytest.mark.parametrize("suffix", CONTAINERS)
async def test_every_picture_keeps_its_time_and_size(tmp_path: Path, suffix: str) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=12, rate=30)
    done = await matte_file(source, tmp_path / f"out{suffix}")
    assert done.stats.frames_in == done.stats.frames_out == 12
    assert done.source.losses == done.sink.losses == []
    assert_same_times(source, tmp_path / f"out{suffix}")
    written = read_clip(tmp_path / f"out{suffix}")
    assert written.size == (64, 48)
    assert written.codec == CODECS[suffix]


@pytest.mark.parametrize("suffix", CONTAINERS)
async def test_a_variable_frame_rate_stays_variable(tmp_path: Path, suffix: str) -> None:
    pts = [0, 40, 41, 45, 300, 301, 700, 715, 1000, 1400]
    source = make_clip(tmp_path / "in.mp4", pts=pts, time_base=Fraction(1, 600))
    await matte_file(source, tmp_path / f"out{suffix}")
    assert_same_times(source, tmp_path / f"out{suffix}")


@pytest.mark.parametrize("suffix", CONTAINERS)
async def test_a_start_offset_is_kept(tmp_path: Path, suffix: str) -> None:
    pts = [50 + index for index in range(10)]
    source = make_clip(tmp_path / "in.mp4", pts=pts)
    assert read_clip(source).times[0] == 2
    await matte_file(source, tmp_path / f"out{suffix}")
    assert_same_times(source, tmp_path / f"out{suffix}")


@pytest.mark.parametrize("suffix", CONTAINERS)
async def test_pictures_and_sound_that_begin_apart_stay_apart(tmp_path: Path, suffix: str) -> None:
    pts = [5 + index for index in range(10)]
    source = make_clip(tmp_path / "in.mp4", pts=pts, sound=Sound())
    await matte_file(source, tmp_path / f"out{suffix}")
    assert_same_times(source, tmp_path / f"out{suffix}")
    before, after = read_clip(source).sound[0][0], read_clip(tmp_path / f"out{suffix}").sound[0][0]
    assert abs(before - after) < Fraction(1, 40)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("in.avi", "mpeg4"), ("in.ts", "libx264"), ("in.flv", "libx264"), ("in.mkv", "ffv1")],
)
async def test_other_containers_are_read(tmp_path: Path, name: str, codec: str) -> None:
    source = make_clip(tmp_path / name, codec=codec, frames=12)
    done = await matte_file(source, tmp_path / "out.mp4")
    assert done.source.losses == []
    assert done.stats.frames_out == 12
    times = read_clip(tmp_path / "out.mp4").times
    steps = {round(25 * (b - a), 1) for a, b in pairwise(times)}
    assert steps == {1}


async def test_a_still_picture_is_a_video_of_one_frame(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.png", codec="png", pix_fmt="rgb24", frames=1)
    done = await matte_file(source, tmp_path / "out.mp4")
    assert done.stats.frames_out == 1


async def test_frames_hidden_by_an_edit_list_are_no_loss(tmp_path: Path) -> None:
    """As in a clip that was trimmed on a phone: the file holds more than it shows."""
    pts = [index - 5 for index in range(20)]
    source = make_clip(tmp_path / "in.mp4", frames=20, pts=pts, options={"bf": "0"})
    done = await matte_file(source, tmp_path / "out.mp4")
    assert done.source.losses == []
    assert_same_times(source, tmp_path / "out.mp4")


async def test_time_stamps_that_run_backwards_are_pushed_on(tmp_path: Path) -> None:
    """Joined files have them; an encoder would refuse them."""
    parts = [make_clip(tmp_path / f"{index}.ts", frames=6) for index in range(2)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    done = await matte_file(joined, tmp_path / "out.mp4")
    times = read_clip(tmp_path / "out.mp4").times
    assert done.stats.frames_out == len(times) >= 11
    assert times == sorted(set(times))


async def test_a_picture_that_changes_its_size_is_scaled_to_the_first(tmp_path: Path) -> None:
    small = make_clip(tmp_path / "small.ts", frames=6, codec="mpeg2video")
    large = make_clip(
        tmp_path / "large.ts",
        frames=6,
        size=(128, 96),
        codec="mpeg2video",
        pts=[10 + index for index in range(6)],
    )
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    done = await matte_file(joined, tmp_path / "out.mp4")
    assert done.stats.frames_out >= 11
    assert {p.width for p in read_clip(tmp_path / "out.mp4").pictures} == {64}


class TestPart:
    async def test_start_and_duration_choose_pictures_and_sound(self, tmp_path: Path) -> None:
        source = make_clip(tmp_path / "in.mp4", frames=50, sound=Sound(seconds=2.0))
        done = await matte_file(source, tmp_path / "out.mp4", start=0.8, duration=0.6)
        written = read_clip(tmp_path / "out.mp4")
        assert done.stats.frames_out == 15
        assert written.times == [Fraction(index, 25) for index in range(15)]
        assert 0 <= written.sound[0][0] < Fraction(3, 100)
        assert Fraction(57, 100) < written.sound[-1][0] < Fraction(60, 100)

    async def test_the_sound_is_that_of_the_chosen_part(self, tmp_path: Path) -> None:
        source = make_clip(tmp_path / "in.mp4", frames=50, sound=Sound(seconds=2.0))
        await matte_file(source, tmp_path / "out.mp4", start=0.8, duration=0.6)
        written = read_clip(tmp_path / "out.mp4").sound
        held = [data for when, data in read_clip(source).sound if 0.8 <= when < 1.4]
        assert [data for _, data in written] == held

    async def test_the_count_of_frames_is_foretold(self, tmp_path: Path) -> None:
        source = make_clip(tmp_path / "in.mp4", frames=50)
        done = await matte_file(source, tmp_path / "out.mp4", start=1.0, duration=5.0)
        assert done.source.info.frames == done.stats.frames_out == 25

    async def test_a_part_need_not_begin_at_a_key_frame(self, tmp_path: Path) -> None:
        source = make_clip(tmp_path / "in.webm", codec="libvpx-vp9", frames=30)
        done = await matte_file(source, tmp_path / "out.webm", start=0.52)
        assert done.stats.frames_out == 17

    async def test_a_start_after_the_end_is_refused(self, tmp_path: Path) -> None:
        source = make_clip(tmp_path / "in.mp4")
        with pytest.raises(SourceError, match=r"start.*1000.*0\.4"):
            await matte_file(source, tmp_path / "out.mp4", start=1000)

"""Sound goes along: packet by packet where the container takes it."""

from pathlib import Path

import pytest

from tests.clips import Sound, make_clip, read_clip
from tests.running import matte_file


@pytest.mark.parametrize(
    ("codec", "name", "target"),
    [
        ("aac", "in.mp4", "out.mp4"),
        ("aac", "in.mkv", "out.mov"),
        ("libmp3lame", "in.mp4", "out.mp4"),
        ("libopus", "in.webm", "out.webm"),
        ("libopus", "in.mkv", "out.mp4"),
        ("pcm_s16le", "in.mov", "out.mkv"),
        ("ac3", "in.mkv", "out.mp4"),
    ],
)
async def test_sound_is_copied_where_the_container_takes_it(
    tmp_path: Path, codec: str, name: str, target: str
) -> None:
    sound = Sound(codec)
    video = "libvpx-vp9" if name.endswith("webm") else "libx264"
    source = make_clip(tmp_path / name, codec=video, sound=sound)
    done = await matte_file(source, tmp_path / target)
    before, after = read_clip(source), read_clip(tmp_path / target)
    assert done.sink.audio == "copied"
    assert [data for _, data in after.sound] == [data for _, data in before.sound]
    assert all(
        abs(a - b) <= 0.001 for (a, _), (b, _) in zip(after.sound, before.sound, strict=True)
    )


async def test_copied_sound_keeps_its_times_exactly(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", sound=Sound())
    await matte_file(source, tmp_path / "out.mp4")
    assert read_clip(tmp_path / "out.mp4").sound == read_clip(source).sound


async def test_sound_that_the_container_does_not_take_is_encoded(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", sound=Sound("aac", 0.4, "stereo"))
    done = await matte_file(source, tmp_path / "out.webm")
    written = read_clip(tmp_path / "out.webm")
    assert done.sink.audio == "encoded"
    assert written.sound_codec in ("opus", "libopus")
    assert abs(float(written.sound[-1][0]) - 0.4) < 0.06


async def test_silence_stays_silent(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4")
    done = await matte_file(source, tmp_path / "out.mp4")
    assert done.sink.audio == "none"
    assert read_clip(tmp_path / "out.mp4").sound == []


async def test_sound_that_outlasts_the_pictures_is_kept(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=5, sound=Sound(seconds=1.0))
    await matte_file(source, tmp_path / "out.mp4")
    assert read_clip(tmp_path / "out.mp4").sound == read_clip(source).sound

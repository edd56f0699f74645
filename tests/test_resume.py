"""A work that was interrupted goes on, and nobody sees in its result that it was."""

import pickle
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.composite import Transparent
from pipeline.errors import OptionError, SinkError
from pipeline.frame import Frame
from pipeline.matting import Matting
from pipeline.refine import GanRefiner
from stream import resumable
from stream.background import open_background
from stream.checkpoint import Checkpoint, load, save
from stream.file_source import FileSource
from stream.formats import AlphaIn
from stream.resumable import Outcome, run_resumable
from stream.session import SessionStats
from stream.track import Track
from stream.verify import Sample
from stream.video_file import Encoding
from stream.work import Work
from tests.clips import RedSegmenter, Sound, make_clip, read_clip
from tests.edge_scenes import KnownPatches, disc
from tests.running import GREEN, matte_file
from tests.scenes import KnownSegmenter, as_yuv420, coarse, paint

FRAMES, SEGMENT = 30, 7
FORMATS: list[tuple[str, str | None, AlphaIn]] = [
    ("out.mkv", "ffv1", "channel"),
    ("out.mp4", "h264", "nothing"),
    ("out.mp4", "h265", "nothing"),
    ("out.mp4", "av1", "nothing"),
    ("out.mkv", "h264", "nothing"),
    ("out.mp4", "h264", "stacked"),
    ("out.webm", "vp9", "channel"),
    ("out.webm", "vp9", "nothing"),
    ("out.mkv", "vp8", "channel"),
    ("out.mov", "prores", "channel"),
    ("out.mov", "animation", "channel"),
    ("out.avi", "utvideo", "channel"),
]
RESTLESS = ("h264", "hevc")
"""x264 encodes the same frames a little otherwise every now and then, x265 too."""
EVIL = pickle.dumps(print)


class CutError(Exception):
    """The power goes."""


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable, "SEGMENT_FRAMES", SEGMENT)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "in.mp4", frames=FRAMES, sound=Sound(seconds=1.2))


async def attempt(
    source: Path,
    target: Path,
    *,
    codec: str | None = None,
    alpha: AlphaIn = "nothing",
    cut_at: int | None = None,
    background: str | None = None,
    matte: Path | None = None,
    verify: bool = False,
) -> Outcome:
    """Begin or go on, until the power goes after so many frames of this attempt."""
    reader = FileSource(source)
    tracks = [Track(target, alpha, Encoding(codec), reader.info)]
    if matte:
        tracks.append(Track(matte, "nothing", Encoding(), reader.info))
    behind = open_background(background) if background else GREEN
    if alpha != "nothing":
        behind = Transparent()
    seen = 0

    def on_frame(stats: SessionStats, frame: Frame) -> None:
        nonlocal seen
        seen += 1
        if seen == cut_at:
            raise CutError

    samples = [Sample(track.form) if verify else None for track in tracks]
    work = Work(target, {"source": str(source)})
    matting = Matting(RedSegmenter(), behind)
    return await run_resumable(reader, matting, tracks, work, samples, on_frame)


async def in_parts(cuts: list[int], *arguments: Any, **options: Any) -> Outcome:
    for cut_at in cuts:
        with pytest.raises(CutError):
            await attempt(*arguments, cut_at=cut_at, **options)
    return await attempt(*arguments, **options)


def packets(path: Path) -> list[tuple[Any, ...]]:
    """What is in a file: all of it, but times alone of pictures that no two runs encode alike."""
    with av.open(path) as container:
        video = container.streams.video[0].codec_context.name
        found = [packet for packet in container.demux() if packet.size]
        times = [(one.stream.type, one.time_base, one.pts) for one in found]
        if video in RESTLESS:
            return sorted(times)
        return [(*time, one.dts, bytes(one)) for time, one in zip(times, found, strict=True)]


def ends_segment(index: int) -> bool:
    return index % SEGMENT == SEGMENT - 1


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("name", "codec", "alpha"), FORMATS)
async def test_the_file_is_that_of_an_uninterrupted_run(
    tmp_path: Path, out: Path, source: Path, name: str, codec: str | None, alpha: AlphaIn
) -> None:
    whole = tmp_path / name
    await attempt(source, whole, codec=codec, alpha=alpha)
    outcome = await in_parts([3, 9, 12], source, out / name, codec=codec, alpha=alpha)
    assert packets(out / name) == packets(whole)
    assert outcome.stats.frames_out == outcome.stats.frames_in == FRAMES
    assert outcome.resumed_frames == 14
    assert names(out) == [name]
    before, after = read_clip(source), read_clip(whole)
    limit = Fraction(1, 2000) if whole.suffix in (".webm", ".mkv") else Fraction(0)
    resumed = read_clip(out / name)
    for index in range(FRAMES):
        assert np.abs(resumed.rgb(index).astype(int) - after.rgb(index)).mean() < 4
    apart = [abs(a - b) for a, b in zip(before.times, after.times, strict=True)]
    assert max(apart) <= limit
    assert after.sound == resumed.sound != []


def test_what_was_found_at_the_edge_is_kept(tmp_path: Path) -> None:
    """A patch that stood still before the interruption is not paid for again after it."""
    frame = as_yuv420(paint(disc()))
    before, after = (
        Matting(KnownSegmenter([coarse(disc(), 40)]), edges=GanRefiner(KnownPatches()))
        for _ in range(2)
    )
    alpha = before.process(frame).alpha
    save(Checkpoint(1, 1, before.state, [], []), tmp_path / "checkpoint")
    after.state = load(tmp_path / "checkpoint", Checkpoint).state
    assert np.allclose(after.process(frame).alpha, alpha, atol=0.02)
    assert after.refined.carried == after.refined.found > 0


@pytest.mark.parametrize("kind", [None, "blur", "a video"])
async def test_pictures_are_those_of_a_run_at_once(
    tmp_path: Path, out: Path, source: Path, kind: str | None
) -> None:
    """Segments leave no trace: the pipeline remembers, and a background goes on with its time."""
    background = kind
    if kind == "a video":
        moving = make_clip(tmp_path / "behind.mp4", frames=11, options={"crf": "1"})
        background = str(moving)
    options = {"codec": "ffv1", "background": background}
    await in_parts([8, 10], source, out / "out.mkv", **options)
    behind = open_background(background) if background else GREEN
    await matte_file(source, out / "once.mkv", background=behind, encoding=Encoding("ffv1"))
    parts, once = read_clip(out / "out.mkv"), read_clip(out / "once.mkv")
    assert parts.times == once.times
    assert parts.sound == once.sound
    for index in range(FRAMES):
        one, other = parts.luma(index), once.luma(index)
        if ends_segment(index):  # its edge has nothing after it to be steadied by
            assert np.abs(one.astype(int) - other).mean() < 3
        else:
            assert np.array_equal(one, other), index


@pytest.mark.parametrize("name", ["%03d.png", "%03d.webp"])
async def test_a_sequence_is_numbered_on(out: Path, source: Path, name: str) -> None:
    await in_parts([9], source, out / "a" / name, alpha="channel", verify=True)
    await matte_file(source, out / "b" / name, transparent=True, background=Transparent())
    made, once = sorted((out / "a").iterdir()), sorted((out / "b").iterdir())
    assert [path.name for path in made] == [path.name for path in once]
    assert len(made) == FRAMES
    for index, (one, other) in enumerate(zip(made, once, strict=True)):
        assert ends_segment(index) or one.read_bytes() == other.read_bytes()


async def test_a_matte_goes_on_beside_the_picture(tmp_path: Path, out: Path, source: Path) -> None:
    await attempt(source, tmp_path / "a.mp4", matte=tmp_path / "matte.mp4")
    await in_parts([9], source, out / "a.mp4", matte=out / "matte.mp4")
    assert packets(out / "a.mp4") == packets(tmp_path / "a.mp4")
    assert packets(out / "matte.mp4") == packets(tmp_path / "matte.mp4")


async def test_what_was_joined_is_verified_too(out: Path, source: Path) -> None:
    outcome = await in_parts([9], source, out / "a.webm", alpha="channel", verify=True)
    verified = outcome.joined[0].verified
    assert verified is not None
    assert 4 <= verified.pictures <= 8
    assert verified.alpha_error < 1


async def test_a_cut_while_it_is_joined_costs_nothing(
    out: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise CutError

    with monkeypatch.context() as patched:
        patched.setattr(Track, "join", cut)
        with pytest.raises(CutError):
            await attempt(source, out / "out.mkv", codec="ffv1")
    outcome = await attempt(source, out / "out.mkv", codec="ffv1")
    assert outcome.resumed_frames == FRAMES
    assert len(read_clip(out / "out.mkv").times) == FRAMES


async def test_other_options_are_refused(out: Path, source: Path) -> None:
    with pytest.raises(CutError):
        await attempt(source, out / "out.mkv", cut_at=9)
    with pytest.raises(SinkError, match=r"other options.*remove"):
        Work(out / "out.mkv", {"source": "another"})


async def test_two_at_a_time_are_refused(out: Path) -> None:
    work = Work(out / "out.mkv", {})
    with pytest.raises(SinkError, match="another process"):
        Work(out / "out.mkv", {})
    work.close()


@pytest.mark.parametrize("name", ["a.gif", "a.apng", "a.webp"])
def test_what_cannot_be_joined_is_refused(out: Path, source: Path, name: str) -> None:
    with pytest.raises(OptionError, match=r"cannot be joined"):
        Track(out / name, "channel", Encoding(), FileSource(source).info)


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: b"", lambda data: EVIL])
async def test_a_checkpoint_that_is_damaged_is_said(
    out: Path, source: Path, damage: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(CutError):
        await attempt(source, out / "out.mkv", cut_at=9)
    kept = out / ".out.mkv.work" / "checkpoint"
    kept.write_bytes(damage(kept.read_bytes()))
    with pytest.raises(SinkError, match=r"cannot be used.*remove"):
        await attempt(source, out / "out.mkv")


def test_a_checkpoint_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "evil").write_bytes(EVIL)
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.print"):
        load(tmp_path / "evil", Checkpoint)

"""Parts of a film, made by whoever has not seen what comes before, are those of one run."""

import asyncio
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.errors import LivematteError, SourceError
from pipeline.frame import AlphaMatte, Frame
from pipeline.matte_options import AS_FOUND, MatteOptions
from pipeline.matting import Matting
from pipeline.shape import Shape
from pipeline.subject import WHOLE, Look
from stream import plan as plan_module
from stream.background import open_background
from stream.file_source import FileSource
from stream.formats import AlphaIn
from stream.inputs import PICTURES_A_SECOND
from stream.loaded_networks import LoadedNetworks
from stream.part import Made, Order, make_part
from stream.plan import WARM_UP, Mark, Part, plan
from stream.span import Clock
from stream.spread import Spread, run_spread
from stream.track import Track
from stream.video_file import Encoding
from stream.work import Work
from tests.clips import RedSegmenter, Sound, make_clip, read_clip
from tests.fakes import ListSource, plain_frame
from tests.running import matte_file
from tests.scenes import as_yuv420, disc_alpha, noisy, paint

FRAMES, SEGMENT, WARM = 50, 16, 12
SPARSE_KEYS = {"g": "12", "bf": "2"}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "SEGMENT_FRAMES", SEGMENT)
    monkeypatch.setattr(plan_module, "WARM_UP", WARM)


class Here:
    """A crew of this process alone; it leaves before the part of number `until`."""

    def __init__(self, until: int | None = None) -> None:
        self.made: list[int] = []
        self._until, self._hand = until, asyncio.Lock()

    async def make(self, order: Order, part: Part, on_frames: Callable[[int], None]) -> Made:
        async with self._hand:
            if part.number == self._until:
                raise LivematteError("the last one has left")
            self.made.append(part.number)
            networks = LoadedNetworks(RedSegmenter())  # type: ignore[arg-type]
            return await make_part(order, part, networks, f"a{part.number}", lambda *_: None)


async def spread(
    source: Path,
    target: Path,
    *,
    alpha: AlphaIn = "channel",
    codec: str | None = None,
    background: str = "transparent",
    matte: Path | None = None,
    verify: bool = False,
    crew: Here | None = None,
    start: float = 0.0,
    counts: list[int] | None = None,
    wanted: MatteOptions = AS_FOUND,
) -> Spread:
    reader = FileSource(source, start=start)
    tracks = [Track(target, alpha, Encoding(codec), reader.info)]
    if matte:
        tracks.append(Track(matte, "nothing", Encoding(), reader.info))
    work = Work(target, {})
    order = Order(
        *(
            source,
            PICTURES_A_SECOND,
            reader.span,
            reader.info.time_base,
            tracks,
            work.folder,
            background,
        ),
        *(reader.begins, True, verify, wanted),
    )
    note = counts.append if counts is not None else lambda _: None
    return await run_spread(reader, order, work, crew or Here(), note)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def parts_of(frames: Sequence[Frame]) -> list[Part]:
    return [part async for part in plan(aiter(ListSource(list(frames))))]


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("count", [1, 12, 16, 17, 20, 32, 50])
async def test_every_frame_is_in_one_part_and_warm_ups_come_before(count: int) -> None:
    frames = [plain_frame(index, grey=index) for index in range(count)]
    parts = await parts_of(frames)
    covered = [
        part.skipped + part.warm_up + place for part in parts for place in range(part.frames)
    ]
    assert covered == list(range(count))
    assert [part.number for part in parts] == list(range(len(parts)))
    assert [part.warm_up for part in parts] == [0, *[WARM] * (len(parts) - 1)]
    for part in parts:
        assert part.first == Mark.of(frames[part.skipped])
        assert part.last == Mark.of(frames[part.skipped + part.warm_up + part.frames - 1])


CLIPS = [
    ("in.mp4", {"options": SPARSE_KEYS}),
    ("in.mkv", {"options": SPARSE_KEYS}),
    ("in.ts", {"options": SPARSE_KEYS}),
    ("in.webm", {"codec": "libvpx-vp9", "options": {"g": "12", "crf": "10"}}),
    ("in.avi", {"codec": "mpeg4"}),
    ("in.mov", {"codec": "prores_ks", "pix_fmt": "yuv422p10le"}),
    ("in.mkv", {"pts": [17 * i + i % 3 for i in range(FRAMES)], "time_base": Fraction(1, 500)}),
]


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(("name", "how"), CLIPS)
async def test_pictures_times_and_sound_are_those_of_a_run_at_once(
    tmp_path: Path, out: Path, name: str, how: dict[str, object]
) -> None:
    sound = None if name.endswith((".avi", ".webm")) else Sound(seconds=2)
    source = make_clip(tmp_path / name, frames=FRAMES, sound=sound, **how)  # type: ignore[arg-type]
    done = await spread(source, out / "out.mkv", codec="ffv1")
    await matte_file(
        source,
        tmp_path / "once.mkv",
        background=open_background("transparent"),
        transparent=True,
        encoding=Encoding("ffv1"),
    )
    assert done.outcome.stats.frames_out == FRAMES
    parts, once = read_clip(out / "out.mkv"), read_clip(tmp_path / "once.mkv")
    assert parts.times == once.times
    assert parts.sound == once.sound
    for index in range(FRAMES):
        apart = np.abs(parts.alpha(index).astype(int) - once.alpha(index))
        is_last = index % SEGMENT == SEGMENT - 1  # its edge has nothing after it to be steadied by
        assert apart.mean() <= 2 if is_last else apart.max() <= 3, index
    assert names(out) == ["out.mkv"]


@pytest.mark.usefixtures("short")
async def test_only_what_is_needed_of_the_file_is_decoded(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=FRAMES, options=SPARSE_KEYS)
    stamped = 0
    forward = Clock.forward

    def count(clock: Clock, ticks: int | None, step: int) -> int:
        nonlocal stamped
        stamped += 1
        return forward(clock, ticks, step)

    monkeypatch.setattr(Clock, "forward", count)
    await spread(source, out / "out.mkv", codec="ffv1")
    keys_apart, ahead = 12, 8
    assert stamped <= FRAMES + FRAMES + 3 * (WARM + keys_apart + ahead)


@pytest.mark.usefixtures("short")
async def test_a_file_whose_clock_jumps_back_is_decoded_up_to_the_part(
    tmp_path: Path, out: Path
) -> None:
    """As in recordings that were joined: the index leads elsewhere."""
    once = make_clip(tmp_path / "once.ts", frames=25, options=SPARSE_KEYS)
    source = tmp_path / "twice.ts"
    source.write_bytes(once.read_bytes() * 2)
    await spread(source, out / "out.mkv", codec="ffv1")
    made, wanted = read_clip(out / "out.mkv"), read_clip(once)
    assert len(made.times) == FRAMES
    for index in range(FRAMES):
        red = wanted.rgb(index % 25)[..., 0] > 120
        assert np.abs(made.alpha(index) - 255.0 * red).mean() < 12, index


@pytest.mark.usefixtures("short")
async def test_a_matte_a_video_behind_and_verifying_go_along(tmp_path: Path, out: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=FRAMES, sound=Sound(seconds=2))
    moving = str(make_clip(tmp_path / "behind.mp4", frames=11, options={"crf": "1"}))
    options = {"codec": None, "alpha": "nothing", "background": moving, "start": 0.2}
    done = await spread(source, out / "a.mp4", matte=out / "m.mp4", verify=True, **options)  # type: ignore[arg-type]
    await matte_file(source, tmp_path / "a.mp4", background=open_background(moving), start=0.2)
    verified = done.outcome.joined[0].verified
    assert verified is not None
    assert verified.pictures == 3
    parts, once = read_clip(out / "a.mp4"), read_clip(tmp_path / "a.mp4")
    assert parts.times == once.times == read_clip(out / "m.mp4").times
    assert parts.sound == once.sound != []
    for index in range(len(once.times)):
        assert np.abs(parts.rgb(index).astype(int) - once.rgb(index)).mean() < 4


@pytest.mark.usefixtures("short")
async def test_pictures_are_numbered_through(tmp_path: Path, out: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=FRAMES)
    await spread(source, out / "%03d.png")
    assert names(out) == [f"{number:03}.png" for number in range(1, FRAMES + 1)]


@pytest.mark.usefixtures("short")
async def test_parts_that_are_made_are_not_made_again(tmp_path: Path, out: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=FRAMES)
    with pytest.raises(LivematteError, match="has left"):
        await spread(source, out / "out.mp4", alpha="nothing", background="green", crew=Here(2))
    again, counts = Here(), list[int]()
    how = {"alpha": "nothing", "background": "green", "crew": again, "counts": counts}
    done = await spread(source, out / "out.mp4", **how)  # type: ignore[arg-type]
    assert again.made == [2, 3]
    assert done.outcome.resumed_frames == 2 * SEGMENT
    assert counts == sorted(counts)
    assert counts[-1] == len(read_clip(out / "out.mp4").times) == FRAMES


@pytest.mark.usefixtures("short")
async def test_another_file_under_the_same_name_is_refused(tmp_path: Path, out: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=FRAMES)

    class Swapped(Here):
        async def make(self, order: Order, part: Part, on_frames: Callable[[int], None]) -> Made:
            make_clip(source, frames=FRAMES, size=(80, 48))
            return await super().make(order, part, on_frames)

    with pytest.raises(SourceError, match="same file on all machines"):
        await spread(source, out / "out.mkv", codec="ffv1", crew=Swapped())


async def test_a_machine_that_does_not_see_the_file_says_so(tmp_path: Path, out: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=10)

    class Elsewhere(Here):
        async def make(self, order: Order, part: Part, on_frames: Callable[[int], None]) -> Made:
            source.unlink()
            return await super().make(order, part, on_frames)

    with pytest.raises(SourceError, match=r"in\.mp4: is not there on .*under the same names"):
        await spread(source, out / "out.mkv", codec="ffv1", crew=Elsewhere())


class Restless:
    """A coarse matte of a disc, blurred and shaken anew for every frame."""

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        shaken = np.random.default_rng(frame.pts)
        x, y = 32 + shaken.normal(0, 1, 2)
        return cv2.GaussianBlur(disc_alpha(64, 64, x, y, 16), (0, 0), 2)


def test_after_the_warm_up_alpha_is_that_of_the_whole_run() -> None:
    """To less than a step of 255, of a matte that is steadied over time."""
    random = np.random.default_rng(8)
    picture = paint(disc_alpha(256, 256, 128, 128, 64))
    frames = [as_yuv420(noisy(picture, 1, random), pts) for pts in range(WARM_UP + 40)]
    whole, part = Matting(Restless()), Matting(Restless())
    before = [whole.process(frame).alpha for frame in frames]
    after = [part.process(frame).alpha for frame in frames[20:]]
    apart = [np.abs(a - b).max() for a, b in zip(before[20:], after, strict=True)]
    assert apart[0] > 10 / 255, "there is nothing to warm up"
    assert max(apart[WARM_UP:]) < 1 / 255


@pytest.mark.usefixtures("short")
async def test_parts_have_the_shape_that_is_wanted(tmp_path: Path, out: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=20)
    for name, wanted in (("plain", AS_FOUND), ("grown", MatteOptions(shape=Shape(shift=4)))):
        await spread(source, out / f"{name}.mkv", codec="ffv1", wanted=wanted)
    plain, grown = (read_clip(out / f"{name}.mkv").alpha(18) for name in ("plain", "grown"))
    assert (grown > 127).sum() > 1.2 * (plain > 127).sum()

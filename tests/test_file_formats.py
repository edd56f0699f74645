"""Every way to write alpha: pictures, times and alpha are read back as they were meant."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.composite import Transparent
from pipeline.errors import SinkError
from pipeline.frame import AlphaMatte
from pipeline.matting import Matting
from stream.convert import to_bytes
from stream.file_sink import FileSink
from stream.file_source import FileSource
from stream.matte_sink import Both, MatteSink
from stream.session import run_session
from stream.stacked import GUARD, unstacked
from stream.video_file import Encoding
from tests.clips import RedSegmenter, Sound, make_clip, read_clip
from tests.running import matte_file, mattes_of

LOSSLESS, NEAR = 0.0, 1.0
"""Mean error of alpha, in steps of 0 … 255. Of VP9 and ProRes it is .06 to .09 at 720p; of pictures
as small as these the edge is a large part."""
CHANNELS = [
    ("out.webm", "vp9", NEAR),
    ("out.webm", "vp8", NEAR),
    ("out.mkv", "vp9", NEAR),
    ("out.mkv", "vp8", NEAR),
    ("out.mkv", "ffv1", LOSSLESS),
    ("out.mov", "prores", NEAR),
    ("out.mov", "animation", LOSSLESS),
    ("out.mov", "png", LOSSLESS),
    ("out.avi", "utvideo", LOSSLESS),
    ("out.apng", "apng", LOSSLESS),
    ("out.webp", "webp_anim", LOSSLESS),
    ("%06d.png", "png", LOSSLESS),
    ("%06d.webp", "webp", LOSSLESS),
]
MILLISECOND = Fraction(1, 1000)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def alphas(path: Path) -> list[NDArray[np.uint8]]:
    """As a decoder that knows of alpha reads them: uint8 (H, W) each."""
    if path.suffix == ".webp" and "%" not in path.name:
        _, animation = cv2.imreadanimation(str(path))
        return [frame[..., 3].astype(np.uint8) for frame in animation.frames]
    if "%" in path.name:
        return [alphas_of(one)[0] for one in sorted(path.parent.iterdir())]
    return alphas_of(path)


def alphas_of(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(path) as container:
        codec = container.streams.video[0].codec_context.name
    clip = read_clip(path, {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(codec))
    return [clip.alpha(index) for index in range(len(clip.pictures))]


def assert_alphas(
    read: Sequence[NDArray[np.uint8]], mattes: Sequence[AlphaMatte], limit: float
) -> None:
    assert len(read) == len(mattes)
    for one, matte in zip(read, mattes, strict=True):
        meant = to_bytes(matte).astype(int)
        part = one[: meant.shape[0], : meant.shape[1]]
        assert 0 < meant.mean() < 255
        assert np.abs(part - meant).mean() <= limit


@pytest.mark.parametrize("size", [(160, 120), (63, 47)])
@pytest.mark.parametrize(("name", "codec", "limit"), CHANNELS)
async def test_alpha_is_read_back(
    tmp_path: Path, out: Path, name: str, codec: str, limit: float, size: tuple[int, int]
) -> None:
    source = make_clip(tmp_path / "in.mkv", codec="ffv1", size=size, frames=5)
    done = await matte_file(
        source,
        out / name,
        transparent=True,
        background=Transparent(),
        encoding=Encoding(codec),
        verify=True,
    )
    assert_alphas(alphas(out / name), await mattes_of(source), limit)
    assert done.sink.verified is not None
    assert done.sink.verified.pictures == 5
    assert done.sink.verified.alpha_error <= limit
    assert done.sink.verified.colour_error < 16


@pytest.mark.parametrize("name", ["out.avi", "out.apng", "out.gif", "out.mkv"])
async def test_times_are_kept(tmp_path: Path, name: str) -> None:
    """GIF counts in hundredths of a second."""
    source = make_clip(tmp_path / "in.mp4", frames=9, rate=30, time_base=Fraction(1, 15360),
                       pts=[512 * index for index in range(9)])  # fmt: skip
    await matte_file(source, tmp_path / name, transparent=name != "out.mkv")
    times = read_clip(tmp_path / name).times
    limit = Fraction(1, 200) if name == "out.gif" else MILLISECOND
    assert len(times) == 9
    assert all(abs(time - Fraction(i, 30)) <= limit for i, time in enumerate(times))


async def test_animated_webp_keeps_times(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=6, rate=30)
    await matte_file(source, tmp_path / "out.webp", transparent=True)
    _, animation = cv2.imreadanimation(str(tmp_path / "out.webp"))
    ends = np.cumsum(animation.durations)[:5]
    assert np.abs(ends - np.array([33, 67, 100, 133, 167])).max() <= 1


async def test_gif_has_a_pixel_or_has_it_not(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", size=(160, 120), frames=5)
    done = await matte_file(source, tmp_path / "out.gif", transparent=True, verify=True)
    mattes = [(matte >= 0.5).astype(np.float32) for matte in await mattes_of(source)]
    read = alphas(tmp_path / "out.gif")
    assert set(np.unique(np.array(read))) == {0, 255}
    assert_alphas(read, mattes, 1.0)
    assert done.sink.verified is not None


async def test_gif_leaves_out_what_browsers_would_slow_down(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=20, rate=100)
    await matte_file(source, tmp_path / "out.gif", transparent=True)
    assert read_clip(tmp_path / "out.gif").times == [Fraction(i, 50) for i in range(10)]


@pytest.mark.parametrize("size", [(160, 120), (63, 47)])
async def test_stacked_alpha_lies_below_the_colours(tmp_path: Path, size: tuple[int, int]) -> None:
    source = make_clip(tmp_path / "in.mp4" if size[0] % 2 == 0 else tmp_path / "in.mkv",
                       codec="ffv1" if size[0] % 2 else "libx264", size=size, frames=5)  # fmt: skip
    done = await matte_file(
        source, tmp_path / "out.mp4", stacked=True, background=Transparent(), verify=True
    )
    width, height = size[0] + size[0] % 2, size[1] + size[1] % 2
    written = read_clip(tmp_path / "out.mp4")
    assert written.codec == "h264"
    assert written.size == done.sink.size == (width, 2 * height + GUARD)
    pairs = [unstacked(written.rgb(index)) for index in range(5)]
    assert_alphas([alpha for _, alpha in pairs], await mattes_of(source), 3.0)
    colours, alpha = pairs[0]
    assert colours[alpha < 5].mean() < 6, "colours are premultiplied: beyond the edge is black"
    with av.open(tmp_path / "out.mp4") as container:
        told = f"stacked; width={width}; height={height}; guard={GUARD}"
        assert container.metadata["comment"] == told


async def test_stacked_alpha_of_a_turned_video_lies_upright(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", size=(160, 120), frames=2, degrees=90)
    await matte_file(source, tmp_path / "out.mp4", stacked=True, verify=True)
    written = read_clip(tmp_path / "out.mp4")
    assert written.size == (120, 2 * 160 + GUARD)
    assert written.pictures[0].rotation == 0


async def test_a_pair_is_the_foreground_and_its_matte(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", size=(160, 120), frames=5)
    reader = FileSource(source)
    pair = Both(
        FileSink(tmp_path / "colour.mp4", reader),
        MatteSink(FileSink(tmp_path / "matte.mp4", reader, audio=False, verify=True)),
    )
    await run_session(reader, Matting(RedSegmenter(), Transparent()), pair)
    colours, matte = read_clip(tmp_path / "colour.mp4"), read_clip(tmp_path / "matte.mp4")
    assert colours.codec == matte.codec == "h264"
    assert_alphas([matte.rgb(i)[..., 1] for i in range(5)], await mattes_of(source), 3.0)
    assert (colours.rgb(2)[..., 0] > colours.rgb(2)[..., 2]).mean() > 0.99, "no wall is left"


async def test_a_folder_of_pictures_is_made_and_holds_nothing_else(
    tmp_path: Path, out: Path
) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=4, sound=Sound())
    target = out / "100% frames" / "shot_%04d.png"
    done = await matte_file(source, target, transparent=True)
    assert done.sink.audio == "none"
    assert names(target.parent) == [f"shot_{number:04d}.png" for number in (1, 2, 3, 4)]
    assert names(out) == ["100% frames"]


async def test_pictures_that_are_there_are_replaced_on_request_alone(
    tmp_path: Path, out: Path
) -> None:
    source, target = make_clip(tmp_path / "in.mp4", frames=4), out / "%02d.png"
    await matte_file(source, target)
    await matte_file(source, out / "other%02d.png", duration=0.08)
    with pytest.raises(SinkError, match=r"01\.png is there already.*--overwrite"):
        await matte_file(source, target)
    reader = FileSource(source, duration=0.08)
    await run_session(reader, Matting(RedSegmenter()), FileSink(target, reader, overwrite=True))
    assert names(out) == ["01.png", "02.png", "other01.png", "other02.png"]


async def test_ffv1_holds_the_planes_as_they_are(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", codec="ffv1", pix_fmt="yuv422p", frames=2)
    await matte_file(source, tmp_path / "out.mkv", transparent=True, encoding=Encoding("ffv1"))
    assert read_clip(tmp_path / "out.mkv").pictures[0].format.name == "yuva422p"


@pytest.mark.parametrize(
    ("name", "codec"), [("out.webm", None), ("out.avi", None), ("out.gif", None), ("a%d.png", None)]
)
@pytest.mark.parametrize("degrees", [0, 90])
async def test_where_pixels_have_to_be_square_the_picture_is_scaled(
    tmp_path: Path, name: str, codec: str | None, degrees: int
) -> None:
    """What a player shows keeps its proportions: 64 by 48 with pixels 4:3 is 85 by 48."""
    source = make_clip(tmp_path / "in.mp4", aspect=Fraction(4, 3), frames=2, degrees=degrees)
    done = await matte_file(source, tmp_path / name, encoding=Encoding(codec), transparent=True)
    size = (85, 48) if degrees == 0 else (36, 64)
    assert done.sink.size == size
    written = tmp_path / name.replace("%d", "1")
    assert read_clip(written).size == size
    assert read_clip(written).aspect in (None, 1)


async def test_a_lost_alpha_is_an_error(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VP9 read by FFmpeg's own decoder has lost its alpha, as for a player that knows of none."""
    monkeypatch.setattr("stream.verify.decoder_of", lambda stream: stream.codec_context)
    source = make_clip(tmp_path / "in.mp4", frames=3)
    with pytest.raises(SinkError, match=r"out\.webm: .*alpha is lost"):
        await matte_file(source, out / "out.webm", transparent=True, verify=True)
    assert names(out) == []

"""Colours, sizes and positions leave as they came."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pipeline.colour import BT709, FULL_RANGE, UNTAGGED, ColourTags
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.subject import WHOLE, Look
from stream.file_source import FileSource
from stream.video_file import Encoding
from tests.clips import DISC, WALL, Everything, make_clip, read_clip
from tests.running import matte_file

BT601 = ColourTags(6, 6, 6, 1)
HDR = ColourTags(9, 9, 16, 1)


class Remembering(Everything):
    """Takes all of a frame for foreground, and remembers what it saw, by pts."""

    def __init__(self) -> None:
        self.seen: dict[int, RgbImage] = {}

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        self.seen[frame.pts] = frame.rgb
        return super().__call__(frame, look)


def middle(rgb: RgbImage, size: tuple[int, int] = (64, 48)) -> RgbImage:
    """The centre of the disc of the first picture."""
    return rgb[round(size[1] * 0.4), round(size[0] * 0.3)]


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mkv"])
@pytest.mark.parametrize("colour", [UNTAGGED, BT709, BT601, HDR, ColourTags(1, 1, 1, FULL_RANGE)])
async def test_colour_tags_are_carried_through(
    tmp_path: Path, suffix: str, colour: ColourTags
) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=2, colour=colour)
    before = read_clip(source).tags
    await matte_file(source, tmp_path / f"out{suffix}")
    after = read_clip(tmp_path / f"out{suffix}").tags
    assert (after.matrix, after.primaries, after.transfer) == (
        before.matrix,
        before.primaries,
        before.transfer,
    )
    assert after.full_range == before.full_range


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("in.mp4", "libx264", "yuv420p"),
        ("in.mp4", "libx264", "yuv422p"),
        ("in.mp4", "libx264", "yuv444p"),
        ("in.mp4", "libx264", "yuvj420p"),
        ("in.mp4", "libx264", "yuv420p10le"),
        ("in.mp4", "libx265", "yuv420p10le"),
        ("in.mov", "prores_ks", "yuv422p10le"),
        ("in.mov", "prores_ks", "yuva444p10le"),
        ("in.mkv", "ffv1", "yuv444p16le"),
        ("in.mkv", "ffv1", "yuv420p12le"),
        ("in.mkv", "ffv1", "yuv410p"),
        ("in.mov", "qtrle", "rgb24"),
        ("in.mov", "qtrle", "argb"),
        ("in.mov", "png", "rgb24"),
        ("in.mov", "png", "rgba64be"),
        ("in.mkv", "libx264rgb", "rgb24"),
        ("in.mkv", "ffv1", "gbrp10le"),
        ("in.mkv", "ffv1", "bgra"),
        ("in.gif", "gif", "rgb8"),
        ("in.avi", "mjpeg", "yuvj422p"),
        ("in.avi", "utvideo", "gbrp"),
        ("in.mkv", "rawvideo", "nv12"),
    ],
)
async def test_every_kind_of_picture_is_read_and_written_in_its_colours(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    source = make_clip(
        tmp_path / name, codec=codec, pix_fmt=pix_fmt, frames=3, size=(64, 48), options=options
    )
    segmenter = Remembering()
    await matte_file(source, tmp_path / "out.mp4", segmenter=segmenter)
    assert len(segmenter.seen) == 3
    tolerance = 50 if codec == "gif" else 12
    assert np.abs(middle(segmenter.seen[0]).astype(int) - DISC).max() <= tolerance
    assert np.abs(segmenter.seen[0][-3, -3].astype(int) - WALL).max() <= tolerance
    written = read_clip(tmp_path / "out.mp4")
    assert np.abs(middle(written.rgb(0)).astype(int) - DISC).max() <= tolerance + 8


@pytest.mark.parametrize("pix_fmt", ["gray", "gray10le"])
async def test_grey_pictures_stay_grey(tmp_path: Path, pix_fmt: str) -> None:
    source = make_clip(tmp_path / "in.mkv", codec="ffv1", pix_fmt=pix_fmt, frames=2)
    segmenter = Remembering()
    await matte_file(source, tmp_path / "out.mp4", segmenter=segmenter)
    expected = read_clip(source).rgb(0).astype(int)
    assert np.abs(segmenter.seen[0].astype(int) - expected).max() <= 3
    assert np.abs(read_clip(tmp_path / "out.mp4").rgb(0).astype(int) - expected).max() <= 16


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p"])
async def test_what_is_foreground_reaches_the_encoder_as_it_came(
    tmp_path: Path, pix_fmt: str
) -> None:
    source = make_clip(tmp_path / "in.mkv", codec="ffv1", pix_fmt=pix_fmt, frames=1)
    reader = FileSource(source)
    decoded = read_clip(source)
    async for frame in reader:
        assert np.array_equal(frame.planes[0], decoded.luma(0))
    await reader.aclose()


@pytest.mark.parametrize("size", [(63, 48), (64, 47), (63, 47), (7, 5)])
async def test_h264_pads_odd_sizes_by_repeating_the_last_line(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    source = make_clip(tmp_path / "in.mkv", codec="ffv1", size=size, frames=2)
    done = await matte_file(source, tmp_path / "out.mp4", segmenter=Everything())
    written = read_clip(tmp_path / "out.mp4")
    assert written.size == done.sink.size == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    luma = written.luma(0).astype(int)
    assert np.abs(luma[size[1] - 1 :] - luma[size[1] - 1]).max() <= 12
    assert np.abs(luma[:, size[0] - 1 :] - luma[:, size[0] - 1 : size[0]]).max() <= 12


@pytest.mark.parametrize(("suffix", "size"), [(".webm", (63, 47)), (".mov", (64, 48))])
@pytest.mark.parametrize("transparent", [False, True])
async def test_vp9_keeps_odd_sizes_and_prores_pads_them(
    tmp_path: Path, suffix: str, size: tuple[int, int], transparent: bool
) -> None:
    source = make_clip(tmp_path / "in.mkv", codec="ffv1", size=(63, 47), frames=2)
    await matte_file(source, tmp_path / f"out{suffix}", transparent=transparent)
    assert read_clip(tmp_path / f"out{suffix}").size == size


@pytest.mark.parametrize(
    ("codec", "suffix"), [("h265", ".mp4"), ("av1", ".mp4"), ("av1", ".webm"), ("h264", ".mov")]
)
async def test_other_encoders_can_be_asked_for(tmp_path: Path, codec: str, suffix: str) -> None:
    source = make_clip(tmp_path / "in.mkv", codec="ffv1", size=(65, 67), frames=3)
    done = await matte_file(source, tmp_path / f"out{suffix}", encoding=Encoding(codec))
    assert done.stats.frames_out == len(read_clip(tmp_path / f"out{suffix}").times) == 3


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
async def test_pixels_that_are_not_square_stay_so(tmp_path: Path, suffix: str) -> None:
    source = make_clip(tmp_path / "in.mp4", aspect=Fraction(4, 3), frames=2)
    assert read_clip(source).aspect == Fraction(4, 3)
    await matte_file(source, tmp_path / f"out{suffix}")
    assert read_clip(tmp_path / f"out{suffix}").aspect == Fraction(4, 3)


class TestRotation:
    """A phone stores what its sensor sees, and how to turn it for display."""

    @pytest.mark.parametrize("degrees", [90, 180, -90])
    async def test_the_network_sees_the_picture_upright(self, tmp_path: Path, degrees: int) -> None:
        source = make_clip(tmp_path / "in.mp4", frames=2, degrees=degrees)
        stored, segmenter = read_clip(source).rgb(0), Remembering()
        rotation = read_clip(source).pictures[0].rotation
        await matte_file(source, tmp_path / "out.mp4", segmenter=segmenter)
        upright = np.rot90(stored, rotation // 90)
        assert segmenter.seen[0].shape == upright.shape
        assert np.abs(segmenter.seen[0].astype(int) - upright).mean() < 4

    @pytest.mark.parametrize("degrees", [90, 180, -90])
    @pytest.mark.parametrize("suffix", [".mp4", ".mov"])
    async def test_it_lies_in_the_file_as_before(
        self, tmp_path: Path, degrees: int, suffix: str
    ) -> None:
        source = make_clip(tmp_path / "in.mp4", frames=2, degrees=degrees)
        await matte_file(source, tmp_path / f"out{suffix}", segmenter=Everything())
        before, after = read_clip(source), read_clip(tmp_path / f"out{suffix}")
        assert after.size == before.size
        rotations = after.pictures[0].rotation, before.pictures[0].rotation
        assert {rotation % 360 for rotation in rotations} == {degrees % 360}
        assert np.abs(after.rgb(0).astype(int) - before.rgb(0)).mean() < 6

    @pytest.mark.parametrize("degrees", [90, 180, -90])
    async def test_where_a_container_cannot_say_so_it_is_stored_upright(
        self, tmp_path: Path, degrees: int
    ) -> None:
        source = make_clip(tmp_path / "in.mp4", frames=2, degrees=degrees)
        await matte_file(source, tmp_path / "out.webm", segmenter=Everything())
        before, after = read_clip(source), read_clip(tmp_path / "out.webm")
        upright = np.rot90(before.rgb(0), degrees // 90).astype(int)
        assert after.pictures[0].rotation == 0
        assert np.abs(after.rgb(0) - upright).mean() < 6

    async def test_alpha_is_turned_with_the_picture(self, tmp_path: Path) -> None:
        source = make_clip(tmp_path / "in.mp4", frames=2, degrees=90)
        await matte_file(source, tmp_path / "out.mov", transparent=True)
        stored, written = read_clip(source).rgb(0).astype(int), read_clip(tmp_path / "out.mov")
        red = stored[..., 0] > stored[..., 2]
        assert np.mean((written.alpha(0) > 127) == red) > 0.97

    @pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "rgb24"])
    async def test_every_subsampling_can_be_turned(self, tmp_path: Path, pix_fmt: str) -> None:
        codec = "libx264rgb" if pix_fmt == "rgb24" else "libx264"
        source = make_clip(
            tmp_path / "in.mp4", frames=1, degrees=90, pix_fmt=pix_fmt, codec=codec, size=(62, 46)
        )
        await matte_file(source, tmp_path / "out.mp4", segmenter=Everything())
        before, after = read_clip(source).rgb(0), read_clip(tmp_path / "out.mp4").rgb(0)
        assert np.abs(after.astype(int) - before).mean() < 8

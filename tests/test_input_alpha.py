"""Alpha that the input has is read, whatever holds it, and multiplied in."""

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.composite import Transparent
from pipeline.frame import Frame
from pipeline.matting import Matting
from stream.file_source import FileSource
from tests.clips import DISC, Everything, RedSegmenter, read_clip
from tests.running import GREEN, matte_file

WIDTH, HEIGHT = 64, 48


def ramp() -> NDArray[np.uint8]:
    """Alpha that grows from left to right: uint8 (48, 64)."""
    return np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))


def cut_out(path: Path, codec: str, pix_fmt: str, options: dict[str, str] | None = None) -> Path:
    """A clip of the disc's colour whose alpha is the ramp."""
    with av.open(path, "w") as output:
        stream = output.add_stream(codec, rate=25, options=options or {})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        colours = np.full((HEIGHT, WIDTH, 3), DISC, np.uint8)
        rgba = np.dstack((colours, ramp()))
        for index in range(3):
            picture = av.VideoFrame.from_ndarray(rgba, "rgba").reformat(format=pix_fmt)
            picture.pts = index
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return path


SOURCES = [
    ("in.webm", "libvpx-vp9", "yuva420p", {"auto-alt-ref": "0", "crf": "10", "b": "0"}),
    ("in.webm", "libvpx", "yuva420p", {"auto-alt-ref": "0", "crf": "4", "b": "9M"}),
    ("in.mov", "prores_ks", "yuva444p10le", {}),
    ("in.mov", "qtrle", "argb", {}),
    ("in.mov", "png", "rgba64be", {}),
    ("in.avi", "utvideo", "gbrap", {}),
    ("in.mkv", "ffv1", "yuva422p", {}),
    ("in.mkv", "ffv1", "bgra", {}),
    ("in.apng", "apng", "rgba", {}),
]


@pytest.mark.parametrize(("name", "codec", "pix_fmt", "options"), SOURCES)
async def test_it_is_read(
    tmp_path: Path, name: str, codec: str, pix_fmt: str, options: dict[str, str]
) -> None:
    reader = FileSource(cut_out(tmp_path / name, codec, pix_fmt, options))
    frames = [frame async for frame in reader]
    await reader.aclose()
    assert len(frames) == 3
    for frame in frames:
        assert frame.alpha is not None
        assert np.abs(frame.alpha.astype(int) - ramp()).mean() < 1.0


async def test_where_all_is_there_it_costs_nothing(tmp_path: Path) -> None:
    with av.open(tmp_path / "in.mkv", "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuva444p"
        rgba = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
        output.mux(
            stream.encode(av.VideoFrame.from_ndarray(rgba, "rgba").reformat(format="yuva444p"))
        )
        output.mux(stream.encode(None))
    reader = FileSource(tmp_path / "in.mkv")
    assert [frame.alpha async for frame in reader] == [None]
    await reader.aclose()


async def test_it_is_multiplied_into_the_alpha_that_is_written(tmp_path: Path) -> None:
    source = cut_out(tmp_path / "in.mov", "qtrle", "argb")
    await matte_file(
        source, tmp_path / "out.mov", transparent=True, background=Transparent(),
        segmenter=Everything(),
    )  # fmt: skip
    written = read_clip(tmp_path / "out.mov")
    assert np.abs(written.alpha(1).astype(int) - ramp()).mean() < 1.0
    assert np.abs(written.rgb(1).astype(int) - DISC).mean() < 6, "straight, as they came"


async def test_what_was_not_there_shows_the_new_background(tmp_path: Path) -> None:
    source = cut_out(tmp_path / "in.mov", "qtrle", "argb")
    await matte_file(source, tmp_path / "out.mov", background=GREEN, segmenter=Everything())
    written = read_clip(tmp_path / "out.mov").rgb(1).astype(float)
    weight = ramp()[..., None] / 255
    assert np.abs(written - (weight * DISC + (1 - weight) * (0, 177, 64))).mean() < 6


def test_the_product_of_both_counts() -> None:
    rgb = np.full((HEIGHT, WIDTH, 3), (40, 80, 160), np.uint8)
    rgb[:, WIDTH // 2 :] = DISC
    frame = Frame((rgb,), alpha=ramp())
    alone = Matting(RedSegmenter(), Transparent()).process(Frame((rgb,)))
    both = Matting(RedSegmenter(), Transparent()).process(frame)
    assert np.abs(both.alpha - alone.alpha * ramp() / 255).max() < 0.01
    assert np.array_equal(both.frame.rgb, alone.frame.rgb)
    assert both.frame.alpha is None

"""What a user calls a background."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.composite import Blur, Picture, Transparent
from pipeline.errors import LivematteError, OptionError
from pipeline.frame import Frame, RgbImage
from pipeline.matte import EdgeMatte
from stream.background import CHROMA_GREEN, VideoBackground, open_background
from tests.clips import make_clip, paint


def behind(background: object, pts: int = 0, size: tuple[int, int] = (64, 48)) -> RgbImage:
    """What a background shows behind a frame at so many milliseconds."""
    frame = Frame.from_rgb(np.zeros((size[1], size[0], 3), np.uint8), pts, Fraction(1, 1000))
    matte = EdgeMatte.from_alpha(np.zeros((size[1], size[0]), np.float32))
    assert callable(background)
    return background(frame, matte)[0]


@pytest.mark.parametrize(
    ("text", "colour"),
    [("green", CHROMA_GREEN), ("#ff8000", (255, 128, 0)), ("#0A0b0C", (10, 11, 12))],
)
def test_a_colour_fills_the_frame(text: str, colour: tuple[int, int, int]) -> None:
    assert (behind(open_background(text)) == colour).all()


def test_blur_takes_a_radius_or_finds_one() -> None:
    plain, chosen = open_background("blur"), open_background("blur:12.5")
    assert isinstance(plain, Blur)
    assert isinstance(chosen, Blur)
    assert (plain.radius, chosen.radius) == (None, 12.5)


def test_transparent_lays_nothing_behind() -> None:
    assert isinstance(open_background("transparent"), Transparent)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".webp"])
def test_an_image_covers_the_frame_and_is_cut_on_both_sides(tmp_path: Path, suffix: str) -> None:
    picture = np.zeros((40, 200, 3), np.uint8)
    picture[:, 60:140] = (10, 200, 30)
    path = tmp_path / f"wall{suffix}"
    cv2.imwrite(str(path), picture[..., ::-1])
    background = open_background(str(path))
    assert isinstance(background, Picture)
    shown = behind(background, size=(40, 40))
    assert shown.shape == (40, 40, 3)
    assert np.abs(shown.astype(int) - (10, 200, 30)).max() < 12


@pytest.mark.parametrize(
    "text",
    ["purple", "", "#12345", "#gggggg", "blur:", "blur:wide", "blur:0", "blur:-3", "blur:nan"],
)
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(OptionError) as refused:
        open_background(text)
    assert "\n" not in str(refused.value)
    assert text.removeprefix("blur:") in str(refused.value)


@pytest.mark.parametrize("name", ["text.png", "text.mp4", "sound.mp4"])
def test_a_file_that_shows_nothing_is_refused(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("no picture at all")
    with pytest.raises(LivematteError, match=rf"background.*{name}"):
        open_background(str(tmp_path / name))
    assert capfd.readouterr().err == ""


class TestVideo:
    """Frame number n has its disc further right, so its mean red tells n."""

    @pytest.fixture
    def video(self, tmp_path: Path) -> Path:
        return make_clip(tmp_path / "wall.mp4", frames=5, rate=10)

    def shown(self, background: object, milliseconds: int) -> int:
        """The number of the frame that is behind."""
        seen = behind(background, milliseconds).astype(int)
        errors = [np.abs(seen - paint(64, 48, index)).mean() for index in range(5)]
        assert min(errors) < 6
        return int(np.argmin(errors))

    def test_keeps_its_own_time(self, video: Path) -> None:
        background = VideoBackground(video)
        times = [0, 40, 99, 100, 160, 220, 480]
        assert [self.shown(background, ms) for ms in times] == [0, 0, 0, 1, 1, 2, 4]

    def test_begins_with_the_first_frame_whenever_that_is(self, video: Path) -> None:
        background = VideoBackground(video)
        assert [self.shown(background, ms) for ms in (7000, 7100, 7250)] == [0, 1, 2]

    def test_loops(self, video: Path) -> None:
        background = VideoBackground(video)
        times = [0, 400, 499, 500, 620, 1010, 5730]
        assert [self.shown(background, ms) for ms in times] == [0, 4, 4, 0, 1, 0, 2]

    @pytest.mark.parametrize("name", ["wall.ts", "wall.webm", "wall.avi", "wall.gif"])
    def test_loops_in_every_container(self, tmp_path: Path, name: str) -> None:
        codec, pix_fmt = {
            "wall.ts": ("libx264", "yuv420p"),
            "wall.webm": ("libvpx-vp9", "yuv420p"),
            "wall.avi": ("mjpeg", "yuvj420p"),
            "wall.gif": ("gif", "rgb8"),
        }[name]
        background = open_background(
            str(make_clip(tmp_path / name, codec=codec, pix_fmt=pix_fmt, frames=5, rate=10))
        )
        for milliseconds in range(0, 3000, 50):
            assert behind(background, milliseconds).shape == (48, 64, 3)

    def test_a_clip_of_one_picture_stays(self, tmp_path: Path) -> None:
        background = VideoBackground(make_clip(tmp_path / "one.mp4", frames=1))
        assert [self.shown(background, ms) for ms in (0, 1000, 9000)] == [0, 0, 0]

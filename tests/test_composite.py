"""A new background, and the foreground's own colour at the edge."""

import cv2
import numpy as np
import pytest

from pipeline import Blur, Picture, Transparent, solid
from pipeline.composite import Background, composite, cover
from pipeline.errors import OptionError
from pipeline.frame import Frame
from pipeline.matte import EdgeMatte
from tests.scenes import DISC, WALL, as_yuv420, disc_alpha, noisy, paint

SOFT = cv2.GaussianBlur(disc_alpha(320, 240, 160, 120, 60), (0, 0), 3)
MATTE = EdgeMatte.from_alpha(SOFT)
EDGE = (SOFT > 0.2) & (SOFT < 0.8)


def over(frame: Frame, background: Background) -> Frame:
    return composite(frame, MATTE, background(frame, MATTE))


def test_the_old_background_does_not_shine_through_the_edge() -> None:
    """Over green the edge is close to disc on green; plain blending would leave a blue fringe."""
    result = over(Frame.from_rgb(paint(SOFT)), solid(0, 177, 64)).rgb.astype(int)
    ideal = paint(SOFT, background=(0, 177, 64)).astype(int)
    naive = SOFT[..., None] * paint(SOFT) + (1 - SOFT[..., None]) * np.array((0, 177, 64))
    assert np.abs(result - ideal)[EDGE].mean() < 0.25 * np.abs(naive - ideal)[EDGE].mean()


def test_what_is_surely_foreground_leaves_sample_for_sample() -> None:
    random = np.random.default_rng(3)
    frame = as_yuv420(noisy(paint(SOFT), 8, random))
    result = over(frame, solid(0, 0, 0))
    inside = cv2.erode(SOFT, np.ones((5, 5), np.uint8)) >= 1
    assert np.array_equal(result.planes[0][inside], frame.planes[0][inside])
    small = inside[::2, ::2] & inside[1::2, 1::2]
    assert np.array_equal(result.planes[1][small], frame.planes[1][small])


def test_rgb_and_ycbcr_frames_give_the_same_picture() -> None:
    rgb = paint(SOFT)
    plain = over(Frame.from_rgb(rgb), solid(200, 200, 60)).rgb.astype(int)
    video = over(as_yuv420(rgb), solid(200, 200, 60)).rgb.astype(int)
    assert np.abs(plain - video).mean() < 2.5


def test_a_transparent_result_keeps_nothing_of_the_room() -> None:
    """Away from the edge the foreground's own colour runs on, not the wall's."""
    result = over(Frame.from_rgb(paint(SOFT)), Transparent()).rgb
    corner = result[:20, :20].reshape(-1, 3).mean(axis=0)
    assert np.abs(corner - np.array(DISC)).max() < 12


def test_blur_leaves_no_halo_of_the_person() -> None:
    """Just outside the disc lies the wall's colour; a plain blur would have a lot of the disc."""
    alpha = disc_alpha(320, 240, 160, 120, 60)
    frame, matte = Frame.from_rgb(paint(alpha)), EdgeMatte.from_alpha(alpha)
    blurred = composite(frame, matte, Blur(12)(frame, matte)).rgb.astype(int)
    plain = cv2.GaussianBlur(paint(alpha), (0, 0), 12).astype(int)
    ring = (disc_alpha(320, 240, 160, 120, 70) > 0) & (disc_alpha(320, 240, 160, 120, 62) == 0)
    assert np.abs(blurred - WALL)[ring].mean() < 0.1 * np.abs(plain - WALL)[ring].mean()


def test_blur_takes_detail_out_of_the_room() -> None:
    random = np.random.default_rng(5)
    alpha = disc_alpha(320, 240, 160, 120, 60)
    frame, matte = as_yuv420(noisy(paint(alpha), 40, random)), EdgeMatte.from_alpha(alpha)
    blurred = composite(frame, matte, Blur()(frame, matte))
    assert blurred.planes[0][:40, :40].std() < 0.2 * frame.planes[0][:40, :40].std()


@pytest.mark.parametrize("radius", [0, -3, 501])
def test_a_blur_radius_out_of_range_is_named(radius: float) -> None:
    with pytest.raises(OptionError, match=f"{radius}"):
        Blur(radius)


@pytest.mark.parametrize("size", [(100, 100), (400, 50), (50, 400)])
def test_a_picture_covers_the_frame_and_is_cut_equally_on_both_sides(
    size: tuple[int, int],
) -> None:
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[:, 70:90] = picture[50:70] = 255
    covered = cover(picture, *size)
    assert covered.shape == (size[1], size[0], 3)
    assert np.abs(covered.astype(int) - covered[::-1, ::-1]).max() <= 2


def test_a_background_is_fitted_once_for_frames_of_one_kind() -> None:
    background = Picture(np.zeros((9, 16, 3), np.uint8))
    frame = as_yuv420(paint(SOFT))
    assert background(frame, MATTE) is background(frame, MATTE)
    other = as_yuv420(paint(disc_alpha(64, 48, 30, 20, 9)))
    assert background(other, MATTE)[0].shape == (48, 64)


def test_frames_and_backgrounds_are_never_written_to() -> None:
    rgb = paint(SOFT)
    rgb.setflags(write=False)
    behind = np.full((240, 320, 3), 9, np.uint8)
    over(Frame.from_rgb(rgb), Picture(behind))
    assert (behind == 9).all()

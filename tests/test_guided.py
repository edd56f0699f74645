"""Alpha brought to the frame's resolution."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from pipeline.cells import cell_side
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.guided import guided_upsample
from tests.scenes import DISC, as_yuv420, coarse, disc_alpha, paint

TRUTH = disc_alpha(640, 360, 320, 180, 100)


def refine(frame: Frame, alpha: AlphaMatte) -> AlphaMatte:
    guide = frame.reduced(cell_side(frame.width, frame.height))
    return guided_upsample(frame, alpha, guide).full


def error(alpha: AlphaMatte) -> float:
    return float(np.abs(alpha - TRUTH).mean())


@pytest.mark.parametrize("make", [Frame.from_rgb, as_yuv420])
def test_the_frames_colours_bring_the_edge_back(make: Callable[[RgbImage], Frame]) -> None:
    """The error of a coarse matte falls by at least 30 per cent against scaling it up."""
    small = coarse(TRUTH)
    refined = refine(make(paint(TRUTH)), small)
    assert error(refined) < 0.7 * error(cv2.resize(small, (640, 360)))


def test_subsampled_chroma_leaves_no_pattern_in_alpha() -> None:
    """Before a colourful wall alpha of 4:2:0 is nearly as smooth as that of RGB."""
    random = np.random.default_rng(3)
    wall = cv2.resize(random.integers(0, 256, (24, 40, 3), dtype=np.uint8), (640, 360))
    soft = cv2.GaussianBlur(TRUTH, (0, 0), 6)[..., None]
    rgb = np.rint(soft * np.array(DISC) + (1 - soft) * wall).astype(np.uint8)
    small = coarse(np.ascontiguousarray(soft[..., 0]), 40)
    roughness = [
        float(np.abs(np.diff(refine(frame, small), n=2, axis=1)).mean())
        for frame in (Frame.from_rgb(rgb), as_yuv420(rgb))
    ]
    assert roughness[1] < 2 * roughness[0]


def test_an_edge_that_colours_do_not_show_is_kept_as_the_network_saw_it() -> None:
    """White before white: alpha stays near the coarse one instead of being blurred away."""
    small = coarse(TRUTH)
    flat = Frame.from_rgb(np.full((360, 640, 3), 240, np.uint8))
    refined = refine(flat, small)
    assert error(refined) < 1.2 * error(cv2.resize(small, (640, 360)))


def test_alpha_is_exactly_0_and_1_away_from_the_edge() -> None:
    refined = refine(Frame.from_rgb(paint(TRUTH)), coarse(TRUTH))
    assert refined[180, 320] == 1
    assert refined[5, 5] == 0
    assert np.isin(refined, (0, 1)).mean() > 0.9


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_matte_without_an_edge_stays_flat(value: float) -> None:
    frame = as_yuv420(paint(TRUTH))
    refined = refine(frame, np.full((320, 320), value, np.float32))
    assert refined.dtype == np.float32
    assert np.allclose(refined, value, atol=0.02)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (17, 33), (641, 361), (33, 500)])
def test_any_size_of_frame_is_taken(size: tuple[int, int]) -> None:
    width, height = size
    alpha = disc_alpha(width, height, width / 2, height / 2, min(size) / 3)
    refined = refine(as_yuv420(paint(alpha)), coarse(alpha, 32))
    assert refined.shape == (height, width)
    assert np.isfinite(refined).all()
    assert refined.min() >= 0
    assert refined.max() <= 1

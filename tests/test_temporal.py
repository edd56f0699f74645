"""Alpha over time."""

import numpy as np
import pytest

from pipeline.frame import AlphaMatte, Frame
from pipeline.matte import EdgeMatte
from pipeline.matting import Matting
from pipeline.temporal import MOVING_WEIGHT, NEW_WEIGHT, TemporalFilter
from tests.scenes import KnownSegmenter, as_yuv420, coarse, disc_alpha, noisy, paint

WIDTH, HEIGHT, FRAMES = 640, 360, 16


def moved(speed: float) -> list[AlphaMatte]:
    """A disc that moves so many pixels a frame to the right."""
    return [disc_alpha(WIDTH, HEIGHT, 200 + speed * i, 180, 90) for i in range(FRAMES)]


def mattes(truth: list[AlphaMatte], *, smooth: bool) -> list[AlphaMatte]:
    """What the pipeline makes of it, seen by a noisy camera and a restless network."""
    random = np.random.default_rng(7)
    seen = [coarse(alpha) + random.normal(0, 0.02, (160, 160)) for alpha in truth]
    restless = [np.clip(alpha, 0, 1).astype(np.float32) for alpha in seen]
    matting = Matting(KnownSegmenter(restless), smooth=smooth)
    frames = (as_yuv420(noisy(paint(alpha), 5, random)) for alpha in truth)
    return [matting.process(frame).alpha for frame in frames]


def flat(value: float) -> EdgeMatte:
    return EdgeMatte.from_alpha(np.full((HEIGHT, WIDTH), value, np.float32))


def flicker(alphas: list[AlphaMatte], truth: list[AlphaMatte]) -> float:
    """dtSSD: how far alpha changes otherwise than the truth does (Erofeev et al., BMVC 2015)."""
    error = np.array(alphas) - np.array(truth)
    return float(np.sqrt((np.diff(error, axis=0) ** 2).mean(axis=(1, 2))).mean())


def deviation(alphas: list[AlphaMatte], truth: list[AlphaMatte]) -> float:
    return float(np.abs(np.array(alphas) - np.array(truth)).mean())


def test_a_still_edge_flickers_at_least_40_per_cent_less() -> None:
    truth = moved(0)
    plain, smooth = mattes(truth, smooth=False), mattes(truth, smooth=True)
    assert flicker(smooth, truth) < 0.6 * flicker(plain, truth)


def test_a_fast_edge_neither_lags_nor_leaves_a_ghost() -> None:
    """The error of alpha grows by at most 2 per cent, and nothing stays where the disc was."""
    truth = moved(16)
    plain, smooth = mattes(truth, smooth=False), mattes(truth, smooth=True)
    assert deviation(smooth, truth) <= 1.02 * deviation(plain, truth)
    assert smooth[-1][180, 150] < 0.05


def test_where_something_moves_a_little_of_the_matte_before_is_kept() -> None:
    temporal, random = TemporalFilter(), np.random.default_rng(3)
    first = np.full((HEIGHT // 2, WIDTH // 2, 3), 90, np.uint8)
    second = first.copy()
    second[:, 250:] = random.integers(0, 255, (HEIGHT // 2, 70, 1), np.uint8)
    temporal(first, flat(0.5))
    alpha = temporal(second, flat(0.55)).full
    assert alpha[180, 600] == pytest.approx(0.5 + 0.05 * MOVING_WEIGHT, abs=1e-4)
    assert alpha[180, 100] == pytest.approx(0.5 + 0.05 * NEW_WEIGHT, abs=1e-4)


def test_a_moving_edge_hardly_lags() -> None:
    truth = moved(3)
    plain, smooth = mattes(truth, smooth=False), mattes(truth, smooth=True)
    assert deviation(smooth, truth) <= 1.08 * deviation(plain, truth)


def test_a_scene_cut_drops_what_was_before() -> None:
    mattes = [np.ones((32, 32), np.float32), np.full((32, 32), 0.5, np.float32)]
    matting = Matting(KnownSegmenter(mattes))
    for grey in (20, 220):
        rgb = np.full((HEIGHT, WIDTH, 3), grey, np.uint8)
        alpha = matting.process(Frame.from_rgb(rgb)).alpha
    assert matting.cuts.cuts == 1
    assert np.abs(alpha - 0.5).max() < 0.02


def test_what_appears_in_a_still_picture_is_believed_at_once() -> None:
    temporal = TemporalFilter()
    still = np.full((180, 320, 3), 90, np.uint8)
    temporal(still, flat(0))
    assert (temporal(still, flat(1)).full == 1).all()


def test_a_new_size_in_mid_stream_starts_afresh() -> None:
    matting = Matting(KnownSegmenter([np.ones((32, 32), np.float32)]))
    for width, height in ((640, 360), (320, 180)):
        rgb = np.zeros((height, width, 3), np.uint8)
        assert matting.process(Frame.from_rgb(rgb)).alpha.shape == (height, width)


def test_reset_forgets_the_last_alpha() -> None:
    temporal = TemporalFilter()
    still = np.full((180, 320, 3), 90, np.uint8)
    temporal(still, flat(0.5))
    temporal.reset()
    assert (temporal(still, flat(0.6)).full == np.float32(0.6)).all()

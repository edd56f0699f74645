"""Alpha over time."""

import numpy as np
import pytest

from pipeline.frame import AlphaMatte, Frame
from pipeline.matte import EdgeMatte
from pipeline.matting import Matting
from pipeline.temporal import (
    MOVING_WEIGHT,
    NEIGHBOUR_WEIGHT,
    NEW_WEIGHT,
    TemporalFilter,
    steadied,
)
from tests.scenes import KnownSegmenter, as_yuv420, coarse, disc_alpha, noisy, paint

WIDTH, HEIGHT, FRAMES = 640, 360, 16


def moved(speed: float) -> list[AlphaMatte]:
    """A disc that moves so many pixels a frame to the right."""
    return [disc_alpha(WIDTH, HEIGHT, 200 + speed * i, 180, 90) for i in range(FRAMES)]


def mattes(truth: list[AlphaMatte], *, smooth: bool, film: bool = False) -> list[AlphaMatte]:
    """What the pipeline makes of it, seen by a noisy camera and a restless network."""
    random = np.random.default_rng(7)
    seen = [coarse(alpha) + random.normal(0, 0.02, (160, 160)) for alpha in truth]
    restless = [np.clip(alpha, 0, 1).astype(np.float32) for alpha in seen]
    matting = Matting(KnownSegmenter(restless), smooth=smooth)
    frames = (as_yuv420(noisy(paint(alpha), 5, random)) for alpha in truth)
    shown = matting.film(frames) if film else map(matting.process, frames)
    return [matted.alpha for matted in shown]


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


def around(level: float, *, before: float | None, after: float | None) -> AlphaMatte:
    """One frame's alpha, steadied by its neighbours'."""
    beside = [None if alpha is None else flat(alpha) for alpha in (before, after)]
    return steadied(beside[0], flat(level), beside[1]).full


@pytest.mark.parametrize(
    ("before", "after", "moved"), [(0.51, 0.49, 0), (0.51, 0.5, 1), (0.5, 0.51, 1), (0.51, 0.51, 2)]
)
def test_both_neighbours_steady_a_frame_alike(before: float, after: float, moved: int) -> None:
    alpha = around(0.5, before=before, after=after)
    assert np.allclose(alpha, 0.5 + 0.01 * NEIGHBOUR_WEIGHT * moved, atol=1e-6)


def test_a_first_and_a_last_frame_have_one_neighbour() -> None:
    for one in (
        around(0.5, before=None, after=0.51),
        around(0.5, before=0.51, after=None),
    ):
        assert np.allclose(one, 0.5 + 0.01 * NEIGHBOUR_WEIGHT, atol=1e-6)
    assert np.array_equal(around(0.5, before=None, after=None), flat(0.5).full)


def disc_at(x: float) -> EdgeMatte:
    return EdgeMatte.from_alpha(disc_alpha(WIDTH, HEIGHT, x, 180, 90))


def test_an_edge_is_steadied_also_where_only_a_neighbour_has_one() -> None:
    now, other = disc_at(200), disc_at(200.5)
    wanted = (1 - NEIGHBOUR_WEIGHT) * now.full + NEIGHBOUR_WEIGHT * other.full
    assert np.abs(steadied(other, now, None).full - wanted).max() < 0.01


def test_of_what_moves_fast_no_neighbour_shows_a_ghost() -> None:
    before, now, after = map(disc_at, (180, 200, 220))
    found = steadied(before, now, after).full
    beyond = disc_alpha(WIDTH, HEIGHT, 200, 180, 96) == 0
    assert found[beyond].max() < 0.03
    assert found.min() >= 0


def test_what_blinks_for_a_frame_is_steadied_however_large() -> None:
    nothing, thing = flat(0), disc_at(200)
    appears, vanishes = steadied(nothing, thing, nothing), steadied(thing, nothing, thing)
    assert appears.full.max() == pytest.approx(1 - 2 * NEIGHBOUR_WEIGHT)
    assert vanishes.full.max() == pytest.approx(2 * NEIGHBOUR_WEIGHT)


def test_a_film_flickers_no_more_than_frames_that_know_no_later_ones() -> None:
    truth = moved(0)
    live, film = mattes(truth, smooth=True), mattes(truth, smooth=True, film=True)
    assert flicker(film, truth) < 0.9 * flicker(live, truth)


@pytest.mark.parametrize("speed", [1, 4, 16])
def test_a_film_neither_lags_nor_leaves_a_ghost(speed: float) -> None:
    truth = moved(speed)
    plain, film = mattes(truth, smooth=False), mattes(truth, smooth=True, film=True)
    assert deviation(film, truth) < deviation(plain, truth)


def test_all_frames_of_a_film_come_out_in_order() -> None:
    for count in range(4):
        frames = [Frame.from_rgb(np.full((90, 160, 3), 90, np.uint8), pts) for pts in range(count)]
        matting = Matting(KnownSegmenter([np.ones((32, 32), np.float32)]))
        assert [matted.frame.pts for matted in matting.film(frames)] == list(range(count))


def test_no_frame_of_a_film_is_steadied_across_a_cut() -> None:
    coarse = [np.full((32, 32), level, np.float32) for level in (0.2, 0.2, 0.8, 0.8)]
    greys = [np.full((HEIGHT, WIDTH, 3), grey, np.uint8) for grey in (20, 20, 220, 220)]
    frames = list(map(Frame.from_rgb, greys))
    alone = [Matting(KnownSegmenter([one])).process(frames[0]).alpha for one in coarse]
    film = Matting(KnownSegmenter(coarse)).film(frames)
    for matted, wanted in zip(film, alone, strict=True):
        assert np.abs(matted.alpha - wanted).max() < 0.01


def test_a_film_may_change_its_size() -> None:
    sizes = [(640, 360), (320, 180), (320, 180)]
    frames = [Frame.from_rgb(np.zeros((h, w, 3), np.uint8)) for w, h in sizes]
    film = Matting(KnownSegmenter([np.ones((32, 32), np.float32)])).film(frames)
    assert [matted.alpha.shape for matted in film] == [(h, w) for w, h in sizes]

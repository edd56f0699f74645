"""MAD, MSE, SAD, Grad, Conn, the transition band and the overlaps."""

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte
from pipeline.metrics import (
    conn,
    grad,
    grad_normalised,
    mad,
    mse,
    overlap,
    sad,
    transition_band,
)
from tests.metric_references import slow_conn, slow_grad, slow_gradient_magnitude


def matte(*rows: list[float]) -> AlphaMatte:
    return np.array(rows, np.float32)


def disc(side: int = 48, radius: float = 14, shift: int = 0) -> AlphaMatte:
    """A soft round matte."""
    at = np.arange(side) - side / 2
    distance = np.hypot(at[:, None], at[None, :] - shift)
    soft: AlphaMatte = np.clip((radius - distance) / 4 + 0.5, 0, 1).astype(np.float32)
    return soft


def cloud(seed: int, size: tuple[int, int] = (20, 24)) -> AlphaMatte:
    """Random blobs of every alpha, with zeros and ones among them."""
    noise = np.random.default_rng(seed).normal(0.5, 1.2, size).astype(np.float32)
    blobs: AlphaMatte = np.clip(cv2.GaussianBlur(noise, (0, 0), 1.2) * 1.6 - 0.3, 0, 1)
    return blobs


def test_differences_of_a_small_matte_are_those_worked_out_by_hand() -> None:
    prediction, truth = matte([0, 0.5], [1, 0.25]), matte([0, 1], [0.75, 0.25])
    assert sad(prediction, truth) == pytest.approx((0.5 + 0.25) / 1000)
    assert mad(prediction, truth) == pytest.approx(0.75 / 4 * 1000)
    assert mse(prediction, truth) == pytest.approx((0.25 + 0.0625) / 4 * 1000)


def test_a_region_restricts_sums_and_means_to_its_pixels() -> None:
    prediction, truth = matte([0, 0.5], [1, 0.25]), matte([0, 1], [0.75, 0.25])
    right = np.array([[0, 255], [0, 255]], np.uint8)
    assert sad(prediction, truth, right) == pytest.approx(0.5 / 1000)
    assert mad(prediction, truth, right) == pytest.approx(0.5 / 2 * 1000)
    assert math.isnan(mad(prediction, truth, np.zeros((2, 2), np.uint8)))


def test_the_gradient_of_a_step_is_the_one_worked_out_by_hand() -> None:
    """Beside a long straight step the filter sums one half of its rows' weights."""
    step = np.zeros((21, 20), np.float32)
    step[:, 10:] = 1
    taps = np.arange(-4, 5)
    smooth = np.exp(-(taps**2) / (2 * 1.4**2))
    slope = taps * smooth
    beside = smooth.sum() / math.hypot(*smooth) * slope[5:].sum() / math.hypot(*slope)
    assert slow_gradient_magnitude(step)[10, 10] == pytest.approx(beside, rel=1e-5)
    assert grad(step, np.zeros_like(step)) == pytest.approx(
        slow_grad(step, np.zeros_like(step)), rel=1e-5
    )


@pytest.mark.parametrize("seed", range(4))
def test_grad_agrees_with_a_slow_one_written_from_the_formula(seed: int) -> None:
    prediction, truth = cloud(seed), cloud(seed + 100)
    assert grad(prediction, truth) == pytest.approx(slow_grad(prediction, truth), rel=1e-5)


def test_normalised_grad_is_grad_of_mattes_stretched_to_the_full_range() -> None:
    truth = disc()
    faint = 0.2 + 0.5 * truth
    assert grad_normalised(faint, truth) == pytest.approx(0, abs=1e-6)
    assert grad(faint, truth) > 0.1
    flat = np.full_like(truth, 0.7)
    assert grad_normalised(flat, truth) == pytest.approx(grad(np.zeros_like(truth), truth))


@pytest.mark.parametrize("seed", range(12))
def test_conn_agrees_with_a_slow_one_written_from_the_definition(seed: int) -> None:
    prediction, truth = cloud(seed), cloud(seed + 100)
    if seed % 3 == 0:
        prediction = np.clip(0.7 * truth + 0.3 * prediction, 0, 1)
    assert conn(prediction, truth) == pytest.approx(slow_conn(prediction, truth), rel=1e-5)


def test_conn_counts_an_island_and_forgives_what_is_nearly_connected() -> None:
    truth = np.zeros((8, 20), np.float32)
    truth[:, :12] = 1
    island = truth.copy()
    island[2:4, 16:18] = 0.8
    assert conn(island, truth) == pytest.approx(4 * 0.8 / 1000)
    nearly = truth.copy()
    nearly[:, 12] = 0.1
    assert conn(nearly, truth) == pytest.approx(0)


def test_conn_lets_the_largest_component_move_from_one_threshold_to_the_next() -> None:
    """A faint large part and a small solid one: low thresholds hold the first, high the second."""
    both = np.zeros((10, 24), np.float32)
    both[1:9, 1:12] = 0.45
    both[3:7, 15:20] = 1
    prediction = both.copy()
    prediction[4, 16] = 0.6
    assert conn(prediction, both) == pytest.approx(slow_conn(prediction, both))


@pytest.mark.parametrize("metric", [mad, mse, sad, grad, grad_normalised, conn])
def test_a_perfect_prediction_has_no_error_and_a_shifted_one_has(metric) -> None:  # type: ignore[no-untyped-def]
    truth = disc()
    assert metric(truth, truth) == 0
    near, far = metric(disc(shift=1), truth), metric(disc(shift=4), truth)
    assert 0 < near < far


def test_an_inverted_matte_has_the_greatest_mean_error_and_no_overlap() -> None:
    truth = (disc() > 0.5).astype(np.float32)
    assert mad(1 - truth, truth) == mse(1 - truth, truth) == 1000
    assert overlap(1 - truth, truth).iou == 0


def test_the_band_holds_soft_pixels_and_those_within_its_width_of_an_edge() -> None:
    truth = np.zeros((9, 40), np.float32)
    truth[:, 20:] = 1
    columns: NDArray[np.intp] = np.flatnonzero(transition_band(truth, 3)[4])
    assert columns.tolist() == [17, 18, 19, 20, 21, 22]
    truth[:, 20] = 0.5
    assert np.flatnonzero(transition_band(truth, 3)[4]).tolist() == list(range(17, 24))


def test_a_matte_without_an_edge_has_no_band() -> None:
    for value in (0, 1):
        assert not transition_band(np.full((12, 12), value, np.float32), 3).any()


def test_a_band_of_no_width_is_refused_by_its_value() -> None:
    with pytest.raises(OptionError, match="0 pixels"):
        transition_band(disc(), 0)


def test_overlap_of_a_small_matte_is_the_one_worked_out_by_hand() -> None:
    prediction, truth = matte([0.9, 0.5, 0.1, 0.6]), matte([1, 0.4, 0.9, 0.5])
    counts = overlap(prediction, truth)
    assert (counts.both, counts.predicted, counts.true) == (2, 3, 3)
    assert counts.iou == 2 / 4
    assert counts.precision == counts.recall == counts.f1 == 2 / 3
    assert overlap(prediction, truth, threshold=0.95).recall == 0


def test_nothing_found_where_nothing_is_counts_as_right() -> None:
    empty, full = np.zeros((4, 4), np.float32), np.ones((4, 4), np.float32)
    assert overlap(empty, empty).iou == overlap(empty, empty).precision == 1
    assert overlap(empty, full).precision == overlap(full, empty).recall == 0


def test_mattes_that_cannot_be_compared_are_refused_by_shape_and_type() -> None:
    with pytest.raises(OptionError, match=r"\(2, 3\).*\(2, 2\)"):
        mad(np.zeros((2, 3), np.float32), np.zeros((2, 2), np.float32))
    with pytest.raises(OptionError, match="prediction is uint8"):
        mad(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.float32))

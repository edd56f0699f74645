"""dtSSD, motion energy and MESSDdt."""

import cv2
import numpy as np
import pytest

from pipeline.frame import AlphaMatte
from pipeline.metrics import Meter, dtssd, messddt, motion_energy, truth_motion
from tests.test_alpha_metrics import disc


def test_dtssd_of_a_small_matte_is_the_one_worked_out_by_hand() -> None:
    before, now = np.zeros((2, 2), np.float32), np.array([[0, 0.5], [0, 0]], np.float32)
    still = np.ones((2, 2), np.float32)
    assert dtssd(now, still, before, still) == pytest.approx(100 * np.sqrt(0.25 / 4))


def test_an_error_that_does_not_change_costs_no_dtssd() -> None:
    truth = disc()
    wrong = np.clip(truth - 0.2, 0, 1)
    assert dtssd(wrong, truth, wrong, truth) == 0


def test_noise_of_one_hundredth_gives_a_dtssd_of_root_two() -> None:
    rng = np.random.default_rng(7)
    truth = np.full((400, 400), 0.5, np.float32)
    noisy = [truth + rng.normal(0, 0.01, truth.shape).astype(np.float32) for _ in range(2)]
    assert dtssd(noisy[1], truth, noisy[0], truth) == pytest.approx(1.414, abs=0.01)


def test_a_frozen_matte_scores_exactly_one_against_the_truths_motion() -> None:
    meter = Meter(band_width=4)
    meter.measure(disc(), disc(shift=0))
    for shift in (1, 3, 2):
        scores = meter.measure(disc(), disc(shift=shift))
        assert scores["dtssd_relative"] == scores["dtssd_relative_band"] == 1


def test_motion_energy_is_the_dtssd_of_standing_still() -> None:
    now, before = disc(shift=3), disc()
    assert motion_energy(now, before) == dtssd(before, now, before, before)


def moved(matte: AlphaMatte, pixels: int) -> AlphaMatte:
    return np.roll(matte, pixels, axis=1)


def test_an_error_that_travels_with_its_object_costs_no_messddt() -> None:
    truth = disc(96, 25)
    wrong = disc(96, 22)
    motion = np.zeros((96, 96, 2), np.float32)
    motion[..., 0] = -3
    now = moved(wrong, 3), moved(truth, 3), wrong, truth
    assert messddt(*now, motion) == pytest.approx(0, abs=1e-4)
    assert messddt(*now, np.zeros_like(motion)) > 1
    assert messddt(*now, truth_motion(moved(truth, 3), truth)) < 0.5 * messddt(
        *now, np.zeros_like(motion)
    )


def test_messddt_of_an_error_that_comes_up_is_the_one_worked_out_by_hand() -> None:
    truth = np.zeros((2, 2), np.float32)
    wrong = np.array([[0.5, 0], [0, 0]], np.float32)
    still = np.zeros((2, 2, 2), np.float32)
    assert messddt(wrong, truth, truth, truth, still) == pytest.approx(1000 * 0.25 / 4)


def test_the_motion_of_a_truth_is_found_along_its_edge() -> None:
    truth = disc(96, 25)
    motion = truth_motion(moved(truth, 4), truth)
    edge = cv2.inRange(moved(truth, 4), 0.1, 0.9) > 0
    assert np.median(motion[edge], axis=0)[0] == pytest.approx(-4, abs=0.7)


def test_tiny_pictures_are_taken_to_stand_still() -> None:
    assert not truth_motion(disc(16, 4), disc(16, 4, shift=2)).any()

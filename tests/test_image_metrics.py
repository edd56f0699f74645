"""PSNR, SSIM and LPIPS."""

import math
import warnings
from importlib.util import find_spec

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pipeline.errors import ModelMissingError, OptionError
from pipeline.metrics import Lpips, psnr, ssim
from tests.test_alpha_metrics import cloud, disc


@pytest.mark.parametrize("seed", range(3))
def test_psnr_and_ssim_agree_with_scikit_image(seed: int) -> None:
    """On a picture of several strips, so that their seams are seen."""
    truth = cloud(seed, (150, 90))
    prediction = np.clip(0.8 * truth + 0.2 * cloud(seed + 50, (150, 90)), 0, 1)
    assert psnr(prediction, truth) == pytest.approx(
        peak_signal_noise_ratio(truth, prediction, data_range=1), rel=1e-5
    )
    expected = structural_similarity(
        truth,
        prediction,
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(prediction, truth) == pytest.approx(expected, abs=1e-4)


def test_a_perfect_prediction_has_an_ssim_of_one_and_a_psnr_of_the_ceiling() -> None:
    assert ssim(disc(), disc()) == pytest.approx(1, abs=1e-6)
    assert psnr(disc(), disc()) == 100


def test_psnr_of_a_small_matte_is_the_one_worked_out_by_hand() -> None:
    prediction, truth = np.full((2, 2), 0.1, np.float32), np.zeros((2, 2), np.float32)
    assert psnr(prediction, truth) == pytest.approx(20, abs=1e-4)


def test_an_empty_region_has_neither_psnr_nor_ssim() -> None:
    nowhere = np.zeros(disc().shape, np.uint8)
    assert math.isnan(psnr(disc(), disc(), nowhere))
    assert math.isnan(ssim(disc(), disc(), nowhere))


def test_ssim_refuses_a_picture_smaller_than_its_window_by_size() -> None:
    with pytest.raises(OptionError, match="11 pixels a side, got 10x12"):
        ssim(np.zeros((12, 10), np.float32), np.zeros((12, 10), np.float32))


def test_lpips_says_what_is_missing_or_measures() -> None:
    if find_spec("lpips") is None:
        with pytest.raises(ModelMissingError, match="pip install lpips"):
            Lpips()
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            distance = Lpips()
        except ModelMissingError as missing:
            pytest.skip(str(missing))
        assert distance(disc(), disc()) == pytest.approx(0, abs=1e-6)

"""Meter and ClipScores: all metrics of a clip at one go."""

import math

import numpy as np
import pytest

from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte
from pipeline.metrics import (
    CATALOGUE,
    ClipScores,
    Meter,
    conn,
    grad,
    grad_normalised,
    mad,
    psnr,
    ssim,
    transition_band,
)
from tests.test_alpha_metrics import disc


def off_centre(shift: int) -> AlphaMatte:
    """A small matte in a large dark picture, touching its lower border."""
    matte = np.zeros((160, 200), np.float32)
    matte[112:160, 30 + shift : 78 + shift] = disc()
    matte[140:160, 40 + shift : 68 + shift] = 1
    return matte


def test_a_meter_gives_the_values_of_the_single_functions() -> None:
    prediction, truth = off_centre(2), off_centre(0)
    scores = Meter(band_width=5).measure(prediction, truth)
    band = transition_band(truth, 5)
    for metric in (mad, grad, grad_normalised, conn, psnr, ssim):
        assert scores[metric.__name__] == pytest.approx(metric(prediction, truth), rel=1e-5)
        in_band = metric(prediction, truth, band)
        assert scores[f"{metric.__name__}_band"] == pytest.approx(in_band, rel=1e-5)


def test_every_score_of_the_catalogue_is_measured_from_the_second_frame_on() -> None:
    meter = Meter()
    assert "dtssd" not in meter.measure(off_centre(1), off_centre(0))
    scores = meter.measure(off_centre(3), off_centre(1))
    names = {metric.name for metric in CATALOGUE} - {"lpips"}
    assert names | {f"{name}_band" for name in names} <= scores.keys()


def test_stills_and_a_change_of_size_have_no_temporal_scores() -> None:
    stills, clip = Meter(temporal=False), Meter()
    for _ in range(2):
        assert "dtssd" not in stills.measure(disc(), disc())
    clip.measure(disc(), disc())
    assert "dtssd" not in clip.measure(disc(64), disc(64))


def test_a_truth_that_stands_still_has_no_relative_dtssd() -> None:
    meter = Meter()
    meter.measure(disc(), disc())
    assert math.isnan(meter.measure(disc(shift=1), disc())["dtssd_relative"])


def test_a_picture_smaller_than_a_window_is_measured_without_ssim() -> None:
    tiny = np.ones((4, 4), np.float32)
    scores = Meter().measure(tiny, tiny)
    assert scores["mad"] == 0
    assert math.isnan(scores["ssim"])


def test_two_sizes_are_refused() -> None:
    with pytest.raises(OptionError, match="resize the prediction"):
        Meter().measure(disc(64), disc(48))


def test_a_clips_mean_leaves_out_frames_without_a_value() -> None:
    clip = ClipScores()
    clip.add({"mad": 1.0})
    clip.add({"mad": 3.0, "dtssd": 5.0, "truth_motion": 10.0})
    clip.add({"mad": float("nan"), "dtssd": 7.0, "truth_motion": 2.0})
    means = clip.mean()
    assert means["mad"] == 2
    assert means["dtssd"] == 6
    assert clip.columns["dtssd"].tolist()[1:] == [5, 7]


def test_a_clips_relative_dtssd_is_the_ratio_of_the_means() -> None:
    clip = ClipScores()
    for change, motion in ((1.0, 10.0), (3.0, 0.0)):
        clip.add({"dtssd": change, "truth_motion": motion, "dtssd_relative": float("nan")})
    assert clip.mean()["dtssd_relative"] == pytest.approx(2 / 5)

"""Metrics of mattes, in the field's definitions and scales. Each function says its formula.

Single metrics are functions of a prediction and a truth, float32 (H, W) from 0 to 1; `Meter`
measures all of them, frame by frame, and `ClipScores` keeps and averages them.
"""

from pipeline.metrics.alpha import grad, grad_normalised, mad, mse, sad
from pipeline.metrics.catalogue import CATALOGUE, Metric
from pipeline.metrics.connectivity import conn
from pipeline.metrics.image import psnr, ssim
from pipeline.metrics.meter import ClipScores, Meter, Scores
from pipeline.metrics.overlap import DEFAULT_THRESHOLD, Overlap, overlap
from pipeline.metrics.perceptual import Lpips
from pipeline.metrics.region import DEFAULT_BAND_WIDTH, Region, transition_band
from pipeline.metrics.temporal import Motion, dtssd, messddt, motion_energy, truth_motion

__all__ = [
    "CATALOGUE",
    "DEFAULT_BAND_WIDTH",
    "DEFAULT_THRESHOLD",
    "ClipScores",
    "Lpips",
    "Meter",
    "Metric",
    "Motion",
    "Overlap",
    "Region",
    "Scores",
    "conn",
    "dtssd",
    "grad",
    "grad_normalised",
    "mad",
    "messddt",
    "motion_energy",
    "mse",
    "overlap",
    "psnr",
    "sad",
    "ssim",
    "transition_band",
    "truth_motion",
]

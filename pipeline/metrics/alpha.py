"""How far one matte is from the true one, pixel by pixel: MAD, MSE, SAD, Grad.

The definitions and scales are those that RobustVideoMatting's evaluation reports (Lin et al.,
"Robust High-Resolution Video Matting with Temporal Guidance", WACV 2022), which are those of
Rhemann et al., "A Perceptually Motivated Online Benchmark for Image Matting", CVPR 2009, scaled to
be read easily. p is the prediction, g the truth, both float32 (H, W) from 0 to 1. Lower is better
and 0 is perfect throughout. `region` restricts the sums and means to its pixels.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import AlphaMatte
from pipeline.metrics.region import FloatMap, Region, check_pair, mean, sum_absolute, sum_squared

GRAD_SIGMA = 1.4
"""Pixels: the scale of the Gaussian derivative, as in Rhemann et al. 2009."""
_GRAD_RADIUS = 4
"""Where the Gaussian of sigma 1.4 has fallen under 0.01: a filter of 9x9."""


def mad(prediction: AlphaMatte, truth: AlphaMatte, region: Region | None = None) -> float:
    """Mean absolute difference times 1000: mean |p - g| · 10³, from 0 to 1000.

    Source: Lin et al. 2022 (called MAD there).
    """
    check_pair(prediction, truth)
    return 1e3 * mean(sum_absolute(prediction, truth, region), region, truth)


def mse(prediction: AlphaMatte, truth: AlphaMatte, region: Region | None = None) -> float:
    """Mean squared error times 1000: mean (p - g)² · 10³, from 0 to 1000.

    Source: Rhemann et al. 2009, scaled as in Lin et al. 2022.
    """
    check_pair(prediction, truth)
    return 1e3 * mean(sum_squared(prediction, truth, region), region, truth)


def sad(prediction: AlphaMatte, truth: AlphaMatte, region: Region | None = None) -> float:
    """Sum of absolute differences / 1000: Σ |p - g| · 10⁻³, from 0 to pixels / 1000.

    It grows with the number of pixels: never compare it across resolutions.
    Source: Rhemann et al. 2009, in thousands as the field reports it.
    """
    check_pair(prediction, truth)
    return 1e-3 * sum_absolute(prediction, truth, region)


def grad(prediction: AlphaMatte, truth: AlphaMatte, region: Region | None = None) -> float:
    """Gradient error: Σ (|∇p| - |∇g|)² · 10⁻³, 0 or more.

    |∇alpha| is the magnitude of alpha filtered with the two first derivatives of a Gaussian of
    sigma = 1.4 px (9x9, each filter of Euclidean norm 1, the picture's border repeated). It grows
    with the number of pixels: never compare it across resolutions.
    Source: Rhemann et al. 2009; this form, on alpha as it is, is the one of RobustVideoMatting's
    high-resolution evaluation. See `grad_normalised` for the other.
    """
    check_pair(prediction, truth)
    return grad_of(gradient_magnitude(prediction), gradient_magnitude(truth), region)


def grad_normalised(
    prediction: AlphaMatte, truth: AlphaMatte, region: Region | None = None
) -> float:
    """Gradient error of mattes that are first stretched to 0 … 1, each by its own extremes.

    `grad` of (p - min p) / (max p - min p) and the same of g; a constant matte counts as flat.
    Shape, units and range as `grad`. A matte that is too faint everywhere goes unpunished by it.
    Source: RobustVideoMatting's low-resolution (512x288) evaluation; its published figures at that
    size are in this form.
    """
    check_pair(prediction, truth)
    stretched_prediction = gradient_magnitude(prediction) * stretch_factor(prediction)
    stretched_truth = gradient_magnitude(truth) * stretch_factor(truth)
    return grad_of(stretched_prediction, stretched_truth, region)


def gradient_magnitude(alpha: AlphaMatte) -> FloatMap:
    """|∇alpha| by Gaussian derivatives, sigma = 1.4 px: float32 (H, W), 0 or more, per pixel."""
    smooth, slope = _gaussian_and_derivative()
    border = cv2.BORDER_REPLICATE
    along_x = cv2.sepFilter2D(alpha, cv2.CV_32F, slope, smooth, borderType=border)
    along_y = cv2.sepFilter2D(alpha, cv2.CV_32F, smooth, slope, borderType=border)
    # cv2.magnitude rounds differently with the array's alignment: equal mattes would differ.
    magnitude: FloatMap = np.sqrt(along_x * along_x + along_y * along_y)
    return magnitude


def stretch_factor(alpha: AlphaMatte) -> np.float32:
    """What min-max normalisation multiplies a matte's gradient by; 0 for a constant matte."""
    low, high, _, _ = cv2.minMaxLoc(alpha)
    return np.float32(1 / (high - low) if high > low else 0)


def grad_of(prediction: FloatMap, truth: FloatMap, region: Region | None = None) -> float:
    """Gradient error of two gradient magnitudes that are already at hand."""
    return 1e-3 * sum_squared(prediction, truth, region)


def _gaussian_and_derivative() -> tuple[FloatMap, FloatMap]:
    """The two factors of the separable 9x9 filter, float32 (9,), each of Euclidean norm 1."""
    at = np.arange(-_GRAD_RADIUS, _GRAD_RADIUS + 1, dtype=np.float64)
    smooth = np.exp(-(at**2) / (2 * GRAD_SIGMA**2))
    slope = at * smooth
    return _unit(smooth), _unit(slope)


def _unit(taps: NDArray[np.float64]) -> FloatMap:
    return (taps / math.hypot(*taps)).astype(np.float32)

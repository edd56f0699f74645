"""How a matte moves compared with the true one: flicker, drag, and motion-compensated error.

p and g are prediction and truth, float32 (H, W) from 0 to 1; `previous` are the two mattes of the
frame before. Lower is better and 0 is perfect throughout. What is said of a clip is the mean over
its frames from the second on.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import AlphaMatte
from pipeline.metrics.region import Region, check_pair, mean, sum_absolute, sum_squared

Motion = NDArray[np.float32]
"""float32 (H, W, 2): for each pixel where it was in the frame before, (dx, dy) in pixels."""

_SMALLEST_SIDE_FOR_FLOW = 32


def dtssd(
    prediction: AlphaMatte,
    truth: AlphaMatte,
    previous_prediction: AlphaMatte,
    previous_truth: AlphaMatte,
    region: Region | None = None,
) -> float:
    """Temporal difference error: √ mean ((p_t - p_{t-1}) - (g_t - g_{t-1}))² · 10², 0 to 200.

    A static error costs nothing, a matte that flickers or stands still while the truth moves does.
    Independent noise of standard deviation s on every frame gives √2 · s · 100.
    Source: Erofeev et al., "Perceptually Motivated Benchmark for Video Matting", BMVC 2015, as a
    mean and scaled as in Lin et al. 2022.
    """
    check_pair(prediction, truth)
    check_pair(previous_prediction, previous_truth)
    change = cv2.subtract(prediction, previous_prediction)
    true_change = cv2.subtract(truth, previous_truth)
    squares = sum_squared(change, true_change, region)
    return 1e2 * math.sqrt(mean(squares, region, truth))


def motion_energy(
    truth: AlphaMatte, previous_truth: AlphaMatte, region: Region | None = None
) -> float:
    """How much the truth itself moves: √ mean (g_t - g_{t-1})² · 10², 0 to 100.

    It is the dtSSD of a matte that stands still, so dtSSD / this is 1 for a frozen matte whatever
    the clip, and clips of different speed can be compared. Of a clip the two means are divided,
    not the frames' ratios averaged: a moment of rest would weigh without bound.
    """
    return dtssd(previous_truth, truth, previous_truth, previous_truth, region)


def messddt(
    prediction: AlphaMatte,
    truth: AlphaMatte,
    previous_prediction: AlphaMatte,
    previous_truth: AlphaMatte,
    motion: Motion,
    region: Region | None = None,
) -> float:
    """Motion-compensated change of the error: mean |e_t(x) - e_{t-1}(x + v(x))| · 10³, 0 to 1000.

    e = (p - g)², and v(x) is where pixel x was in the frame before: an error that travels with its
    object costs nothing, one that comes and goes does. The paper sums over pixels and along the
    motion to the next frame; this is the mean, along the motion to the frame before, so that sizes
    can be compared. The paper leaves the motion to an optical flow, and figures depend on it:
    compare only those made with one `motion`.
    Source: Erofeev et al. 2015, equation of MESSDdt.
    """
    check_pair(prediction, truth)
    check_pair(previous_prediction, previous_truth)
    error = _squared_error(prediction, truth)
    previous_error = _follow(_squared_error(previous_prediction, previous_truth), motion)
    return 1e3 * mean(sum_absolute(error, previous_error, region), region, truth)


def truth_motion(truth: AlphaMatte, previous_truth: AlphaMatte) -> Motion:
    """The motion of the true matte since the frame before, by OpenCV's DIS optical flow.

    Measured on alpha, it needs no source picture; it is sharp along edges, where errors live, and
    a guess inside flat areas. Pictures of under 32 pixels a side are taken to stand still.
    Source of the flow: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016.
    """
    if min(truth.shape) < _SMALLEST_SIDE_FOR_FLOW:
        return np.zeros((*truth.shape, 2), np.float32)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    motion: Motion = flow.calc(_as_bytes(truth), _as_bytes(previous_truth), None)
    return motion


def _follow(picture: AlphaMatte, motion: Motion) -> AlphaMatte:
    height, width = picture.shape
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    from_x, from_y = motion[..., 0] + x, motion[..., 1] + y[:, None]
    moved: AlphaMatte = cv2.remap(
        picture, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return moved


def _squared_error(prediction: AlphaMatte, truth: AlphaMatte) -> AlphaMatte:
    error: AlphaMatte = np.square(prediction - truth)
    return error


def _as_bytes(alpha: AlphaMatte) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = cv2.convertScaleAbs(alpha, alpha=255)
    return levels

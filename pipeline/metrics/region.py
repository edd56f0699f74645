"""Where an error is counted: the whole picture, or a region of it, such as the transition band."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte

Region = NDArray[np.uint8]
"""uint8 (H, W): counted where it is not 0."""

FloatMap = NDArray[np.float32]
"""float32 (H, W), one value a pixel."""

DEFAULT_BAND_WIDTH = 10
"""Pixels. The published trimaps of the field are widened by 10 to 25."""

_BACKGROUND_BELOW = 0.05
_FOREGROUND_ABOVE = 0.95


def check_pair(prediction: AlphaMatte, truth: AlphaMatte) -> None:
    """Refuse two mattes that cannot be compared: both must be float32 (H, W) of one size."""
    if prediction.shape != truth.shape or truth.ndim != 2:
        raise OptionError(
            f"a prediction of shape {prediction.shape} cannot be compared with a truth of "
            f"shape {truth.shape}: both must be (H, W) of one size, resize the prediction"
        )
    for name, matte in (("prediction", prediction), ("truth", truth)):
        if matte.dtype != np.float32:
            raise OptionError(f"the {name} is {matte.dtype}: a matte is float32 from 0 to 1")


def count(region: Region | None, matte: AlphaMatte) -> int:
    """The number of pixels that are counted."""
    return matte.size if region is None else cv2.countNonZero(region)


def sum_absolute(one: FloatMap, other: FloatMap, region: Region | None) -> float:
    """Σ |one - other| over a region, summed in double precision."""
    return float(cv2.norm(one, other, cv2.NORM_L1, region))


def sum_squared(one: FloatMap, other: FloatMap, region: Region | None) -> float:
    """Σ (one - other)² over a region, summed in double precision."""
    return float(cv2.norm(one, other, cv2.NORM_L2SQR, region))


def mean(total: float, region: Region | None, matte: AlphaMatte) -> float:
    """A sum over a region divided by its pixels; NaN where the region is empty."""
    pixels = count(region, matte)
    return total / pixels if pixels else float("nan")


def active_window(prediction: AlphaMatte, truth: AlphaMatte, margin: int) -> tuple[slice, slice]:
    """The rows and columns that hold every pixel above 0 of either matte, and `margin` more.

    Outside of it both mattes are 0 as far as any filter of that radius looks, so every error is 0.
    The whole picture if neither matte has anything.
    """
    left, top, width, height = cv2.boundingRect(
        cv2.compare(cv2.max(prediction, truth), 0, cv2.CMP_GT)
    )
    if not width:
        return slice(None), slice(None)
    rows = slice(max(0, top - margin), top + height + margin)
    return rows, slice(max(0, left - margin), left + width + margin)


def transition_band(truth: AlphaMatte, width: int = DEFAULT_BAND_WIDTH) -> Region:
    """The unknown part of the truth's trimap: every pixel within `width` pixels of an edge.

    With B = {alpha ≤ 0.05} and F = {alpha ≥ 0.95}, a pixel is outside the band if the disc of
    radius `width` round it lies wholly in B or wholly in F. A binary matte so has a band of
    2 · `width` along its edge. The picture's own border is not an edge.

    `truth` float32 (H, W); the result uint8 (H, W), 255 in the band and 0 outside. It is empty
    where the truth is all foreground or all background.
    """
    if width < 1:
        raise OptionError(f"a band of {width} pixels is no band: give 1 or more")
    band = np.zeros(truth.shape, np.uint8)
    window = active_window(truth, truth, width + 1)
    background = cv2.compare(truth[window], _BACKGROUND_BELOW, cv2.CMP_LE)
    foreground = cv2.compare(truth[window], _FOREGROUND_ABOVE, cv2.CMP_GE)
    band[window] = ~(_eroded(background, width) | _eroded(foreground, width))
    return band


def _eroded(mask: Region, width: int) -> Region:
    """The pixels of a mask that are farther than `width` from its outside, in Euclidean distance.

    A distance transform costs the same for every width, an erosion by a disc does not.
    """
    if cv2.countNonZero(mask) == mask.size:
        return mask
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_5)
    far: Region = cv2.compare(distance, float(width), cv2.CMP_GT)
    return far

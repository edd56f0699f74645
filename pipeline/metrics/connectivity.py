"""Conn: how much of a matte hangs together with the body it shares with the true one."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import AlphaMatte
from pipeline.metrics.region import Region, check_pair, sum_absolute

THETA = 0.15
"""Alpha: a pixel that is connected to the body up to this much below its own value is connected."""
LEVELS = 10
"""Thresholds 0.1, 0.2 … 1.0."""

_NEIGHBOURS = 4
_Mask = NDArray[np.uint8]
_Seed = tuple[int, int]


def conn(prediction: AlphaMatte, truth: AlphaMatte, region: Region | None = None) -> float:
    """Connectivity error: Σ |φ(p) - φ(g)| · 10⁻³, 0 or more, lower is better.

    For each threshold l in 0.1, 0.2 … 1.0, Ω_l is the largest 4-connected component of
    {p ≥ l} ∩ {g ≥ l}. A pixel's l is the last threshold before the first whose Ω does not hold it:
    0 if Ω_0.1 does not, 1 if every Ω does. With d = alpha - l, φ(alpha) = 1 - d where d ≥ θ = 0.15,
    else 1.

    Both mattes float32 (H, W) from 0 to 1. It grows with the number of pixels: never compare it
    across resolutions. Of two components of one size either may be taken for the largest.
    Source: Rhemann et al. 2009, with the thresholds, θ and scale of Lin et al. 2022.
    """
    check_pair(prediction, truth)
    return conn_of(*connectivities(prediction, truth), region)


def connectivities(prediction: AlphaMatte, truth: AlphaMatte) -> tuple[AlphaMatte, AlphaMatte]:
    """φ of both mattes, float32 (H, W) each, from 0 to 1: 1 where a pixel is fully connected."""
    level = _connected_up_to(np.minimum(prediction, truth))
    return _connectivity(prediction, level), _connectivity(truth, level)


def conn_of(prediction: AlphaMatte, truth: AlphaMatte, region: Region | None = None) -> float:
    """Connectivity error of two φ that are already at hand."""
    return 1e-3 * sum_absolute(prediction, truth, region)


def _connectivity(alpha: AlphaMatte, level: AlphaMatte) -> AlphaMatte:
    difference = cv2.subtract(alpha, level)
    _, kept = cv2.threshold(difference, np.nextafter(np.float32(THETA), 0), 0, cv2.THRESH_TOZERO)
    connectivity: AlphaMatte = cv2.subtract(1.0, kept)
    return connectivity


def _connected_up_to(both: AlphaMatte) -> AlphaMatte:
    """The highest threshold up to which each pixel is in every Ω, float32 (H, W).

    `both` is min(p, g), so Ω_l is the largest component of {both ≥ l}. The sets shrink as l grows:
    what was the body's at one threshold is inside the body at every lower one. So the thresholds
    are taken from the highest down and one seed is flooded again and again. A flood that fills
    more than half of its set is the largest component without a look at the others; only else are
    all components labelled, which costs five times as much.
    """
    steps = np.zeros(both.shape, np.uint8)
    seed: _Seed | None = None
    for threshold in range(LEVELS, 0, -1):
        body, seed = _largest_component(_at_least(both, threshold), seed)
        cv2.add(steps, 1, dst=steps)
        cv2.bitwise_and(steps, body, dst=steps)
    level: AlphaMatte = cv2.LUT(steps, (np.arange(256) / LEVELS).astype(np.float32))
    return level


def _at_least(both: AlphaMatte, threshold: int) -> _Mask:
    """{both ≥ threshold / 10} as uint8 of 0 and 1."""
    return (both >= np.float32(threshold / LEVELS)).view(np.uint8)


def _largest_component(mask: _Mask, seed: _Seed | None) -> tuple[_Mask, _Seed | None]:
    """The largest 4-connected component as uint8 of 0 and 255, and a pixel of it, (x, y)."""
    pixels = cv2.countNonZero(mask)
    if not pixels:
        return mask, None
    if seed is not None:
        flooded = mask.copy()
        area = cv2.floodFill(flooded, None, seed, 255, flags=_NEIGHBOURS)[0]
        if 2 * area > pixels:
            return cv2.compare(flooded, 255, cv2.CMP_EQ), seed
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=_NEIGHBOURS)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    top = int(stats[largest, cv2.CC_STAT_TOP])
    left = int(np.argmax(labels[top] == largest))
    return cv2.compare(labels, largest, cv2.CMP_EQ), (left, top)

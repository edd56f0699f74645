"""Gaps between arms and body: a way to make many of few, since most arms hang close."""

import cv2
import numpy as np

from pipeline.frame import AlphaMatte

ODDS = 0.2
"""How often somebody composed has one."""
_ARM, _GAP = (0.15, 0.65), (0.05, 0.3)
"""How far inside the outline a gap lies, and how wide it is, in parts of the body's half width."""
_FIRST, _LONG = (0.05, 0.6), (0.2, 1.0)
"""Where it begins, and how long it is, in parts of what is seen below the neck."""
_LEAST_PX = 8.0


def slit(alpha: AlphaMatte, neck: float, rng: np.random.Generator) -> AlphaMatte:
    """The alpha, float32 (H, W), with a gap along one side of the outline, or both.

    It lies below the row of the neck.
    """
    inside = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    half = float(inside.max())
    rows = np.flatnonzero((alpha > 0.5).any(1))
    if half < _LEAST_PX or rows[-1] - neck < _LEAST_PX:
        return alpha
    along = (np.arange(len(alpha)) - neck) / (rows[-1] - neck)
    first, long = rng.uniform(*_FIRST), rng.uniform(*_LONG)
    swell = np.clip((along - first) / long, 0, 1) * (along < first + long)
    swell = np.sin(np.pi * swell ** rng.uniform(0.5, 1.5)) if rng.random() < 0.5 else swell
    wide = rng.uniform(*_GAP) * half * swell
    gap = np.clip(wide[:, None] / 2 - np.abs(inside - rng.uniform(*_ARM) * half) + 0.5, 0, 1)
    gap[wide <= 0] = 0
    if rng.random() < 0.7:
        columns = np.arange(alpha.shape[1])
        middle = float(alpha.sum(0) @ columns) / float(alpha.sum())
        gap[:, columns > middle if rng.random() < 0.5 else columns < middle] = 0
    return (alpha * (1 - gap)).astype(np.float32)

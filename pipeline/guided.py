"""Alpha brought to the frame's resolution along the frame's own colours.

Within a small window alpha is close to an affine function of colour, alpha = a · rgb + b: that is
what the guided filter fits (He, Sun, Tang, "Guided Image Filtering", PAMI 2013; fitted at a reduced
size as in He and Sun, "Fast Guided Filter", 2015). Where the colours do not explain alpha, a white
coat before a white wall, the fit is only a blur: there, the coarse alpha is kept instead.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import AlphaMatte, Frame, resize
from pipeline.sampling import Points

CERTAIN_FOREGROUND = 0.94
CERTAIN_BACKGROUND = 0.04
EPSILON = 1e-4
"""Regularisation of the fit, for colours of 0 … 1."""
RADIUS = 7
"""Half the window, in pixels of the reduced picture."""
LOW_LINES = 180
"""The reduced picture has at least so many lines, and at least a quarter of the frame's size."""
_FLAT = 1e-3
"""Variance of alpha below which there is nothing to explain."""

Floats = NDArray[Any]
"""float32."""


def low_size(frame: Frame) -> tuple[int, int]:
    """Width and height at which the frame's edges are reasoned about."""
    factor = max(1, min(4, min(frame.width, frame.height) // LOW_LINES))
    return -(-frame.width // factor), -(-frame.height // factor)


def guided_upsample(frame: Frame, alpha: AlphaMatte, guide: NDArray[np.uint8]) -> AlphaMatte:
    """Alpha at the frame's resolution, float32 (H, W), from one of any size.

    `guide` is the frame as RGB at `low_size`, uint8 (h, w, 3). Outside the uncertain band the
    result is exactly 0 or 1.
    """
    height, width = guide.shape[:2]
    low = resize(alpha, width, height)
    band = uncertain_band(low)
    full = resize(_stretch(low), frame.width, frame.height)
    points = Points.where(resize(band, frame.width, frame.height))
    values, trust = _read(frame, fit(guide, low), points)
    trust *= points.sample(band)
    coarse = points.take(full)
    points.put(full, coarse + trust * (values - coarse))
    return full


def uncertain_band(alpha: AlphaMatte) -> Floats:
    """1 where alpha is neither clearly foreground nor well inside the background, falling to 0."""
    certain = (alpha < CERTAIN_BACKGROUND) | (alpha > CERTAIN_FOREGROUND)
    wide = cv2.dilate((~certain).astype(np.float32), np.ones((3, 3), np.uint8))
    band: Floats = cv2.blur(wide, (3, 3))
    return band


def _stretch(alpha: AlphaMatte) -> AlphaMatte:
    """What the network is certain of, taken as 0 and 1."""
    scale = 1 / (CERTAIN_FOREGROUND - CERTAIN_BACKGROUND)
    return np.clip((alpha - CERTAIN_BACKGROUND) * scale, 0, 1)


def fit(guide: NDArray[np.uint8], alpha: AlphaMatte) -> Floats:
    """The affine colour models of all windows, averaged, and how far they are to be trusted.

    `guide` is RGB, uint8 (h, w, 3), `alpha` float32 (h, w). Gives float32 (h, w, 5): a for red,
    green and blue of 0 … 1, then b, then the correlation of alpha with its fit, 0 … 1.
    """
    red, green, blue = colours = cv2.split(guide.astype(np.float32) / 255)
    r, g, b, mean = (_box(plane) for plane in (*colours, alpha))
    with_alpha = [_box(c * alpha) - m * mean for c, m in zip(colours, (r, g, b), strict=True)]
    matrix = (
        _box(red * red) - r * r + EPSILON,
        _box(red * green) - r * g,
        _box(red * blue) - r * b,
        _box(green * green) - g * g + EPSILON,
        _box(green * blue) - g * b,
        _box(blue * blue) - b * b + EPSILON,
    )
    slope = _solve(matrix, with_alpha)
    offset = mean - slope[0] * r - slope[1] * g - slope[2] * b
    variance = _box(alpha * alpha) - mean * mean
    explained = sum(s * c for s, c in zip(slope, with_alpha, strict=True)) / (variance + _FLAT)
    correlation = np.sqrt(np.clip(explained, 0, 1))
    return np.dstack([_box(plane) for plane in (*slope, offset, correlation)])


def _box(plane: Floats) -> Floats:
    side = 2 * RADIUS + 1
    result: Floats = cv2.blur(plane, (side, side))
    return result


def _solve(matrix: tuple[Floats, ...], right: list[Floats]) -> list[Floats]:
    """Solve a symmetric 3×3 system at every pixel, by its adjugate."""
    rr, rg, rb, gg, gb, bb = matrix
    c_rr, c_rg, c_rb = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    c_gg, c_gb, c_bb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    scale = 1 / (rr * c_rr + rg * c_rg + rb * c_rb)
    x, y, z = right
    return [
        (c_rr * x + c_rg * y + c_rb * z) * scale,
        (c_rg * x + c_gg * y + c_gb * z) * scale,
        (c_rb * x + c_gb * y + c_bb * z) * scale,
    ]


def _read(frame: Frame, models: Floats, points: Points) -> tuple[Floats, Floats]:
    """alpha = a · rgb + b at the points, of 0 … 1, and the trust in it: float32 (N,) each."""
    model, trust = points.sample(models[..., :4]), points.sample(models[..., 4])
    alpha = np.einsum("nc,nc->n", model[:, :3], frame.rgb_at(points)) / 255 + model[:, 3]
    return np.clip(alpha, 0, 1), trust

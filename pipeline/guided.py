"""Alpha brought to the frame's resolution along the frame's own colours.

Within a small window alpha is close to an affine function of colour, alpha = a · rgb + b: that is
what the guided filter fits (He, Sun, Tang, "Guided Image Filtering", PAMI 2013; fitted at a reduced
size as in He and Sun, "Fast Guided Filter", 2015). Where the colours do not explain alpha, a white
coat before a white wall, the fit is only a blur: there, the coarse alpha is kept instead.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Cells, Floats, cell_side, double, halve
from pipeline.frame import AlphaMatte, Frame
from pipeline.matte import EdgeMatte

CERTAIN_FOREGROUND = 0.94
CERTAIN_BACKGROUND = 0.04
EPSILON = 1e-4
"""Regularisation of the fit, for colours of 0 … 1."""
RADIUS = 3
"""Half the window, in pairs of cells: the windows are fitted at half the grid's size."""
_FLAT = 1e-3
"""Variance of alpha below which there is nothing to explain."""


def guided_upsample(
    frame: Frame, alpha: AlphaMatte, guide: NDArray[np.uint8], *, refine: bool = True
) -> EdgeMatte:
    """Alpha at the frame's resolution, from a coarse one of any size, float32.

    `guide` is the frame reduced by its cells, RGB uint8 (h, w, 3). Only the uncertain band is
    looked at; beyond it alpha is 0 or 1. Without `refine` alpha is brought up bilinearly.
    """
    height, width = guide.shape[:2]
    low = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR)
    band = uncertain_band(low)
    cells = Cells.where(band > 0)
    side = cell_side(frame.width, frame.height)
    scale = 1 / (CERTAIN_FOREGROUND - CERTAIN_BACKGROUND)
    values = cells.enlarge(np.clip((low - CERTAIN_BACKGROUND) * scale, 0, 1), (side, side))
    if refine:
        values = _refined(frame, cells, side, values, fit(guide, low), band)
    return EdgeMatte(cells, values, low > 0.5, frame.width, frame.height, side)


def along_colours(
    frame: Frame, alpha: AlphaMatte, guide: NDArray[np.uint8], cells: Cells, side: int
) -> Floats:
    """Alpha of the pixels of some cells along the frame's colours, 0…1: float32 (n, side²).

    `alpha` float32 and `guide` RGB uint8 (h, w, 3) are of the frame's grid of cells of `side`
    pixels.
    """
    coarse = cells.enlarge(alpha, (side, side))
    everywhere = np.ones_like(alpha)
    return _refined(frame, cells, side, coarse, fit(guide, alpha), everywhere)


def uncertain_band(alpha: AlphaMatte) -> Floats:
    """1 where alpha is neither clearly foreground nor well inside the background, falling to 0."""
    certain = (alpha < CERTAIN_BACKGROUND) | (alpha > CERTAIN_FOREGROUND)
    return cv2.blur((~certain).astype(np.float32), (3, 3))


def _refined(
    frame: Frame, cells: Cells, side: int, coarse: Floats, models: list[Floats], band: Floats
) -> Floats:
    """Alpha of the cells' pixels along their colours, as far as the models are to be trusted."""
    *slopes, offset, trust = models
    guided = np.clip(_evaluate(frame, cells, side, slopes, offset), 0, 1)
    return coarse + cells.enlarge(trust * band, (side, side)) * (guided - coarse)


def fit(guide: NDArray[np.uint8], alpha: AlphaMatte) -> list[Floats]:
    """The affine colour models of all windows, averaged, and how far they are to be trusted.

    `guide` is RGB, uint8 (h, w, 3), `alpha` float32 (h, w). Gives five planes, float32 (h, w): a
    for red, green and blue of 0 … 1, then b, then the correlation of alpha with its fit, 0 … 1.
    """
    small = halve(alpha)
    slope, offset, explained = _fit(cv2.split(halve(guide).astype(np.float32) / 255), small)
    correlation = np.sqrt(np.clip(explained, 0, 1))
    return [double(_box(plane), alpha) for plane in (*slope, offset, correlation)]


def _fit(colours: Sequence[Floats], alpha: Floats) -> tuple[list[Floats], Floats, Floats]:
    """Every window's own a and b, and how much of alpha's variance they explain."""
    red, green, blue = colours
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
    return slope, offset, explained


def _box(plane: Floats) -> Floats:
    side = 2 * RADIUS + 1
    return cv2.blur(plane, (side, side))


def _solve(matrix: tuple[Floats, ...], right: list[Floats]) -> list[Floats]:
    """Solve a symmetric 3×3 system at every cell, by its adjugate."""
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


def _evaluate(
    frame: Frame, cells: Cells, side: int, slopes: list[Floats], offset: Floats
) -> Floats:
    """alpha = a · rgb + b at the cells' pixels, on the frame's own channels: float32 (n, side²).

    Every term is taken at the pixel: slopes and offset are large and cancel each other.
    """
    block, to_rgb = (side, side), frame.channels_to_rgb / 255
    alpha = cells.enlarge(offset + _mix(slopes, to_rgb[:, 3]), block)
    for plane, column in zip(frame.channels, to_rgb.T, strict=False):
        slope = cells.enlarge(_mix(slopes, column), block)
        slope *= cells.pixels(plane, frame.block(plane, side), side)
        alpha += slope
    return alpha


def _mix(fields: list[Floats], weights: Floats) -> Floats:
    """Their sum, each times a weight."""
    red, green, blue = (field * weight for field, weight in zip(fields, weights, strict=True))
    return red + green + blue

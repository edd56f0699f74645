"""Grad and Conn once more, slow and plain, written from the formulas with nothing shared."""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from pipeline.frame import AlphaMatte


def slow_gradient_magnitude(alpha: AlphaMatte) -> AlphaMatte:
    """Every pixel's two weighted sums, with the Gaussian's derivative written out."""
    sigma, radius = 1.4, 4
    offsets = range(-radius, radius + 1)
    weights = {
        (y, x): math.exp(-y * y / (2 * sigma**2)) * x * math.exp(-x * x / (2 * sigma**2))
        for y in offsets
        for x in offsets
    }
    norm = math.sqrt(sum(weight**2 for weight in weights.values()))
    padded = np.pad(alpha.astype(np.float64), radius, mode="edge")
    magnitude = np.zeros(alpha.shape)
    for row, column in np.ndindex(alpha.shape):
        window = padded[row : row + 2 * radius + 1, column : column + 2 * radius + 1]
        across = sum(weights[y, x] * window[y + radius, x + radius] for y, x in weights) / norm
        down = sum(weights[x, y] * window[y + radius, x + radius] for y, x in weights) / norm
        magnitude[row, column] = math.hypot(across, down)
    return magnitude.astype(np.float32)


def slow_grad(prediction: AlphaMatte, truth: AlphaMatte) -> float:
    difference = slow_gradient_magnitude(prediction) - slow_gradient_magnitude(truth)
    return float(np.square(difference.astype(np.float64)).sum() / 1000)


def _largest_component(inside: NDArray[np.bool_]) -> set[tuple[int, int]]:
    """By walking from pixel to pixel; the first found of equals."""
    left = {(int(row), int(column)) for row, column in np.argwhere(inside)}
    largest: set[tuple[int, int]] = set()
    while left:
        start = min(left)
        left.remove(start)
        component, queue = {start}, deque([start])
        while queue:
            row, column = queue.popleft()
            for step in (
                (row - 1, column),
                (row + 1, column),
                (row, column - 1),
                (row, column + 1),
            ):
                if step in left:
                    left.remove(step)
                    component.add(step)
                    queue.append(step)
        largest = max(largest, component, key=len)
    return largest


def slow_conn(prediction: AlphaMatte, truth: AlphaMatte) -> float:
    level = np.full(truth.shape, np.nan)
    for step in range(1, 11):
        threshold = np.float32(step / 10)
        body = _largest_component((prediction >= threshold) & (truth >= threshold))
        for pixel in np.ndindex(truth.shape):
            if np.isnan(level[pixel]) and pixel not in body:
                level[pixel] = (step - 1) / 10
    level[np.isnan(level)] = 1
    connectivities = []
    for matte in (prediction, truth):
        distance = matte.astype(np.float64) - level
        connectivities.append(1 - distance * (distance >= 0.15))
    return float(np.abs(connectivities[0] - connectivities[1]).sum() / 1000)

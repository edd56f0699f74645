"""Per-frame curves as inline SVG."""

import html
import json
import math
from array import array
from collections.abc import Iterable

from pipeline.metrics import Metric

_WIDTH, _HEIGHT = 560, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 12, 24
_MOST_POINTS = 500
_TICKS = 3


def curve(metric: Metric, values: "array[float]", marked: Iterable[int]) -> str:
    """One metric over the frames, with marks at some of them; frames without a value are gaps.

    A long clip is drawn in steps of several frames, each as bad as its worst.
    """
    step = math.ceil(len(values) / _MOST_POINTS)
    points = [_worst(metric, values[at : at + step]) for at in range(0, len(values), step)]
    low, high = _range(metric, points)
    width = (_WIDTH - _LEFT - _RIGHT) / max(1, len(points) - 1)
    xs = [_LEFT + index * width for index in range(len(points))]
    ys = [_y(value, low, high) for value in points]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{metric.label} per frame" '
        f'data-step="{step}" data-points="{_data(points)}">'
        f"{_grid(low, high, len(values))}"
        f"{''.join(_line(run) for run in _runs(xs, ys))}"
        f"{''.join(_mark(xs[index // step], ys[index // step]) for index in marked)}"
        f'<line class="cross" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/></svg>'
    )


def _worst(metric: Metric, values: "array[float]") -> float:
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan
    return min(known) if metric.higher_is_better else max(known)


def _range(metric: Metric, points: list[float]) -> tuple[float, float]:
    """Errors start at 0; what is better when higher is shown near its top."""
    known = [point for point in points if not math.isnan(point)] or [0.0]
    if metric.higher_is_better:
        top = max(known)
        return min([*known, top - 0.01]), top
    return 0.0, max(known) * 1.05 or 1.0


def _y(value: float, low: float, high: float) -> float:
    return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)


def _runs(xs: list[float], ys: list[float]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(xs, ys, strict=True):
        if math.isnan(y):
            runs.append([])
        else:
            runs[-1].append((x, y))
    return [run for run in runs if run]


def _line(run: list[tuple[float, float]]) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
    floor = _HEIGHT - _BOTTOM
    area = f"{run[0][0]:.1f},{floor} {path} {run[-1][0]:.1f},{floor}"
    return f'<polygon class="area" points="{area}"/><polyline class="line" points="{path}"/>'


def _mark(x: float, y: float) -> str:
    return "" if math.isnan(y) else f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'


def _grid(low: float, high: float, frames: int) -> str:
    lines = []
    for tick in range(_TICKS):
        value = low + (high - low) * tick / (_TICKS - 1)
        y = _y(value, low, high)
        lines.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>'
        )
    floor = _HEIGHT - 6
    lines.append(f'<text x="{_LEFT}" y="{floor}">0</text>')
    last = f'<text x="{_WIDTH - _RIGHT}" y="{floor}" text-anchor="end">{frames - 1}</text>'
    return "".join([*lines, last])


def _data(points: list[float]) -> str:
    numbers = [None if math.isnan(point) else float(f"{point:.4g}") for point in points]
    return html.escape(json.dumps(numbers))

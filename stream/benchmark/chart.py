"""The figures as bars in a PNG, drawn by OpenCV."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.errors import SinkError
from pipeline.frame import RgbImage

_WIDTH, _LABEL, _VALUE, _ROW, _TITLE, _PAD = 960, 260, 110, 26, 44, 20
"""In pixels: the picture, the columns of names and of values, a row, a title, the border."""
_FONT, _SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.48
_INK, _PALE, _BAR, _OTHER = (40, 40, 40), (236, 238, 240), (38, 110, 190), (160, 165, 172)


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: what it is, how much, and whether it is ours."""

    label: str
    value: float
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows that share a scale, which begins at 0."""

    title: str
    bars: Sequence[Bar]


def panels(report: dict[str, Any]) -> Iterator[Panel]:
    """What is worth seeing of a report."""
    rows = report["file"]
    most = max((row["threads"] for row in rows), default=0)
    files = [
        Bar(f"{row['size']} {row['asked']}", row["fps"]) for row in rows if row["threads"] == most
    ]
    yield Panel(f"File to file with blur, frames a second (threads: {most})", files)
    outside = [row for row in rows if row["threads"] == most and row["asked"] == rows[0]["asked"]]
    yield Panel(
        "Outside the network, ms a frame, one at a time",
        [Bar(row["size"], row["outside_network_ms"]) for row in outside],
    )
    yield Panel(
        "Live at 30 a second: age of a frame, 95th percentile, ms",
        [
            Bar(f"{row['size']}, threads: {row['threads']}", row["age_ms"]["p95"])
            for row in report["live"]
        ],
    )
    peers = report.get("peers", {}).get("rows", [])
    yield Panel(
        "720p file to file beside others, frames a second",
        [Bar(row["title"], row["fps"], row["name"] == "livematte") for row in peers],
    )


def draw(all_panels: Sequence[Panel]) -> RgbImage:
    """The panels below each other: uint8 (H, W, 3)."""
    shown = [panel for panel in all_panels if panel.bars]
    height = sum(_TITLE + _ROW * len(panel.bars) for panel in shown) + 2 * _PAD
    picture = np.full((height, _WIDTH, 3), 255, np.uint8)
    top = _PAD
    for panel in shown:
        _text(picture, panel.title, _PAD, top + 26, 0.58)
        top = _draw_bars(picture, panel, top + _TITLE)
    return picture


def write_chart(report: dict[str, Any], path: Path) -> None:
    """Raises SinkError if the picture cannot be written."""
    coded, data = cv2.imencode(".png", draw(list(panels(report)))[..., ::-1])
    try:
        if coded:
            path.write_bytes(data.tobytes())
    except OSError as error:
        raise SinkError(f"{path}: cannot be written: {error.strerror}: choose another") from error


def _draw_bars(picture: RgbImage, panel: Panel, top: int) -> int:
    room = _WIDTH - 2 * _PAD - _LABEL - _VALUE
    longest = max(bar.value for bar in panel.bars) or 1.0
    for bar in panel.bars:
        left, bottom = _PAD + _LABEL, top + _ROW - 6
        end = left + round(room * bar.value / longest)
        cv2.rectangle(picture, (left, top), (left + room, bottom), _PALE, -1)
        cv2.rectangle(picture, (left, top), (end, bottom), _BAR if bar.ours else _OTHER, -1)
        _text(picture, bar.label, _PAD, bottom - 4, _SCALE)
        _text(picture, f"{bar.value:.1f}", left + room + 10, bottom - 4, _SCALE)
        top += _ROW
    return top


def _text(picture: RgbImage, text: str, left: int, baseline: int, scale: float) -> None:
    cv2.putText(picture, text, (left, baseline), _FONT, scale, _INK, 1, cv2.LINE_AA)

"""How far a long work is: a bar on a terminal, lines elsewhere, JSON for programs."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.frame import Frame
from stream.session import SessionStats

LINE_EVERY_S = 5.0
JSON_EVERY_S = 0.5


class OnProgress(Protocol):
    """Called whenever there is more; of `stats` only `frames_out` counts."""

    def __call__(self, stats: SessionStats, frame: Frame | None = None) -> None: ...


class ProgressKind(StrEnum):
    AUTO = "auto"
    JSON = "json"
    NONE = "none"


@contextmanager
def show_progress(kind: ProgressKind, total: int) -> Iterator[OnProgress]:
    """Gives what is to be called after each frame; `total` is 0 if nobody knows."""
    if kind is ProgressKind.NONE:
        yield lambda stats, frame=None: None
    elif kind is ProgressKind.JSON:
        yield _every(JSON_EVERY_S, lambda line: _write(json.dumps(line)), total)
    elif sys.stderr.isatty():
        with _bar(total) as on_frame:
            yield on_frame
    else:
        yield _every(LINE_EVERY_S, lambda line: _write(_sentence(line)), total)


Line = dict[str, float | int | None]


def _every(seconds: float, show: Callable[[Line], None], total: int) -> OnProgress:
    began = due = time.monotonic()

    def on_frame(stats: SessionStats, frame: Frame | None = None) -> None:
        nonlocal due
        now = time.monotonic()
        if now >= due or stats.frames_out == total:
            due = now + seconds
            show(_line(stats.frames_out, total, now - began))

    return on_frame


def _line(frames: int, total: int, seconds: float) -> Line:
    fps = frames / seconds if seconds else 0.0
    left = (total - frames) / fps if total and fps else None
    return {
        "frames": frames,
        "total": total or None,
        "fps": round(fps, 2),
        "seconds_left": None if left is None else round(max(0.0, left), 1),
    }


def _sentence(line: Line) -> str:
    of = f" of {line['total']}" if line["total"] else ""
    left = f", {line['seconds_left']:.0f} s left" if line["seconds_left"] is not None else ""
    return f"{line['frames']}{of} frames, {line['fps']:.1f} a second{left}"


def _write(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def _bar(total: int) -> Iterator[OnProgress]:
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fps]:.1f} frames/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("matting", total=total or None, fps=0.0)
        began = time.monotonic()

        def on_frame(stats: SessionStats, frame: Frame | None = None) -> None:
            fps = stats.frames_out / max(1e-6, time.monotonic() - began)
            bar.update(task, completed=stats.frames_out, fps=fps)

        yield on_frame

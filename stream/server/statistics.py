"""What a call did lately, as its peer and the server's operator are told."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.budget import LADDER
from pipeline.frame import Frame
from pipeline.matting import Matting
from stream.server.track_source import TrackSource
from stream.session import SessionStats

LATELY = 60
"""Frames over which times are taken."""
_STAGES = ("look", "segment", "refine", "smooth", "composite")
_BLIND_DELAY = 0.1
"""Seconds that a picture is taken to need until it is known."""


class Statistics:
    """Counts over a call; `report` gives the rates since the report before it."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.frames_out = 0
        self.size = (0, 0)
        self._clock = clock
        self._source: TrackSource | None = None
        self._matting: Matting | None = None
        self._stats: SessionStats | None = None
        self._dropped_before = 0
        self._reported = (clock(), 0, 0)

    def begin(self, source: TrackSource) -> None:
        self._source = source

    def watch(self, matting: Matting) -> None:
        """A new pipeline does the work from now on."""
        self._dropped_before += self._stats.dropped if self._stats else 0
        self._matting, self._stats = matting, None

    def note(self, stats: SessionStats, frame: Frame) -> None:
        """A frame went out."""
        self.frames_out += 1
        self._stats, self.size = stats, (frame.width, frame.height)

    @property
    def frames_in(self) -> int:
        return self._source.received if self._source else 0

    @property
    def dropped(self) -> int:
        """Frames that were replaced by newer ones before they were worked on or sent."""
        waiting = self._source.dropped if self._source else 0
        return waiting + self._dropped_before + (self._stats.dropped if self._stats else 0)

    @property
    def ages(self) -> list[float]:
        """Seconds from arrival to being shown, of the latest frames."""
        return list(self._stats.ages)[-LATELY:] if self._stats else []

    @property
    def delay(self) -> float:
        """How long a picture takes at present, in seconds."""
        ages = self.ages
        return float(np.median(ages)) if ages else _BLIND_DELAY

    @property
    def processing(self) -> list[float]:
        """Seconds of work on each of the latest frames."""
        latest = self._matting.times.recent(LATELY) if self._matting else {}
        stages = [latest[stage] for stage in _STAGES if stage in latest]
        count = min(map(len, stages), default=0)
        return [sum(times) for times in zip(*(stage[-count:] for stage in stages), strict=True)]

    def report(self) -> dict[str, Any]:
        now, frames_in, frames_out = self._clock(), self.frames_in, self.frames_out
        before, in_before, out_before = self._reported
        self._reported = (now, frames_in, frames_out)
        seconds = max(now - before, 1e-3)
        return {
            "fps_in": round((frames_in - in_before) / seconds, 1),
            "fps_out": round((frames_out - out_before) / seconds, 1),
            "dropped": self.dropped,
            "age_ms": _percentiles(self.ages),
            "processing_ms": _percentiles(self.processing),
            "budget_ms": self._budget_ms,
            "rois": 0,
            "quality": {
                "step": self._matting.ladder.step if self._matting else 0,
                "steps": len(LADDER),
            },
            "width": self.size[0],
            "height": self.size[1],
        }

    @property
    def _budget_ms(self) -> float | None:
        budget = self._matting.ladder.budget if self._matting else float("inf")
        return None if budget == float("inf") else round(1e3 * budget, 1)


def _percentiles(seconds: Sequence[float]) -> dict[str, float | None]:
    if not seconds:
        return {"p50": None, "p95": None}
    middle, high = np.percentile(seconds, (50, 95))
    return {"p50": round(1e3 * float(middle), 1), "p95": round(1e3 * float(high), 1)}

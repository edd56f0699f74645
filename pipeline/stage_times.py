"""How long each step of the pipeline takes."""

import threading
from collections import deque
from dataclasses import dataclass, field

SAMPLES_KEPT = 3600
"""Of each stage: two minutes at 30 frames a second."""


@dataclass(slots=True)
class StageTimes:
    """Seconds spent in each step since the start, and on each of the latest frames."""

    seconds: dict[str, float] = field(default_factory=dict)
    latest: dict[str, deque[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, stage: str, seconds: float) -> None:
        with self._lock:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
            if stage not in self.latest:
                self.latest[stage] = deque(maxlen=SAMPLES_KEPT)
            self.latest[stage].append(seconds)

    def recent(self, count: int) -> dict[str, list[float]]:
        """Of each step the latest ones, from whatever thread."""
        with self._lock:
            return {stage: list(spent)[-count:] for stage, spent in self.latest.items()}

    def processing(self, count: int) -> list[float]:
        """All steps together, on each of the latest frames."""
        stages = list(self.recent(count).values())
        known = min(map(len, stages), default=0)
        return [sum(times) for times in zip(*(stage[-known:] for stage in stages), strict=True)]

"""What an operator's Prometheus is told."""

import asyncio

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from stream.server.call import Call

AGES = (0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0)
"""Seconds: the buckets of the frames' ages."""
METRICS_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """Of one server; another one in the same process has its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.sessions = Gauge("livematte_sessions", "Now open", ["kind"], registry=registry)
        self.refused = Counter("livematte_refused", "Sessions beyond the most", registry=registry)
        self.errors = Counter("livematte_call_errors", "Pipelines that failed", registry=registry)
        self.frames_in = Counter("livematte_frames_in", "Received", registry=registry)
        self.frames_out = Counter("livematte_frames_out", "Matted and shown", registry=registry)
        self.dropped = Counter("livematte_frames_dropped", "Replaced by newer", registry=registry)
        self.ages = Histogram(
            "livematte_frame_age_seconds",
            "From arrival to being shown",
            buckets=AGES,
            registry=registry,
        )
        tasks = Gauge("livematte_tasks", "Of the event loop, now", registry=registry)
        tasks.set_function(lambda: len(asyncio.all_tasks()))
        for kind in ("page", "whip", "whep"):
            self.sessions.labels(kind)

    def meter(self) -> "Meter":
        """For one call."""
        return Meter(self)

    def text(self) -> bytes:
        """Asked for on the event loop."""
        return generate_latest(self._registry)


class Meter:
    """Adds to the metrics what one call did since it was read last."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._read = (0, 0, 0, 0)

    def read(self, call: Call) -> None:
        statistics, metrics = call.statistics, self._metrics
        now = statistics.frames_in, statistics.frames_out, statistics.dropped, call.failures
        counters = metrics.frames_in, metrics.frames_out, metrics.dropped, metrics.errors
        new = [count - before for count, before in zip(now, self._read, strict=True)]
        for counter, count in zip(counters, new, strict=True):
            counter.inc(max(0, count))
        for age in statistics.ages[-new[1] :] if new[1] else ():
            metrics.ages.observe(age)
        self._read = now

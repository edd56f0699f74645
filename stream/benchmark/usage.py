"""What this process has used: memory and processor time."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_PROCESSES = Path("/proc")


def peak_memory(process: int | None = None) -> float | None:
    """The most memory that a process, by default this one, has held, in MiB; None: nobody knows.

    Linux's `ru_maxrss` is not used where it can be helped: it counts the parent's memory too.
    """
    if process is not None:
        return _status("VmHWM", process)
    return _status("VmHWM") or _peak_by_rusage()


def memory(process: int | None = None) -> float | None:
    """The memory that a process, by default this one, holds now, in MiB; None if nobody knows."""
    return _status("VmRSS", process)


def processor_seconds() -> float:
    """Of all threads of this process so far."""
    return time.process_time()


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Of times in seconds: p50, p95, p99 in ms."""
    if not seconds:
        return {}
    values = np.percentile(seconds, (50, 95, 99)) * 1e3
    return {f"p{rank}": round(float(ms), 2) for rank, ms in zip((50, 95, 99), values, strict=True)}


def _status(field: str, process: int | None = None) -> float | None:
    status = _PROCESSES / str(process or "self") / "status"
    if not status.is_file():
        return None
    for line in status.read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return None


def _peak_by_rusage() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)

"""From the start of a process to its first matted frame."""

import asyncio
import time
from pathlib import Path

from stream.benchmark.case import Case, Figures, network_of
from stream.benchmark.file_case import first_frame
from stream.benchmark.usage import peak_memory
from stream.file_source import FileSource
from stream.session import FILE


def measure_start(case: Case) -> Figures:
    """Seconds since `case.spawned_at`: the interpreter, imports, the network, a frame."""
    imported = time.time()
    matting = case.matting(FILE.segmenters)
    loaded = time.time()
    matting.process(asyncio.run(first_frame(FileSource(Path(case.clip)))))
    return {
        **network_of(matting),
        "imports_s": round(imported - case.spawned_at, 3),
        "network_s": round(loaded - imported, 3),
        "first_frame_s": round(time.time() - case.spawned_at, 3),
        "peak_mib": peak_memory(),
    }

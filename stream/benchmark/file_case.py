"""A file to a file: frames a second with all of it counted, memory, and the time of each stage."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from pipeline.frame import Frame
from pipeline.matting import Matting
from pipeline.segment import U2Net
from stream.benchmark.case import Case, Figures, describe_network
from stream.benchmark.usage import peak_memory, percentiles, processor_seconds
from stream.file_sink import FileSink
from stream.file_source import FileSource
from stream.session import FILE, SessionStats, run_session

STAGED_FRAMES = 30
"""Taken one at a time, for the time of each stage undisturbed by the others."""
_CALLS = 9


def measure_file(case: Case) -> Figures:
    """The clip through the file pipeline, as `livematte file` runs it, decoded and encoded.

    The session is run as a whole first. Its stages overlap and compete for the processor, so their
    times come from a second pass, one frame at a time.
    """
    matting = case.matting(FILE.segmenters)
    with tempfile.TemporaryDirectory() as folder:
        warm_up(matting, Path(case.clip))
        target = Path(folder) / "out.mp4"
        began = processor_seconds()
        stats = asyncio.run(matte_clip(matting, Path(case.clip), target))
        busy, peak = processor_seconds() - began, peak_memory()
        target.unlink()
        stages = asyncio.run(_stages(matting, Path(case.clip), target))
    network_ms = _network_ms(matting)
    return {
        **describe_network(matting),
        "frames": stats.frames_out,
        "fps": round(stats.fps, 2),
        "processor_ms": round(1e3 * busy / stats.frames_out, 2),
        "peak_mib": None if peak is None else round(peak, 1),
        "network_ms": round(network_ms, 2),
        "outside_network_ms": round(sum(map(median, stages.values())) * 1e3 - network_ms, 2),
        "stages_ms": {name: percentiles(times) for name, times in stages.items()},
    }


def warm_up(matting: Matting, clip: Path) -> None:
    """One frame through the pipeline; what it learns is of the clip's beginning."""
    matting.process(asyncio.run(first_frame(FileSource(clip))))
    for samples in matting.times.latest.values():
        samples.clear()


async def matte_clip(matting: Matting, clip: Path, target: Path) -> SessionStats:
    """From one file to another, as `livematte file` does it."""
    source = FileSource(clip)
    return await run_session(source, matting, FileSink(target, source), pace=FILE)


async def first_frame(source: FileSource) -> Frame:
    try:
        return await anext(aiter(source))
    finally:
        await source.aclose()


async def _stages(matting: Matting, clip: Path, target: Path) -> dict[str, list[float]]:
    """Seconds of each stage, frame by frame, with nothing else under way."""
    source = FileSource(clip)
    sink = FileSink(target, source)
    decoding, encoding = Laps(lambda: source.busy_seconds), Laps(lambda: sink.busy_seconds)
    for samples in matting.times.latest.values():
        samples.clear()
    frames = decoding.each(aiter(source))
    try:
        async for frame in frames:
            await sink.write(matting.process(frame))
            encoding.note()
            if len(encoding.seconds) == STAGED_FRAMES:
                break
    finally:
        await source.aclose()
        await sink.aclose()
    steps = {name: list(samples) for name, samples in matting.times.latest.items()}
    return {"decode": decoding.seconds, **steps, "encode": encoding.seconds}


class Laps:
    """What a growing sum grew by, again and again."""

    def __init__(self, total: Callable[[], float]) -> None:
        self.seconds: list[float] = []
        self._total, self._last = total, 0.0

    def note(self) -> None:
        now = self._total()
        self.seconds.append(now - self._last)
        self._last = now

    async def each(self, frames: AsyncIterator[Frame]) -> AsyncIterator[Frame]:
        """The same frames, with a lap noted for each."""
        async for frame in frames:
            self.note()
            yield frame


def _network_ms(matting: Matting) -> float:
    """Of one call of the network alone, the median, in ms."""
    segmenter = matting.segmenter
    assert isinstance(segmenter, U2Net)
    side = segmenter.sizes[0]
    picture = np.full((side, side, 3), 128, np.uint8)
    times = []
    for _ in range(_CALLS):
        began = perf_counter()
        segmenter.network(picture)
        times.append(perf_counter() - began)
    return 1e3 * median(times)

"""A file to a file: frames a second with all of it counted, memory, and the time of each stage."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from pipeline.closer import CloserLook
from pipeline.frame import AlphaMatte, Frame
from pipeline.matted import Matted
from pipeline.matting import Matting
from pipeline.network import Network, Picture
from pipeline.segment import U2Net
from pipeline.views import Shapes
from stream.benchmark.case import Case, Figures, network_of
from stream.benchmark.usage import peak_memory, percentiles, processor_seconds
from stream.file_sink import FileSink
from stream.file_source import FileSource
from stream.session import FILE, SessionStats, run_session

STAGED_FRAMES = 30
"""Taken one at a time, for the time of each stage undisturbed by the others."""


def measure_file(case: Case) -> Figures:
    """The clip through the file pipeline, as `livematte file` runs it, decoded and encoded.

    The session is run as a whole first. Its stages overlap and compete for the processor, so their
    times come from a second pass, one frame at a time.
    """
    matting = case.matting(FILE.segmenters)
    network = NetworkTime(matting)
    with tempfile.TemporaryDirectory() as folder:
        warm_up(matting, Path(case.clip))
        target = Path(folder) / "out.mp4"
        began = processor_seconds()
        stats = asyncio.run(matte_clip(matting, Path(case.clip), target))
        busy, peak = processor_seconds() - began, peak_memory()
        rois = matting.rois.means()
        target.unlink()
        calls = Laps(lambda: network.seconds)
        stages = asyncio.run(_stages(matting, Path(case.clip), target, calls))
    frames = zip(*stages.values(), strict=True)
    outside = [sum(frame) - call for frame, call in zip(frames, calls.seconds, strict=True)]
    return {
        **network_of(matting),
        "frames": stats.frames_out,
        "fps": round(stats.fps, 2),
        "processor_ms": round(1e3 * busy / stats.frames_out, 2),
        "peak_mib": None if peak is None else round(peak, 1),
        "network_ms": round(1e3 * median(calls.seconds), 2),
        "outside_network_ms": round(1e3 * median(outside), 2),
        "rois": rois,
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


async def _stages(
    matting: Matting, clip: Path, target: Path, calls: "Laps"
) -> dict[str, list[float]]:
    """Seconds of each stage, frame by frame, with nothing else under way; `calls` are noted too."""
    source = FileSource(clip)
    sink = FileSink(target, source)
    decoding, encoding = Laps(lambda: source.busy_seconds), Laps(lambda: sink.busy_seconds)
    for samples in matting.times.latest.values():
        samples.clear()
    frames = decoding.each(aiter(source))

    async def write(matted: Matted | None) -> None:
        if matted is not None:
            await sink.write(matted)
            encoding.note()

    try:
        async for frame in frames:
            await write(matting.finish_late(matting.segment(matting.begin(frame))))
            calls.note()
            if len(calls.seconds) == STAGED_FRAMES:
                break
        await write(matting.finish_late(None))
    finally:
        await source.aclose()
        await sink.aclose()
    steps = {name: list(samples) for name, samples in matting.times.latest.items()}
    return {"decode": decoding.seconds, **steps, "encode": encoding.seconds}


class Laps:
    """What a growing sum grew by, again and again."""

    def __init__(self, total: Callable[[], float]) -> None:
        self.seconds: list[float] = []
        self._total, self._last = total, total()

    def note(self) -> None:
        now = self._total()
        self.seconds.append(now - self._last)
        self._last = now

    async def each(self, frames: AsyncIterator[Frame]) -> AsyncIterator[Frame]:
        """The same frames, with a lap noted for each."""
        async for frame in frames:
            self.note()
            yield frame


class NetworkTime:
    """The `seconds` that a pipeline's networks have run, as long as one runs at a time.

    Those of its largest size, and of its closer look, are put in place of all.
    """

    def __init__(self, matting: Matting) -> None:
        segmenter = matting.segmenter
        assert isinstance(segmenter, U2Net)
        self.seconds = 0.0
        size, closer = segmenter.sizes[0], segmenter.closer
        matting.segmenter = U2Net(
            {size: self._timed(segmenter.networks[size])},
            takes_previous=segmenter.takes_previous,
            closer=CloserLook(self._timed(closer.networks), closer.weight) if closer else None,
        )

    def _timed(self, networks: Shapes) -> Shapes:
        return {shape: _Timed(one, self) for shape, one in networks.items()}


class _Timed:
    """A network that notes how long it ran."""

    def __init__(self, network: Network, time: NetworkTime) -> None:
        self.runtime, self.device = network.runtime, network.device
        self.precision = network.precision
        self._network, self._time = network, time

    def __call__(self, picture: Picture) -> AlphaMatte:
        began = perf_counter()
        alpha = self._network(picture)
        self._time.seconds += perf_counter() - began
        return alpha

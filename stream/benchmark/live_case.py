"""Frames offered at a rate, as a camera does: how old they are when they leave, and how many do."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from statistics import fmean

import av

from pipeline.frame import Frame
from pipeline.matted import Matted
from pipeline.segment import live_sizes
from stream.benchmark.case import Case, Figures, network_of
from stream.benchmark.file_case import warm_up
from stream.benchmark.usage import memory, percentiles
from stream.convert import tag, video_from_frame
from stream.file_source import FileSource
from stream.session import LIVE, SessionStats, run_session
from stream.worker import Worker

_KEPT_BYTES = 100_000_000
"""Of decoded frames, which are offered to and fro."""
_MICROSECONDS = Fraction(1, 1_000_000)


class PacedSource:
    """Offers `count` frames, `rate` a second, from a few kept ones: forwards, then backwards."""

    def __init__(self, frames: list[Frame], rate: float, count: int) -> None:
        self.busy_seconds = 0.0
        self.late: list[float] = []
        """Seconds by which each frame was offered too late."""
        self._frames = frames + frames[-2:0:-1]
        self._rate, self._count = rate, count

    async def __aiter__(self) -> AsyncIterator[Frame]:
        began = time.perf_counter()
        for index in range(self._count):
            due = began + index / self._rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self.late.append(max(0.0, time.perf_counter() - due))
            picture = self._frames[index % len(self._frames)]
            pts = round(index / self._rate / _MICROSECONDS)
            yield replace(picture, pts=pts, time_base=_MICROSECONDS)

    async def aclose(self) -> None:
        pass


class CallSink:
    """Encodes as for a call, H.264 without delay, and throws the packets away."""

    def __init__(self, rate: float) -> None:
        self.busy_seconds = 0.0
        self._rate, self._worker = rate, Worker("encode")
        self._encoder: av.VideoCodecContext | None = None

    async def write(self, matted: Matted) -> None:
        await self._worker.run(self._encode, matted.frame)

    async def finish(self, *, complete: bool = True) -> None:
        pass

    async def aclose(self) -> None:
        self._worker.close()

    def _encode(self, frame: Frame) -> None:
        began = time.perf_counter()
        if self._encoder is None:
            self._encoder = _open_encoder(frame, self._rate)
        self._encoder.encode(video_from_frame(frame, "yuv420p", None))
        self.busy_seconds += time.perf_counter() - began


def _open_encoder(frame: Frame, rate: float) -> av.VideoCodecContext:
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuv420p"
    encoder.time_base, encoder.framerate = _MICROSECONDS, Fraction(round(rate))
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    tag(encoder, frame.colour)
    return encoder


def measure_live(case: Case) -> Figures:
    """Frames at `case.rate`, the newest first, with quality given up to hold `case.budget`."""
    matting = case.matting(LIVE.segmenters, live_sizes(case.model))
    warm_up(matting, Path(case.clip))
    source = PacedSource(asyncio.run(_decoded(Path(case.clip))), case.rate, case.frames)
    held: list[float] = []

    def watch(stats: SessionStats, frame: Frame) -> None:
        held.append(memory() or 0.0)

    sink = CallSink(case.rate)
    stats = asyncio.run(run_session(source, matting, sink, pace=LIVE, on_frame=watch))
    ages = {f"p{rank}": round(stats.age_ms(rank), 1) for rank in (50, 95, 99, 100)}
    return {
        **network_of(matting),
        "offered": stats.frames_in,
        "rate": round(case.rate, 1),
        "fps": round(stats.fps, 2),
        "dropped_share": round(stats.dropped / stats.frames_in, 4),
        "age_ms": ages,
        "late_ms": round(1e3 * max(source.late), 1),
        "quality": {
            "step": matting.ladder.step,
            "downs": matting.ladder.downs,
            "ups": matting.ladder.ups,
        },
        "processing_ms": percentiles(matting.times.processing(case.frames)),
        "rois": matting.rois.means(),
        "memory_growth_mib": round(_growth(held), 1),
        "stages_ms": {name: round(spent, 2) for name, spent in stats.stages_ms.items()},
    }


def _growth(held: list[float]) -> float:
    """From the second quarter of the run to the last: the first one fills caches and buffers."""
    quarter = max(1, len(held) // 4)
    return fmean(held[-quarter:]) - fmean(held[quarter : 2 * quarter] or held)


async def _decoded(clip: Path) -> list[Frame]:
    """The first frames of a clip, at least two, as many as may be kept."""
    source, frames = FileSource(clip), []
    try:
        async for frame in source:
            frames.append(frame)
            if len(frames) * sum(plane.nbytes for plane in frame.planes) > _KEPT_BYTES:
                break
    finally:
        await source.aclose()
    return frames

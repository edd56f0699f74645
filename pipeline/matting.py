"""One frame in, one frame out: the only place where the order of the steps is written."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.cells import cell_side
from pipeline.composite import Background, Transparent, composite
from pipeline.frame import AlphaMatte, Frame
from pipeline.guided import guided_upsample
from pipeline.matte import EdgeMatte
from pipeline.segment import Segmenter, U2Net
from pipeline.temporal import TemporalFilter


@dataclass(frozen=True, slots=True, eq=False)
class Matted:
    """What became of a frame.

    `frame` is the composite, or the foreground's own colours where the background is transparent.
    """

    frame: Frame
    matte: EdgeMatte

    @property
    def alpha(self) -> AlphaMatte:
        """Alpha of every pixel, float32 (H, W), straight."""
        return self.matte.full


@dataclass(slots=True)
class StageTimes:
    """Seconds spent in each step since the start."""

    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


class Matting:
    """Takes the foreground out of each frame and puts it before `background`.

    Frames are processed in order: the temporal filter holds the alpha of the last one.
    `smooth=False` takes every frame for itself.
    """

    def __init__(
        self,
        segmenter: Segmenter | None = None,
        background: Background | None = None,
        *,
        smooth: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.segmenter = segmenter or U2Net.load()
        self.background = background or Transparent()
        self.temporal = TemporalFilter() if smooth else None
        self.times = StageTimes()
        self._clock = clock

    def process(self, frame: Frame) -> Matted:
        """Segment, refine along the frame's colours, smooth over time, composite."""
        start = self._clock()
        coarse = self.segmenter(frame)
        segmented = self._lap("segment", start)
        guide = frame.reduced(cell_side(frame.width, frame.height))
        matte = guided_upsample(frame, coarse, guide)
        refined = self._lap("refine", segmented)
        if self.temporal is not None:
            matte = self.temporal(guide, matte)
        smoothed = self._lap("smooth", refined)
        result = composite(frame, matte, self.background(frame, matte))
        self._lap("composite", smoothed)
        return Matted(result, matte)

    def _lap(self, stage: str, since: float) -> float:
        now = self._clock()
        self.times.add(stage, now - since)
        return now

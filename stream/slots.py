"""Files that count time in steps of their own."""

from fractions import Fraction

from pipeline.frame import Frame
from stream.formats import Container
from stream.video_info import VideoInfo


class Slots:
    """Where pictures go in a file with a clock of its own.

    `time_base` is that clock's; None keeps the picture's own, and every picture.
    """

    def __init__(self, time_base: Fraction | None, apart: int = 1) -> None:
        self.time_base = time_base
        self._apart, self._last = apart, -apart

    @classmethod
    def of(cls, container: Container, info: VideoInfo) -> "Slots":
        tick = 1 / info.rate if container.constant_rate else container.tick
        return cls(tick, container.ticks_apart)

    def take(self, frame: Frame) -> int | None:
        """The pts of a picture; None for one that follows too soon and is left out."""
        if self.time_base is None:
            return frame.pts
        ticks = round(frame.pts * frame.time_base / self.time_base)
        if ticks < self._last + self._apart:
            return None
        self._last = ticks
        return ticks

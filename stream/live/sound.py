"""Sound on its way past the matting."""

import threading
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

RATE, LAYOUT, FORMAT = 48_000, "stereo", "s16"
HELD_S = 10.0
"""Of sound that nobody takes, the newest is kept."""
SLACK_S = 0.02
"""Sound that comes so little beside its time is joined without a click."""
LATE_S = 0.5
"""Sound that is later than the picture by more is missed, and is silence."""

Samples = NDArray[np.int16]
"""int16 (n, 2), left and right."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A piece of sound; `start` counts samples from the beginning of the session."""

    start: int
    samples: Samples

    def frame(self, origin: int = 0) -> av.AudioFrame:
        """As encoders take it, its time counted from the sample `origin`."""
        frame = av.AudioFrame.from_ndarray(self.samples.reshape(1, -1), FORMAT, LAYOUT)
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = self.start - origin
        return frame


class SoundLine:
    """Gapless sound by the session's clock: put by one thread, taken by another.

    What is missing between two pieces is silence; what comes twice is left out.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._start = 0
        self._waiting = _silence(0)

    def put(self, seconds: float, samples: Samples) -> None:
        """Sound that begins at this moment of the session."""
        with self._lock:
            gap = round(seconds * RATE) - self._end
            if abs(gap) > HELD_S * RATE:
                self._start, self._waiting = self._end + gap, _silence(0)
            elif gap > SLACK_S * RATE:
                self._append(_silence(gap))
            elif gap < -SLACK_S * RATE:
                samples = samples[-gap:]
            self._append(samples)
            self._cut(self._end - round(HELD_S * RATE))

    def take(self, seconds: float) -> Sound:
        """All that is there up to this moment; silence in place of what is too late."""
        until = round(seconds * RATE)
        with self._lock:
            self._append(_silence(until - round(LATE_S * RATE) - self._end))
            return self._cut(min(until, self._end))

    def _append(self, samples: Samples) -> None:
        self._waiting = np.concatenate((self._waiting, samples))

    def _cut(self, until: int) -> Sound:
        count = max(0, until - self._start)
        cut = Sound(self._start, self._waiting[:count])
        self._start, self._waiting = self._start + count, self._waiting[count:]
        return cut

    @property
    def _end(self) -> int:
        return self._start + len(self._waiting)


def _silence(samples: int) -> Samples:
    return np.zeros((max(0, samples), 2), np.int16)

"""All metrics of one clip, frame by frame, in flat memory."""

import math
from array import array
from dataclasses import dataclass, field

from pipeline.frame import AlphaMatte
from pipeline.metrics import temporal
from pipeline.metrics.catalogue import MOTION, RELATIVE
from pipeline.metrics.overlap import DEFAULT_THRESHOLD
from pipeline.metrics.perceptual import Lpips
from pipeline.metrics.region import DEFAULT_BAND_WIDTH, Region, check_pair, transition_band
from pipeline.metrics.spatial import spatial_scores

Scores = dict[str, float]
"""A value for each metric by its name in the catalogue; NaN where it cannot be said."""

_Pair = tuple[AlphaMatte, AlphaMatte]
_NAN = float("nan")


@dataclass(slots=True)
class Meter:
    """Measures the frames of one clip, in order; it holds the last pair for the temporal metrics.

    Whatever is called `…_band` is counted in the transition band of the frame's truth.
    """

    band_width: int = DEFAULT_BAND_WIDTH
    """Pixels, see `transition_band`."""
    threshold: float = DEFAULT_THRESHOLD
    """Alpha from which on a pixel belongs to the subject, for IoU, F1, precision and recall."""
    temporal: bool = True
    """False if the frames are stills that have nothing to do with each other."""
    lpips: Lpips | None = None
    last: _Pair | None = None
    """Prediction and truth of the frame before."""

    def measure(self, prediction: AlphaMatte, truth: AlphaMatte) -> Scores:
        """Every metric of the catalogue for one frame, float32 (H, W) both.

        The first frame, and one of another size than the one before, has no temporal metrics.
        """
        check_pair(prediction, truth)
        band = transition_band(truth, self.band_width)
        scores = spatial_scores(prediction, truth, band, self.threshold)
        if self.lpips is not None:
            scores["lpips"] = self.lpips(prediction, truth)
        if self.temporal:
            if self.last is not None and self.last[1].shape == truth.shape:
                scores |= _temporal_scores((prediction, truth), self.last, band)
            self.last = prediction, truth
        return scores


def _temporal_scores(now: _Pair, last: _Pair, band: Region) -> Scores:
    motion = temporal.truth_motion(now[1], last[1])
    scores: Scores = {}
    for where, region in (("", None), ("_band", band)):
        change = temporal.dtssd(*now, *last, region)
        true_change = temporal.motion_energy(now[1], last[1], region)
        scores["dtssd" + where] = change
        scores[MOTION + where] = true_change
        scores[RELATIVE + where] = change / true_change if true_change else _NAN
        scores["messddt" + where] = temporal.messddt(*now, *last, motion, region)
    return scores


@dataclass(slots=True)
class ClipScores:
    """The scores of a clip's frames, eight bytes a number."""

    frames: int = 0
    columns: "dict[str, array[float]]" = field(default_factory=dict)

    def add(self, scores: Scores) -> None:
        """One more frame; what it has no value for is NaN."""
        for name in scores.keys() - self.columns.keys():
            self.columns[name] = array("d", [_NAN]) * self.frames
        for name, column in self.columns.items():
            column.append(scores.get(name, _NAN))
        self.frames += 1

    def mean(self) -> Scores:
        """The mean of every metric over the frames that have a value; NaN if none has."""
        means = {name: _mean(column) for name, column in self.columns.items()}
        for where in ("", "_band"):
            moved = means.get(MOTION + where, 0.0)
            if moved > 0:
                means[RELATIVE + where] = means["dtssd" + where] / moved
        return means


def _mean(values: "array[float]") -> float:
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else _NAN

"""How well the subject is found: the matte cut at a threshold, compared as sets of pixels."""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.frame import AlphaMatte
from pipeline.metrics.region import Region, check_pair

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Overlap:
    """How two sets of pixels meet, P = {p ≥ t} and G = {g ≥ t}; every ratio from 0 to 1.

    Higher is better and 1 is perfect. A ratio of nothing to nothing is 1 if both sets are empty,
    else 0. Source: the usual definitions (van Rijsbergen 1979 for F1, Jaccard 1912 for IoU).
    """

    both: int
    """|P ∩ G|, pixels."""
    predicted: int
    """|P|, pixels."""
    true: int
    """|G|, pixels."""

    @property
    def iou(self) -> float:
        """|P ∩ G| / (|P| + |G| - |P ∩ G|): intersection over union, the Jaccard index."""
        return self._ratio(self.both, self.predicted + self.true - self.both)

    @property
    def f1(self) -> float:
        """2 · |P ∩ G| / (|P| + |G|), also called Dice."""
        return self._ratio(2 * self.both, self.predicted + self.true)

    @property
    def precision(self) -> float:
        """|P ∩ G| / |P|: how much of what was found is right."""
        return self._ratio(self.both, self.predicted)

    @property
    def recall(self) -> float:
        """|P ∩ G| / |G|: how much of what is there was found."""
        return self._ratio(self.both, self.true)

    def _ratio(self, part: int, whole: int) -> float:
        if whole:
            return part / whole
        return 1.0 if self.predicted == self.true == 0 else 0.0


def overlap(
    prediction: AlphaMatte,
    truth: AlphaMatte,
    threshold: float = DEFAULT_THRESHOLD,
    region: Region | None = None,
) -> Overlap:
    """Cut two mattes, float32 (H, W), at `threshold` (a pixel is in from there on) and count."""
    check_pair(prediction, truth)
    cut = np.float32(threshold)
    predicted, true = (prediction >= cut).view(np.uint8), (truth >= cut).view(np.uint8)
    if region is not None:
        predicted, true = cv2.bitwise_and(predicted, region), cv2.bitwise_and(true, region)
    return Overlap(
        both=cv2.countNonZero(cv2.bitwise_and(predicted, true)),
        predicted=cv2.countNonZero(predicted),
        true=cv2.countNonZero(true),
    )

"""All metrics of one frame alone, in the whole picture and in the transition band, at one go."""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.frame import AlphaMatte
from pipeline.metrics import alpha, connectivity, image
from pipeline.metrics.overlap import overlap
from pipeline.metrics.region import (
    FloatMap,
    Region,
    active_window,
    sum_absolute,
    sum_squared,
)

_FILTER_RADIUS = 10
"""Pixels: twice the reach of the widest filter, SSIM's, so that nothing outside a window counts."""


def spatial_scores(
    prediction: AlphaMatte, truth: AlphaMatte, band: Region, threshold: float
) -> dict[str, float]:
    """Every metric that needs no other frame, by name; those with `_band` in that region.

    The same values as the single functions give, in a fraction of the time: the costly maps are
    made once for both regions, and only inside the window where there is anything.
    """
    window = active_window(prediction, truth, _FILTER_RADIUS)
    maps = _ErrorMaps.of(prediction[window], truth[window])
    whole = maps.scores(None, truth.size, threshold)
    in_band = maps.scores(band[window], cv2.countNonZero(band), threshold)
    similarity = _in_full(maps.similarity, window, truth)
    whole["ssim"] = image.ssim_of(similarity)
    in_band["ssim"] = image.ssim_of(similarity, band)
    return whole | {f"{name}_band": value for name, value in in_band.items()}


def _similarity(prediction: AlphaMatte, truth: AlphaMatte) -> FloatMap:
    """The SSIM map; NaN in a picture that is smaller than its window."""
    if min(truth.shape) < image.SMALLEST_SIDE_FOR_SSIM:
        return np.full_like(truth, np.nan)
    return image.ssim_map(prediction, truth)


def _in_full(similarity: FloatMap, window: tuple[slice, slice], truth: AlphaMatte) -> FloatMap:
    """An SSIM map of the whole picture: outside the window both are black, which is alike."""
    full = np.ones_like(truth)
    full[window] = similarity
    return full


@dataclass(frozen=True, slots=True)
class _ErrorMaps:
    """What the metrics sum up, pairs of maps for prediction and truth, float32 (h, w) each."""

    prediction: AlphaMatte
    truth: AlphaMatte
    gradients: tuple[FloatMap, FloatMap]
    stretched_gradients: tuple[FloatMap, FloatMap]
    connectivities: tuple[AlphaMatte, AlphaMatte]
    similarity: FloatMap

    @classmethod
    def of(cls, prediction: AlphaMatte, truth: AlphaMatte) -> "_ErrorMaps":
        gradients = alpha.gradient_magnitude(prediction), alpha.gradient_magnitude(truth)
        return cls(
            prediction,
            truth,
            gradients,
            (
                gradients[0] * alpha.stretch_factor(prediction),
                gradients[1] * alpha.stretch_factor(truth),
            ),
            connectivity.connectivities(prediction, truth),
            _similarity(prediction, truth),
        )

    def scores(self, region: Region | None, pixels: int, threshold: float) -> dict[str, float]:
        """The sums over a region of so many pixels, and what follows from them."""
        absolute = sum_absolute(self.prediction, self.truth, region)
        squared = sum_squared(self.prediction, self.truth, region)
        mean_squared = squared / pixels if pixels else float("nan")
        cut = overlap(self.prediction, self.truth, threshold, region)
        return {
            "mad": 1e3 * absolute / pixels if pixels else float("nan"),
            "mse": 1e3 * mean_squared,
            "sad": 1e-3 * absolute,
            "grad": alpha.grad_of(*self.gradients, region),
            "grad_normalised": alpha.grad_of(*self.stretched_gradients, region),
            "conn": connectivity.conn_of(*self.connectivities, region),
            "iou": cut.iou,
            "f1": cut.f1,
            "precision": cut.precision,
            "recall": cut.recall,
            "psnr": image.psnr_of(mean_squared),
        }

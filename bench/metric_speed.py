"""How long the metrics of one 1080p frame take: `python -m bench.metric_speed`."""

import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np
import typer

from bench.drawn import drawn_clips
from pipeline.frame import AlphaMatte
from pipeline.metrics import (
    DEFAULT_BAND_WIDTH,
    DEFAULT_THRESHOLD,
    Meter,
    conn,
    grad,
    ssim,
    transition_band,
)
from pipeline.metrics.spatial import spatial_scores

_RUNS = 15


def main() -> None:
    """Print the quickest and the median of fifteen runs, in milliseconds."""
    clip = next(drawn_clips((1920, 1080), seed=1, frames=2))
    truths = [alpha for _, alpha in clip]
    predictions = [_blurred_and_noisy(alpha) for alpha in truths]
    pair = predictions[1], truths[1]
    meter = Meter()
    meter.measure(predictions[0], truths[0])

    def pixel_metrics() -> None:
        band = transition_band(pair[1], DEFAULT_BAND_WIDTH)
        spatial_scores(*pair, band, DEFAULT_THRESHOLD)

    _report("all pixel metrics, picture and band", pixel_metrics)
    _report("all metrics, with those of time", lambda: meter.measure(*pair))
    _report("of these: Conn", lambda: conn(*pair))
    _report("Grad", lambda: grad(*pair))
    _report("SSIM", lambda: ssim(*pair))
    _report("transition band", lambda: transition_band(pair[1]))


def _blurred_and_noisy(alpha: AlphaMatte) -> AlphaMatte:
    """Soft, shaky along the edge, and quiet elsewhere, as a network's matte is."""
    soft = cv2.GaussianBlur(alpha, (0, 0), 5)
    noise = np.random.default_rng(0).normal(0, 0.05, alpha.shape).astype(np.float32)
    prediction: AlphaMatte = np.clip(soft + noise * soft * (1 - soft) * 4, 0, 1)
    return prediction


def _report(what: str, run: Callable[[], object]) -> None:
    times = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    typer.echo(f"{what:40} {min(times):6.1f} {statistics.median(times):6.1f}")


if __name__ == "__main__":
    typer.run(main)

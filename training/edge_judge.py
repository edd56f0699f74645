"""How much better a generator's edges are than the guided alpha's, picture by picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pipeline.metrics import grad, transition_band
from training.edge_network import refined
from training.edge_patches import EdgeBatch, prepared
from training.edge_prepare import Layers

GRAD_WORTH_DB = 5.0
"""A Grad that falls to nothing is worth so much: 10 per cent are worth half a decibel."""
_LEAST = 1e-4
"""Added to the mean squared error: a patch that is right by chance is no more than 40 dB."""


@dataclass(frozen=True, slots=True)
class EdgeScore:
    """Means over the validation pictures, in the band round the true edge.

    PSNR in dB of the coarse alpha, the guided one and the refined one; Grad of the refined one by
    that of the guided one, and in how many pictures of all the refined one has the better PSNR.
    """

    coarse: float
    guided: float
    refined: float
    grad: float
    better: float

    @property
    def value(self) -> float:
        """What the best network is chosen by, in dB."""
        return self.refined - self.guided + GRAD_WORTH_DB * (1 - self.grad)


class EdgeJudge:
    """Validation patches, picture by picture."""

    def __init__(self, pictures: Sequence[Layers]) -> None:
        self._pictures = pictures

    @classmethod
    def load(cls, folder: Path) -> "EdgeJudge":
        return cls(prepared(folder, "validation"))

    def score(self, network: nn.Module) -> EdgeScore:
        device = next(network.parameters()).device
        rows = []
        for layers in self._pictures:
            batch = EdgeBatch.of(np.array(layers), device)
            with torch.no_grad():
                correction, _ = network(batch.x)
            alphas = batch.x[:, 3:4], batch.x[:, 4:5], refined(batch.x, correction, batch.band)
            truth = batch.alpha[:, 0].cpu().numpy()
            figures = [_figures(one[:, 0].cpu().numpy(), truth) for one in alphas]
            if figures[0] is not None:
                rows.append(figures)
        table = np.array(rows, np.float64)
        (coarse, guided, best), grads = table[..., 0].T, table[..., 1].sum(0)
        ratio = float(grads[2] / max(grads[1], 1e-9))
        better = float((best > guided).mean())
        means = [float(one.mean()) for one in (coarse, guided, best)]
        return EdgeScore(means[0], means[1], means[2], ratio, better)


def _figures(
    alphas: NDArray[np.float32], truths: NDArray[np.float32]
) -> tuple[float, float] | None:
    """PSNR, and Grad by pixel, in the bands of patches (n, S, S); None where there is no band."""
    squared = gradients = pixels = 0.0
    for alpha, truth in zip(alphas, truths, strict=True):
        band = transition_band(truth)
        pixels += (inside := np.count_nonzero(band))
        if inside:
            squared += float(np.square(alpha - truth)[band > 0].sum())
            gradients += 1e3 * grad(alpha, truth, band)
    if not pixels:
        return None
    return -10 * np.log10(squared / pixels + _LEAST), gradients / pixels

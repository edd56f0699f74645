"""How wrong a refined edge is. Maps are float32 (N, C, H, W), 0…1; `band` is where it counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from pipeline.metrics.alpha import GRAD_SIGMA

_LEVELS = 4
"""Of the Laplacian pyramid; each counts twice the one above it, for it has a quarter as many."""
_SPARE = 64.0
"""Pixels added to every band's area: a band of a few pixels is a small matter."""
_GRAD_RADIUS = 4


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each term counts beside the mean absolute error of alpha, which counts 1."""

    squared: float = 5.0
    pyramid: float = 0.5
    gradient: float = 0.5
    composed: float = 1.0
    colour: float = 0.3
    perceptual: float = 0.05
    features: float = 0.2
    verdicts: float = 0.02


def alpha_loss(alpha: Tensor, truth: Tensor, band: Tensor, weights: Weights) -> Tensor:
    """A scalar: absolute and squared error, Laplacian pyramid, and the gradient's magnitude."""
    error = band * (alpha - truth)
    total = in_band(error.abs(), band) + weights.squared * in_band(error.square(), band)
    total = total + weights.pyramid * _pyramid(error, band)
    slopes = (gradient_magnitude(band * one) for one in (alpha, truth))
    difference = torch.sub(*slopes)
    return total + weights.gradient * in_band(difference.abs() + 4 * difference.square(), band)


def in_band(values: Tensor, band: Tensor) -> Tensor:
    """The mean over patches of each one's mean in its band: no patch rules by its size."""
    over = (1, 2, 3)
    channels = values.shape[1]
    return ((band * values).sum(over) / (channels * (band.sum(over) + _SPARE))).mean()


def composed_loss(
    alpha: Tensor, colour: Tensor, truth: Tensor, true_colour: Tensor, behind: Tensor, band: Tensor
) -> Tensor:
    """The error of the composites before another background."""
    mine = composed(alpha, colour, behind)
    return in_band((mine - composed(truth, true_colour, behind)).abs(), band)


def colour_loss(colour: Tensor, true_colour: Tensor, truth: Tensor, band: Tensor) -> Tensor:
    """The foreground colour's error where there is any foreground."""
    return in_band((colour - true_colour).abs(), band * (truth > 0.05))


def composed(alpha: Tensor, colour: Tensor, behind: Tensor) -> Tensor:
    return behind + alpha * (colour - behind)


def feature_loss(mine: Sequence[Sequence[Tensor]], true: Sequence[Sequence[Tensor]]) -> Tensor:
    """How far the critics' features of what was made are from those of the truth."""
    pairs = [
        functional.l1_loss(one.float(), other.detach().float())
        for ours, theirs in zip(mine, true, strict=True)
        for one, other in zip(ours[:-1], theirs[:-1], strict=True)
    ]
    return torch.stack(pairs).mean()


def verdict_loss(verdicts: Sequence[Sequence[Tensor]], wanted: float) -> Tensor:
    """Least squares (Mao et al., ICCV 2017): how far the verdicts are from 1, true, or 0, made."""
    return torch.stack([(one[-1].float() - wanted).square().mean() for one in verdicts]).mean()


def gradient_magnitude(alpha: Tensor) -> Tensor:
    """As `pipeline.metrics.alpha.gradient_magnitude`: what the Grad metric compares."""
    at = torch.arange(-_GRAD_RADIUS, _GRAD_RADIUS + 1, dtype=alpha.dtype, device=alpha.device)
    smooth = torch.exp(-at.square() / (2 * GRAD_SIGMA**2))
    slope = at * smooth
    smooth, slope = smooth / smooth.norm(), slope / slope.norm()
    padded = functional.pad(alpha, (_GRAD_RADIUS,) * 4, mode="replicate")
    ways = ((slope, smooth), (smooth, slope))
    down, across = (
        functional.conv2d(functional.conv2d(padded, one.view(1, 1, -1, 1)), two.view(1, 1, 1, -1))
        for one, two in ways
    )
    return (down.square() + across.square() + 1e-6).sqrt()


def _pyramid(error: Tensor, band: Tensor) -> Tensor:
    """The Laplacian pyramid of an error is the difference of two pyramids."""
    total = error.new_zeros(())
    for level in range(_LEVELS):
        below = functional.avg_pool2d(error, 2)
        above = functional.interpolate(below, scale_factor=2, mode="bilinear", align_corners=False)
        total = total + 2**level * in_band((error - above).abs(), band)
        error, band = below, functional.avg_pool2d(band, 2)
    return total

"""How wrong logits are: cross-entropy, mean error and overlap, and the finest one's slopes."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

SIDE_WEIGHTS = (1.0, 0.5, 0.3, 0.2)
"""Of the outputs, the shipped one first; the deeper ones keep the deeper stages to their task."""
_STEPS = (1, 2, 4)
"""Pixels over which slopes are compared."""


def matting_loss(sides: Sequence[Tensor], alpha: Tensor, weight: Tensor) -> Tensor:
    """A scalar. `sides` are logits (N, 1, h, w); `alpha` and `weight` float32 (N, 1, H, W), 0…1."""
    size = (alpha.shape[-2], alpha.shape[-1])
    total = alpha.new_zeros(())
    for side, share in zip(sides, SIDE_WEIGHTS, strict=True):
        logits = functional.interpolate(side.float(), size, mode="bilinear", align_corners=False)
        total = total + share * _one_loss(logits, alpha, weight)
        if side is sides[0]:
            total = total + slope_errors(logits.sigmoid(), alpha, weight)
    return total


def slope_errors(found: Tensor, alpha: Tensor, weight: Tensor) -> Tensor:
    """Mean errors of the differences along rows and columns, added up: edges where they belong."""
    total, wrong = found.new_zeros(()), found - alpha
    for axis in (2, 3):
        for step in _STEPS:
            count = found.shape[axis] - step
            slope = wrong.narrow(axis, step, count) - wrong.narrow(axis, 0, count)
            both = weight.narrow(axis, step, count) * weight.narrow(axis, 0, count)
            total = total + (both * slope.abs()).sum() / both.sum().clamp(min=1)
    return total


def _one_loss(logits: Tensor, alpha: Tensor, weight: Tensor) -> Tensor:
    found = logits.sigmoid()
    crossed = functional.binary_cross_entropy_with_logits(logits, alpha, reduction="none")
    pixels = (weight * (crossed + (found - alpha).abs())).sum() / weight.sum()
    return pixels + (1 - soft_overlap(found, alpha, weight)).mean()


def soft_overlap(found: Tensor, alpha: Tensor, weight: Tensor) -> Tensor:
    """Soft IoU of each picture, (N,).

    One hundredth of the picture is added to both areas, so that an empty matte of an empty picture
    is right, and a few pixels wrong there are a small error.
    """
    over = (1, 2, 3)
    spare = 0.01 * weight.sum(over)
    shared = (weight * found * alpha).sum(over)
    either = (weight * (found + alpha - found * alpha)).sum(over)
    return (shared + spare) / (either + spare)


def mean_errors(found: Tensor, alpha: Tensor, weight: Tensor) -> Tensor:
    """Mean absolute error of each picture where alpha is to be believed, (N,), 0…1."""
    over = (1, 2, 3)
    return (weight * (found - alpha).abs()).sum(over) / weight.sum(over)


def overlaps(found: Tensor, alpha: Tensor, weight: Tensor) -> Tensor:
    """IoU of each picture, both cut at one half, (N,); 1 where both are empty."""
    over = (1, 2, 3)
    one, other, sure = found > 0.5, alpha > 0.5, weight > 0.5
    shared, either = ((one & other & sure).sum(over), ((one | other) & sure).sum(over))
    return torch.where(either > 0, shared / either.clamp(min=1), torch.ones_like(shared) * 1.0)

"""Training that knows the 8 bits it will run in: what they round is rounded in each step, too.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", CVPR 2018: gradients pass the rounding as if it were not there. What is rounded, and to
how many levels, is what `pipeline.quantise` rounds: weights by output channel, activations as a
whole, in ranges that are means over pictures.
"""

import torch
from torch import Tensor, nn

from pipeline.quantise import ACTIVATION_LEVELS, SMALLEST, WEIGHT_LEVELS

_LEARNING = 0.05
"""How much a batch's range counts in an activation's."""
_LAST_ACTIVATION, _LAST_WEIGHT = ACTIVATION_LEVELS - 1, WEIGHT_LEVELS // 2


def in_eight_bits(network: nn.Module) -> None:
    """From now on all convolutions see rounded maps and have rounded weights; in place.

    The weights themselves stay as fine as they are, and a checkpoint has the same names.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.forward = _EightBits(layer)


class _EightBits:
    """A convolution's forward."""

    def __init__(self, layer: nn.Conv2d) -> None:
        self._layer = layer
        self._range: Tensor | None = None
        """Least and greatest value of what comes in."""

    def __call__(self, x: Tensor) -> Tensor:
        convolved: Tensor = self._layer._conv_forward(
            self._rounded(x), _rounded_weight(self._layer.weight), self._layer.bias
        )
        return convolved

    def _rounded(self, x: Tensor) -> Tensor:
        pictures = x.detach().float()
        low = pictures.amin((1, 2, 3)).mean().clamp(max=0)
        high = pictures.amax((1, 2, 3)).mean().clamp(min=SMALLEST)
        now = torch.stack((low, high))
        self._range = now if self._range is None else self._range.lerp(now, _LEARNING)
        low, high = self._range.tolist()
        step = (high - low) / _LAST_ACTIVATION
        zero = round(-low / step)
        return torch.fake_quantize_per_tensor_affine(x, step, zero, 0, _LAST_ACTIVATION)


def _rounded_weight(weight: Tensor) -> Tensor:
    steps = _steps(weight)
    zeros = torch.zeros_like(steps, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(
        weight, steps, zeros, 0, -_LAST_WEIGHT, _LAST_WEIGHT
    )


def levels_of(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A convolution's weights as whole numbers, int8, and what they are times: (O, 1, 1, 1)."""
    steps = _steps(weight).view(-1, 1, 1, 1)
    return (weight.detach() / steps).round().to(torch.int8), steps


def _steps(weight: Tensor) -> Tensor:
    return weight.detach().abs().amax((1, 2, 3)).clamp(min=SMALLEST) / _LAST_WEIGHT

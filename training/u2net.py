"""U²-Net-p, the small one, by Qin et al., "U²-Net: Going Deeper with Nested U-Structure for Salient
Object Detection", Pattern Recognition 106, 2020.

Batch normalisation is folded into the convolutions, as in the published file, and stays so.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

RGB_CHANNELS = 3
PREVIOUS_CHANNELS = 1
STAGES = 6
SHIPPED_SIDE = 3
"""The side output at a quarter of the input's side: nearly as good as the fused one, a third of
its cost."""

_WIDTH = 64
"""Channels between stages."""
_INNER = 16
"""Channels inside a stage."""
_HEIGHTS = {1: 7, 2: 6, 3: 5, 4: 4}
"""Levels of the U inside a stage; stages 5 and 6 dilate instead of pooling."""


class ConvRelu(nn.Module):
    """A 3×3 convolution that keeps the size, its bias, and a rectifier."""

    def __init__(self, inputs: int, outputs: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.conv(x), inplace=True)


class UBlock(nn.Module):
    """RSU-L: a U of `height` levels, pooled between them, added to what goes into it.

    Open at the top it is where only the next stage reads what it makes, at half the side: the last
    step up, which costs most, is left out, and the next stage gets what it would have been made of.
    """

    def __init__(
        self,
        inputs: int,
        height: int,
        open_top: bool = False,
        width: int = _WIDTH,
        inner: int = _INNER,
    ) -> None:
        super().__init__()
        self.open_top = open_top
        self.enter = ConvRelu(inputs, width)
        narrow = [ConvRelu(inner, inner) for _ in range(height - 2)]
        self.down = nn.ModuleList([ConvRelu(width, inner), *narrow])
        self.bottom = ConvRelu(inner, inner, dilation=2)
        widths = [inner] * (height - 2) + [width] * (not open_top)
        self.up = nn.ModuleList([ConvRelu(2 * inner, wide) for wide in widths])

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W), or open at the top (N, inner + inner + width, H / 2, W / 2)."""
        entered = self.enter(x)
        levels = [self.down[0](entered)]
        for layer in self.down[1:]:
            levels.append(layer(halved(levels[-1])))
        result = self.bottom(levels[-1])
        for layer in self.up:
            level = levels.pop()
            result = layer(torch.cat((enlarged(result, level), level), 1))
        if self.open_top:
            return torch.cat((result, halved(levels[0]), halved(entered)), 1)
        return result + entered


class DilatedBlock(nn.Module):
    """RSU-4F: the same of four levels, dilated instead of pooled."""

    open_top = False

    def __init__(self, inputs: int, width: int = _WIDTH, inner: int = _INNER) -> None:
        super().__init__()
        self.enter = ConvRelu(inputs, width)
        dilated = [ConvRelu(inner, inner, dilation) for dilation in (2, 4)]
        self.down = nn.ModuleList([ConvRelu(width, inner), *dilated])
        self.bottom = ConvRelu(inner, inner, dilation=8)
        shapes = ((inner, 4), (inner, 2), (width, 1))
        self.up = nn.ModuleList([ConvRelu(2 * inner, wide, apart) for wide, apart in shapes])

    def forward(self, x: Tensor) -> Tensor:
        entered = self.enter(x)
        levels = [self.down[0](entered)]
        for layer in self.down[1:]:
            levels.append(layer(levels[-1]))
        result = self.bottom(levels[-1])
        for layer in self.up:
            result = layer(torch.cat((result, levels.pop()), 1))
        return result + entered


class U2NetP(nn.Module):
    """Six stages down, five up, and a matte from each: only those from `finest` on are computed.

    With `finest` 1 it is the published network, whose first output d0 is fused from the six.
    """

    encoder_rate = 1.0
    """How fast its way down learns, beside its way up."""

    def __init__(
        self, finest: int = SHIPPED_SIDE, previous: bool = True, open_top: bool = False
    ) -> None:
        """`previous`: whether the previous alpha is a fourth channel of the input.

        `open_top`: stages finer than `finest` are, see UBlock.
        """
        super().__init__()
        self.finest = finest
        self.inputs = RGB_CHANNELS + PREVIOUS_CHANNELS * previous
        self.encoder, inputs = nn.ModuleDict(), self.inputs
        for stage in range(1, STAGES + 1):
            opened = open_top and stage < finest
            self.encoder[str(stage)] = _block(stage, inputs, opened)
            inputs = 2 * _INNER + _WIDTH if opened else _WIDTH
        self.decoder = nn.ModuleDict(
            {str(stage): _block(stage, 2 * _WIDTH) for stage in range(STAGES - 1, finest - 1, -1)}
        )
        sides = range(finest, STAGES + 1)
        self.side = nn.ModuleDict({str(k): nn.Conv2d(_WIDTH, 1, 3, padding=1) for k in sides})
        self.fuse = nn.Conv2d(STAGES, 1, 1) if finest == 1 else None

    def forward(self, x: Tensor) -> list[Tensor]:
        """Logits of the wanted side outputs, finest first, each at its own resolution.

        `x` is float32 (N, 3 or 4, H, W) of `normalised` pictures, H and W multiples of 32. Output k
        is (N, 1, H / 2^(k-1), W / 2^(k-1)). The fused one comes first where it is computed.
        """
        levels: list[Tensor] = []
        for block in self.encoder.values():
            levels.append(block(x))
            x = levels[-1] if block.open_top else halved(levels[-1])
        x = levels.pop()
        sides = [self.side[str(STAGES)](x)]
        for stage, block in self.decoder.items():
            level = levels.pop()
            x = block(torch.cat((enlarged(x, level), level), 1))
            sides.append(self.side[stage](x))
        sides.reverse()
        return sides if self.fuse is None else [self._fused(sides), *sides]

    def _fused(self, sides: list[Tensor]) -> Tensor:
        assert self.fuse is not None
        fused: Tensor = self.fuse(torch.cat([enlarged(side, sides[0]) for side in sides], 1))
        return fused


def halved(x: Tensor) -> Tensor:
    """Pooled to half the side, rounded up."""
    return functional.max_pool2d(x, 2, stride=2, ceil_mode=True)


def enlarged(x: Tensor, like: Tensor) -> Tensor:
    """At another map's height and width; nothing to do where it is that already."""
    size = like.shape[-2:]
    if x.shape[-2:] == size:
        return x
    return functional.interpolate(x, size=size, mode="bilinear", align_corners=False)


def alpha_of(logits: Tensor, height: int, width: int) -> Tensor:
    """Alpha, 0…1, float32 (N, 1, height, width), of an output's logits."""
    large = functional.interpolate(logits.float(), (height, width), mode="bilinear")
    return large.sigmoid()


def _block(stage: int, inputs: int, open_top: bool = False) -> nn.Module:
    height = _HEIGHTS.get(stage)
    return DilatedBlock(inputs) if height is None else UBlock(inputs, height, open_top)

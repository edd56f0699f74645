"""LiteNet, the second opinion: U²-Net's way up on an encoder that knows photographs.

The nested Us of its stages, their joining with the maps of the way down, and a matte from each
under supervision are U²-Net's (Qin et al., Pattern Recognition 106, 2020). The way down is
EfficientNet-Lite0's: trained on a million pictures of all things, where U²-Net's own was not.
"""

import torch
from torch import Tensor, nn

from training.encoder import WIDTHS, Encoder
from training.u2net import (
    PREVIOUS_CHANNELS,
    RGB_CHANNELS,
    DilatedBlock,
    UBlock,
    enlarged,
)

DOUBT = 0.15
"""How much of what two networks' logits differ by is taken off their mean."""
WHOLE, CLOSER = 5, 4
"""How often the picture is halved: for a look at the scene, and for one, closer, at the edge that
such a look has found. Of whom that is the edge its matte says, in the previous alpha's place."""
_LITTLE = 0.3
_ENTERING = "decoder.16.enter.conv.weight"


class LiteNet(nn.Module):
    """Maps down, stages up, and a matte from each of the four finest."""

    inputs = RGB_CHANNELS + PREVIOUS_CHANNELS
    encoder_rate = 0.3
    """How fast its way down learns, which knows photographs, beside its way up, which does not."""

    def __init__(self, halvings: int = WHOLE) -> None:
        """So often its way down halves the picture: `WHOLE`, or `CLOSER`."""
        super().__init__()
        self.encoder = Encoder(self.inputs, halvings)
        half, quarter, eighth, sixteenth, last = WIDTHS
        whole = {"32": DilatedBlock(last, width=64, inner=24)} if halvings == WHOLE else {}
        above = 64 if whole else 0
        self.decoder = nn.ModuleDict(
            {
                **whole,
                "16": DilatedBlock(above + sixteenth, width=64, inner=24),
                "8": UBlock(64 + eighth, height=4, width=48, inner=16),
                "4": UBlock(48 + quarter, height=5, width=40, inner=16),
                "2": UBlock(40 + half, height=4, width=20, inner=12),
            }
        )
        widths = {"16": 64, "8": 48, "4": 40, "2": 20}
        self.side = nn.ModuleDict({k: nn.Conv2d(n, 1, 3, padding=1) for k, n in widths.items()})
        self._begin()

    def forward(self, x: Tensor) -> list[Tensor]:
        """Logits of the outputs, finest first: (N, 1, H / 2, W / 2), … (N, 1, H / 16, W / 16).

        `x` is float32 (N, 4, H, W), see `weights.with_previous`, H and W multiples of 32. The
        finest is what its stage adds to the one before.
        """
        maps, made, sides = self.encoder(x), None, list[Tensor]()
        for scale, block in self.decoder.items():
            level = maps.pop()
            made = block(level if made is None else torch.cat((enlarged(made, level), level), 1))
            if scale in self.side:
                sides.append(self.side[scale](made))
        sides[-1] = sides[-1] + enlarged(sides[-2], sides[-1])
        return sides[::-1]

    def _begin(self) -> None:
        """Weights to start from: a stage's U adds little at first to what goes into it."""
        for layer in self.decoder.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
        last = [block.up[-1].conv for block in self.decoder.values()]
        for layer in [*last, *self.side.values()]:
            layer.weight.data *= _LITTLE


def agreed(one: Tensor, other: Tensor) -> Tensor:
    """The logits of two unlike networks as one: their mean, less where they differ.

    What only one of them takes for a person is more often a thing in the room than a person whom
    the other has overlooked.
    """
    return (one + other) / 2 - DOUBT * (one - other).abs()


def as_closer(lite: LiteNet) -> LiteNet:
    """One that looks closer, with a whole one's weights as far as they go; itself if it is one."""
    closer, state = LiteNet(CLOSER), dict(lite.state_dict())
    state[_ENTERING] = state[_ENTERING][:, -WIDTHS[CLOSER - 1] :]
    closer.load_state_dict({name: state[name] for name in closer.state_dict()})
    return closer

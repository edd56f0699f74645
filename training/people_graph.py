"""The networks that find people written as an ONNX graph, by their layers' names.

Of plain operators only (Conv, Relu, Clip, MaxPool, Resize, Concat, Add, Sub, Mul, Abs,
Sigmoid, Cast).
Weights are kept in float16, LiteNet's in 8 bits and a factor for each output channel; a runtime
makes float32 of them as it loads.
"""

import numpy as np
from onnx import TensorProto
from torch import Tensor, nn

from training.eight_bits import levels_of
from training.encoder import Block, Layer
from training.graph import Graph, array
from training.lite_net import DOUBT, LiteNet
from training.u2net import STAGES, ConvRelu, DilatedBlock, U2NetP, UBlock

_LITE = "lite"


class PeopleGraph(Graph):
    """`u2netp` and `lite` write a network each; every side of their input is a multiple of 32."""

    def u2netp(self, network: U2NetP, x: str) -> str:
        """The logits of its finest side output."""
        levels: list[str] = []
        for stage, block in network.encoder.items():
            levels.append(self._block(f"encoder{stage}", block, x))
            x = levels[-1] if block.open_top or stage == str(STAGES) else self._halved(levels[-1])
        levels.pop()
        for stage, block in network.decoder.items():
            x = self._block(f"decoder{stage}", block, self._joined(self._doubled(x), levels.pop()))
        return self._conv("side", network.side[str(network.finest)], x)

    def lite(self, network: LiteNet, x: str) -> str:
        """The logits of its finest output."""
        maps, sides, made = self._encoder(network, x), dict[str, str](), ""
        for scale, block in network.decoder.items():
            level = maps.pop()
            entering = self._joined(self._doubled(made), level) if made else level
            made = self._block(f"{_LITE}.decoder{scale}", block, entering)
            if scale in ("4", "2"):
                sides[scale] = self._conv(f"{_LITE}.side{scale}", network.side[scale], made)
        return self._sum([sides["2"], self._doubled(sides["4"])], f"{_LITE}.logits")

    def agreed(self, coarse: str, fine: str) -> str:
        """Of two logits, the first at half of the other's side; see `lite_net.agreed`."""
        coarse = self._doubled(coarse)
        self._constants(half=0.5, doubt=DOUBT)
        apart = self._add("Abs", [self._add("Sub", [coarse, fine], "apart")], "apart.size")
        mean = self._add("Mul", [self._sum([coarse, fine], "both"), "half"], "mean")
        doubt = self._add("Mul", [apart, "doubt"], "doubtful")
        return self._add("Sub", [mean, doubt], "agreed")

    def alpha(self, logits: str, name: str) -> None:
        self._add("Sigmoid", [logits], name)

    def _constants(self, **values: float) -> None:
        self.arrays |= {name: np.array(value, np.float32) for name, value in values.items()}

    def _encoder(self, network: LiteNet, x: str) -> list[str]:
        encoder, maps = network.encoder, []
        self._constants(zero=0.0, six=6.0)
        x = self._clamped(f"{_LITE}.stem", encoder.stem, x)
        for number, block in enumerate(encoder.blocks):
            x = self._inverted(f"{_LITE}.block{number}", block, x)
            if number in encoder.taken:
                maps.append(x)
        return maps

    def _inverted(self, name: str, block: nn.Module, x: str) -> str:
        assert isinstance(block, Block)
        wide = x if block.expand is None else self._clamped(f"{name}.expand", block.expand, x)
        deep = self._clamped(f"{name}.depth", block.depth, wide)
        made = self._clamped(f"{name}.project", block.project, deep)
        return self._sum([made, x], f"{name}.sum") if block.added else made

    def _clamped(self, name: str, layer: Layer, x: str) -> str:
        conv = self._conv(name, layer.conv, x, [layer.before] * 2 + [layer.behind] * 2)
        return conv if layer.linear else self._add("Clip", [conv, "zero", "six"], f"{conv}.clip")

    def _block(self, name: str, block: nn.Module, x: str) -> str:
        assert isinstance(block, UBlock | DilatedBlock)
        pools = isinstance(block, UBlock)
        entered = x = self._layer(f"{name}.enter", block.enter, x)
        levels = []
        for place, layer in enumerate(block.down):
            x = self._layer(f"{name}.down{place}", layer, self._halved(x) if pools and place else x)
            levels.append(x)
        x = self._layer(f"{name}.bottom", block.bottom, x)
        for place, layer in enumerate(block.up):
            large = self._doubled(x) if pools and place else x
            x = self._layer(f"{name}.up{place}", layer, self._joined(large, levels.pop()))
        if block.open_top:
            return self._joined(x, self._halved(levels.pop()), self._halved(entered))
        return self._sum([x, entered], name)

    def _layer(self, name: str, layer: nn.Module, x: str) -> str:
        assert isinstance(layer, ConvRelu)
        return self._rectified(name, layer.conv, x)

    def _sum(self, maps: list[str], name: str) -> str:
        return self._add("Add", maps, name)

    def _weight(self, name: str, weight: Tensor) -> str:
        if not name.startswith(_LITE):
            return self._single(name, weight.half())
        levels, steps = levels_of(weight)
        single = self._single(name, levels)
        self.arrays[f"{name}.step"] = array(steps)
        return self._add("Mul", [single, f"{name}.step"], f"{name}.whole")

    def _single(self, name: str, kept: Tensor) -> str:
        """What is kept in fewer bits, as float32."""
        self.arrays[name] = array(kept)
        return self._add("Cast", [name], f"{name}.single", to=TensorProto.FLOAT)

"""U²-Net-p written as an ONNX graph, by the layers' own names.

Of plain operators only (Conv, Relu, MaxPool, Resize, Concat, Add, Sigmoid), with no arithmetic on
shapes: every side is a multiple of 32, so each map is exactly twice as large as the one below it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from torch import nn

from training.u2net import STAGES, ConvRelu, DilatedBlock, U2NetP, UBlock

_SCALES = "scales"


class Graph:
    """Nodes and weights of a graph as it is written; each method adds some and names its result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self._made: set[str] = set()
        self.arrays: dict[str, NDArray[np.float32]] = {_SCALES: np.array((1, 1, 2, 2), np.float32)}

    def matte(self, network: U2NetP, x: str, alpha: str) -> None:
        """The finest side output's alpha."""
        levels: list[str] = []
        for stage, block in network.encoder.items():
            levels.append(self._block(f"encoder{stage}", block, x))
            x = levels[-1] if block.open_top or stage == str(STAGES) else self._halved(levels[-1])
        levels.pop()
        for stage, block in network.decoder.items():
            x = self._block(f"decoder{stage}", block, self._joined(self._doubled(x), levels.pop()))
        logits = self._conv("side", network.side[str(network.finest)], x)
        self._add("Sigmoid", [logits], alpha)

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
        return self._add("Add", [x, entered], name)

    def _layer(self, name: str, layer: nn.Module, x: str) -> str:
        assert isinstance(layer, ConvRelu)
        return self._add("Relu", [self._conv(name, layer.conv, x)], f"{name}.relu")

    def _conv(self, name: str, conv: nn.Module, x: str) -> str:
        assert isinstance(conv, nn.Conv2d)
        assert conv.bias is not None
        weight, bias = f"{name}.weight", f"{name}.bias"
        self.arrays[weight] = conv.weight.detach().contiguous().cpu().numpy()
        self.arrays[bias] = conv.bias.detach().cpu().numpy()
        shape = {
            "kernel_shape": conv.kernel_size,
            "dilations": conv.dilation,
            "strides": conv.stride,
        }
        pads = [int(pad) for pad in conv.padding] * 2
        return self._add("Conv", [x, weight, bias], f"{name}.conv", **shape, pads=pads)

    def _halved(self, x: str) -> str:
        if f"{x}.half" in self._made:
            return f"{x}.half"
        return self._add("MaxPool", [x], f"{x}.half", kernel_shape=[2, 2], strides=[2, 2])

    def _doubled(self, x: str) -> str:
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        return self._add("Resize", [x, "", _SCALES], f"{x}.double", **how)

    def _joined(self, *maps: str) -> str:
        return self._add("Concat", list(maps), "+".join(maps), axis=1)

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        self._made.add(output)
        return output

"""The edge's generator written as an ONNX graph that takes patches as the pipeline has them."""

import numpy as np
from onnx import helper
from torch import nn

from pipeline.edges import CHANNELS
from training.edge_network import COLOUR_STEP, LIMIT, Block, EdgeGenerator
from training.graph import Graph

_UNSHUFFLED = 4
"""Pixels that lie above each other at half the resolution."""


class EdgeGraph(Graph):
    """`correct` writes all of it; see training/edge_network.py for what each part is."""

    def correct(self, network: EdgeGenerator, patches: str, correction: str, colour: str) -> None:
        """From uint8 (N, S, S, 5) to what `EdgeGenerator` gives, float32."""
        x = self._as_input(patches)
        level = self._entered(network.enter, x)
        levels = [level]
        for number, (down, block) in enumerate(zip(network.down, network.blocks, strict=True)):
            level = self._rectified(f"down{number}", down, level)
            level = self._residual(f"block{number}", block, level)
            levels.append(level)
        level = levels.pop()
        quarter = level
        for number, up in reversed(list(enumerate(network.up))):
            quarter = level
            narrow = self._doubled(self._conv(f"narrow{number}", network.narrow[number], level))
            joined = self._add("Add", [narrow, levels.pop()], f"{narrow}.joined")
            level = self._rectified(f"up{number}", up, joined)
        slopes = self._enlarged(self._conv("affine", network.affine, quarter))
        self._corrected(x, slopes, self._conv("detail", network.detail, level), correction)
        self._add("Tanh", [self._conv("colour", network.colour, quarter)], colour)

    def _as_input(self, patches: str) -> str:
        """float32 (N, 5, S, S), 0…1."""
        self._set("unit", 1 / 255)
        floats = self._add("Cast", [patches], "floats", to=1)
        unit = self._add("Mul", [floats, "unit"], "units")
        return self._add("Transpose", [unit], "x", perm=[0, 3, 1, 2])

    def _entered(self, enter: nn.Module, x: str) -> str:
        """ONNX's SpaceToDepth counts pixels first, torch's pixel_unshuffle channels first."""
        small = self._add("SpaceToDepth", [x], "unshuffled", blocksize=2)
        result = self._rectified("enter", enter, small)
        weight = self.arrays["enter.weight"]
        shape = len(weight), CHANNELS, _UNSHUFFLED, *weight.shape[2:]
        swapped = weight.reshape(shape).swapaxes(1, 2).reshape(weight.shape)
        self.arrays["enter.weight"] = np.ascontiguousarray(swapped)
        return result

    def _residual(self, name: str, block: nn.Module, x: str) -> str:
        assert isinstance(block, Block)
        first = self._rectified(f"{name}.first", block.first, x)
        second = self._conv(f"{name}.second", block.second, first)
        return self._add("Relu", [self._add("Add", [x, second], f"{name}.sum")], name)

    def _rectified(self, name: str, conv: nn.Module, x: str) -> str:
        return self._add("Relu", [self._conv(name, conv, x)], f"{name}.relu")

    def _enlarged(self, x: str) -> str:
        self.arrays["scales4"] = np.array((1, 1, COLOUR_STEP, COLOUR_STEP), np.float32)
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        return self._add("Resize", [x, "", "scales4"], f"{x}.large", **how)

    def _corrected(self, x: str, slopes: str, detail: str, correction: str) -> None:
        self._set("half", 0.5)
        self._set("limit", LIMIT)
        planes = self._add("DepthToSpace", [detail], "planes", blocksize=2, mode="CRD")
        self._split(planes, "logit", "gate")
        centred = self._add("Sub", [x, "half"], "centred")
        product = self._add("Mul", [slopes, centred], "products")
        models = self._conv_of_ones(product)
        logit = self._add("Tanh", [self._add("Add", ["logit", models], "logits")], "bounded")
        gate = self._add("Sigmoid", ["gate"], "open")
        gated = self._add("Mul", [logit, gate], "gated")
        self._add("Mul", [gated, "limit"], correction)

    def _split(self, planes: str, *names: str) -> None:
        """Each plane by itself."""
        self.nodes.append(
            helper.make_node("Split", [planes], list(names), name=planes + ".split", axis=1)
        )

    def _conv_of_ones(self, x: str) -> str:
        """The sum of the channels: as a convolution it is fused with what is around it."""
        self.arrays["ones"] = np.ones((1, CHANNELS, 1, 1), np.float32)
        return self._add("Conv", [x, "ones"], f"{x}.sum", kernel_shape=[1, 1])

    def _set(self, name: str, value: float) -> None:
        self.arrays[name] = np.array(value, np.float32)

"""The edge's generator written as an ONNX graph that takes patches as the pipeline has them."""

import re
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import TensorProto
from torch import Tensor, nn

from pipeline.edges import CHANNELS
from training.edge_network import LIMIT, PIXELS, Block, EdgeGenerator
from training.graph import Graph, array

_WHITE = np.float32(255)
_OF_PIXELS = {"enter.weight": 1, "affine.weight": 0, "affine.bias": 0}
"""What reads or makes the pixels of the patch, and the axis that counts them."""
_NUMBERED = re.compile(r"(?<=block)s\.(?=\d)|\.(?=\d)")
"""What a layer's name here lacks of its name in torch: blocks.0.first is block0.first."""


class EdgeGraph(Graph):
    """`correct` writes all of it; see training/edge_network.py for what each part is.

    Pixels stay 0…255: what they are divided by is in the weights. ONNX's SpaceToDepth counts the
    pixels first and torch's pixel_unshuffle the channels, so those weights are put in its order.
    """

    def correct(self, network: EdgeGenerator, patches: str, correction: str, colour: str) -> None:
        """From uint8 (N, S, S, 5) to what `EdgeGenerator` gives, float32."""
        pixels = self._pixels(patches)
        level = self._rectified("enter", network.enter, pixels)
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
        self._corrected(network, pixels, level, correction)
        for name, axis in _OF_PIXELS.items():
            self.arrays[name] = _swapped(self.arrays[name], axis, CHANNELS) / _WHITE
        self._add("Tanh", [self._conv("colour", network.colour, quarter)], colour)

    def _pixels(self, patches: str) -> str:
        """float32 (N, 20, S / 2, S / 2), 0…255."""
        floats = self._add("Cast", [patches], "floats", to=TensorProto.FLOAT)
        planes = self._add("Transpose", [floats], "planes", perm=[0, 3, 1, 2])
        return self._add("SpaceToDepth", [planes], "pixels", blocksize=2)

    def _corrected(self, network: EdgeGenerator, pixels: str, level: str, correction: str) -> None:
        slopes = self._conv("affine", network.affine, level)
        models = self._summed(self._add("Mul", [slopes, pixels], "products"))
        detail = self._conv("detail", network.detail, level)
        bounded = self._add("Tanh", [self._add("Add", [detail, models], "logits")], "bounded")
        gate = self._add("Sigmoid", [self._conv("gate", network.gate, level)], "gate.open")
        gated = self._add("Mul", [bounded, gate], "gated")
        self.arrays["limit"] = np.array(LIMIT, np.float32)
        limited = self._add("Mul", [gated, "limit"], "limited")
        self._add("DepthToSpace", [limited], correction, blocksize=2, mode="CRD")

    def _residual(self, name: str, block: nn.Module, x: str) -> str:
        assert isinstance(block, Block)
        first = self._rectified(f"{name}.first", block.first, x)
        second = self._conv(f"{name}.second", block.second, first)
        return self._add("Relu", [self._add("Add", [x, second], f"{name}.sum")], name)

    def _summed(self, products: str) -> str:
        """Over the channels, for each pixel: as a convolution it is fused with what is around."""
        sums = np.kron(np.eye(PIXELS), np.ones((1, CHANNELS)))[..., None, None]
        self.arrays["sums"] = sums.astype(np.float32)
        return self._add("Conv", [products, "sums"], "models", kernel_shape=[1, 1])


def weights_of(arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """An `EdgeGenerator`'s state, from the arrays of the graph that was written of it."""
    found = dict(arrays)
    for name, axis in _OF_PIXELS.items():
        found[name] = torch.from_numpy(_swapped(array(arrays[name]), axis, PIXELS) * _WHITE)
    return {name: found[_NUMBERED.sub("", name)] for name in EdgeGenerator().state_dict()}


def _swapped(values: NDArray[np.float32], axis: int, outer: int) -> NDArray[np.float32]:
    """With an axis of channels and their pixels, `outer` counted by the first, the other way."""
    shape = (*values.shape[:axis], outer, -1, *values.shape[axis + 1 :])
    swapped = values.reshape(shape).swapaxes(axis, axis + 1).reshape(values.shape)
    return np.ascontiguousarray(swapped)

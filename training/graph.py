"""An ONNX graph as it is written: what our networks are made of, by the layers' names.

There is no arithmetic on shapes: maps are halved and doubled, and their sides divide by that.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from torch import Tensor, nn

_SCALES = "scales"


class Graph:
    """Nodes and weights of a graph; each method adds some and names its result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self._made: set[str] = set()
        self.arrays: dict[str, NDArray[Any]] = {_SCALES: np.array((1, 1, 2, 2), np.float32)}

    def _conv(self, name: str, conv: nn.Module, x: str, pads: list[int] | None = None) -> str:
        assert isinstance(conv, nn.Conv2d)
        assert conv.bias is not None
        weight, bias = self._weight(f"{name}.weight", conv.weight), f"{name}.bias"
        self.arrays[bias] = array(conv.bias)
        shape = {
            "kernel_shape": conv.kernel_size,
            "dilations": conv.dilation,
            "strides": conv.stride,
            "group": conv.groups,
            "pads": pads or [int(pad) for pad in conv.padding] * 2,
        }
        return self._add("Conv", [x, weight, bias], f"{name}.conv", **shape)

    def _rectified(self, name: str, conv: nn.Module, x: str) -> str:
        return self._add("Relu", [self._conv(name, conv, x)], f"{name}.relu")

    def _weight(self, name: str, weight: Tensor) -> str:
        """Kept as it is."""
        self.arrays[name] = array(weight)
        return name

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


def array(values: Tensor) -> NDArray[Any]:
    return np.asarray(values.detach().contiguous().cpu().numpy())

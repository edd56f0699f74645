"""Matting networks made for a test: one convolution, whose alpha is a sum of input channels."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PLAIN = {"mean": "0,0,0", "std": "1,1,1"}
"""Metadata by which pixels reach the network as 0…1."""
RED, UNKNOWN_OF_THREE = 0, 4
"""Channels, counted over all inputs."""
Side = int | str


def save_matting_model(
    path: Path,
    channels: Sequence[int] = (4,),
    sides: tuple[Side, Side] = ("h", "w"),
    takes: Mapping[int, float] = {RED: 1.0},
    metadata: Mapping[str, str] = PLAIN,
    names: Sequence[str] = ("picture", "trimap"),
    outputs: int = 1,
    only: Sequence[int] | None = None,
) -> Path:
    """Inputs of so many `channels` each; alpha is the sum of channels times what `takes` says.

    `only`: it fails on pictures that cannot be brought into this shape.
    """
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, count, *sides])
        for name, count in zip(names, channels, strict=False)
    ]
    weights = np.zeros((outputs, sum(channels), 1, 1), np.float32)
    for channel, factor in takes.items():
        weights[:, channel] = factor
    nodes = [
        helper.make_node("Concat", [one.name for one in inputs], ["all"], axis=1),
        helper.make_node("Conv", ["all", "weights"], ["alpha"]),
    ]
    if only is not None:
        nodes[-1].output[0] = "found"
        nodes.append(helper.make_node("Reshape", ["found", "shape"], ["alpha"]))
    constants = [numpy_helper.from_array(weights, "weights")]
    constants += [numpy_helper.from_array(np.array(only, np.int64), "shape")] if only else []
    alpha = helper.make_tensor_value_info("alpha", TensorProto.FLOAT, [1, outputs, *sides])
    graph = helper.make_graph(nodes, "tiny", inputs, [alpha], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, dict(metadata))
    onnx.save(model, path)
    return path

"""A network of the shape of U²-Net in miniature: small enough to be made for a test."""

from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13

from pipeline.network import NetworkSpec

SPEC = NetworkSpec(size=64, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def make_graph(size: int = 64, channels: int = 3) -> ov.Model:
    """Output 0 stems from full resolution, output 1 from half, both (1, 1, size, size), 0…1."""
    random = np.random.default_rng(7)
    picture = opset13.parameter([1, channels, size, size], np.float32, "picture")
    fine = _convolve(picture, 8, random)
    pooled = opset13.max_pool(fine, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)
    coarse = _convolve(pooled, 8, random)
    joined = opset13.concat([_double(coarse), fine], 1)
    side = _double(_convolve(coarse, 1, random, relu=False))
    fused = _convolve(_convolve(joined, 8, random), 1, random, relu=False)
    outputs = [opset13.sigmoid(logits).output(0) for logits in (fused, side)]
    for output, name in zip(outputs, ("fused", "side"), strict=True):
        output.set_names({name})
    graph = ov.Model(outputs, [picture], "tiny")
    for place, node in enumerate(graph.get_ordered_ops()):  # else they differ from graph to graph
        node.set_friendly_name(f"{node.get_type_name()}_{place}")
    return graph


def save_tiny_network(folder: Path, channels: int = 3) -> Path:
    """The graph as a file that OpenVINO reads."""
    path = folder / "tiny.xml"
    ov.save_model(make_graph(channels=channels), path, compress_to_fp16=False)
    return path


def make_picture(size: int, seed: int = 0) -> NDArray[np.uint8]:
    """A bright disc on a dim slope with noise: uint8 (size, size, 3)."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size] / size
    disc = np.hypot(rows - 0.5 + 0.05 * seed, columns - 0.5) < 0.3
    grey = 60 * columns + 120 * disc
    noisy = grey[..., None] + random.normal(30, 8, (size, size, 3))
    return np.asarray(noisy.clip(0, 255), np.uint8)


def _convolve(
    source: ov.Node | ov.Output, channels: int, random: np.random.Generator, relu: bool = True
) -> ov.Node:
    inputs = source.get_output_partial_shape(0)[1] if isinstance(source, ov.Node) else 8
    count = inputs.get_length() if isinstance(inputs, ov.Dimension) else inputs
    weights = random.normal(0, 0.3, (channels, count, 3, 3)).astype(np.float32)
    result = opset13.convolution(source, weights, [1, 1], [1, 1], [1, 1], [1, 1])
    return opset13.relu(result) if relu else result


def _double(source: ov.Node) -> ov.Node:
    return opset13.interpolate(
        source,
        np.array([2.0, 2.0], np.float32),
        "linear_onnx",
        "scales",
        axes=np.array([2, 3]),
        coordinate_transformation_mode="half_pixel",
    )

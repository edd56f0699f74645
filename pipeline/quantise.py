"""Eight-bit networks without a quantiser at hand: measured ranges put into the fetched network.

A calibration file holds the range of every activation, measured on photos by bench/calibrate.py.
At load each activation gets a FakeQuantize of that range, and each convolution's weights one from
the weights themselves; OpenVINO turns the sum of them into 8-bit arithmetic.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13
from openvino.passes import ConstantFolding, Manager

Range = tuple[float, float]
"""Least and greatest value of a tensor; 0 lies between them."""

_ACTIVATIONS = {"Parameter", "Relu", "Minimum", "Add", "Interpolate"}
"""ONNX's Clip is read as a maximum and a minimum."""
_RECTIFIERS = {"Relu"}, {"Maximum"}
_CONVOLUTIONS = {"Convolution", "GroupConvolution"}
ACTIVATION_LEVELS = 256
WEIGHT_LEVELS = 255
"""-127 … 127: symmetric, so that a weight of 0 stays 0."""
SMALLEST = 1e-12
"""No range and no weights' peak is taken for less."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Ranges of a network's activations, by the name of the node that makes them."""

    model_sha256: str
    ranges: Mapping[str, Range]


@cache
def known_calibrations() -> tuple[Calibration, ...]:
    """The calibrations that come with the package."""
    folder = files("pipeline") / "calibration"
    found = [
        json.loads(entry.read_text()) for entry in folder.iterdir() if entry.name.endswith(".json")
    ]
    return tuple(
        Calibration(
            one["model_sha256"], {name: (low, high) for name, (low, high) in one["ranges"].items()}
        )
        for one in found
    )


def find_calibration(path: Path) -> Calibration | None:
    """The calibration of exactly this model file, if there is one."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return next((one for one in known_calibrations() if one.model_sha256 == digest), None)


def activations(graph: ov.Model) -> Iterator[ov.Node]:
    """The nodes whose result is worth 8 bits.

    Maps of one channel are left out: they are the logits of the outputs, cheap and sensitive. So
    are whole numbers, a sum that is rectified at once, as most convolutions' with their bias are,
    and what is enlarged or added up before it is: what comes of that has a range.
    """
    for node in graph.get_ordered_ops():
        if node.get_type_name() not in _ACTIVATIONS or _is_passing(node):
            continue
        output = node.output(0)
        shape = output.get_partial_shape()
        if shape.rank.get_length() == 4 and shape[1] != 1 and output.get_element_type().is_real():
            yield node


def quantise(graph: ov.Model, ranges: Mapping[str, Range]) -> None:
    """Put FakeQuantize behind the activations and the weights of a graph, in place.

    Nodes that have no range stay as they are.
    """
    _fold(graph)
    shared = _shared_by_concats(graph, ranges)
    for node in list(activations(graph)):
        if node.get_friendly_name() in shared:
            _quantise_activation(node, shared[node.get_friendly_name()])
    for node in graph.get_ordered_ops():
        if node.get_type_name() in _CONVOLUTIONS:
            _quantise_weights(node)
    graph.validate_nodes_and_infer_types()


def _fold(graph: ov.Model) -> None:
    """Weights that the file keeps in float16 become the float32 that is computed with."""
    passes = Manager()
    passes.register_pass(ConstantFolding())
    passes.run_passes(graph)


def _is_passing(node: ov.Node) -> bool:
    if _is_rectified(node):
        return True
    first = node.input_value(0).get_node() if node.get_type_name() == "Add" else node
    biased = first.get_type_name() in _CONVOLUTIONS
    return biased and not any(_wants_8_bits(reader) for reader in _readers(node))


def _wants_8_bits(reader: ov.Node) -> bool:
    if reader.get_type_name() == "Add":
        return not _is_rectified(reader)
    return reader.get_type_name() in {*_CONVOLUTIONS, "Concat"}


def _is_rectified(node: ov.Node) -> bool:
    return {reader.get_type_name() for reader in _readers(node)} in _RECTIFIERS


def _readers(node: ov.Node) -> list[ov.Node]:
    return [reader.get_node() for reader in node.output(0).get_target_inputs()]


def _shared_by_concats(graph: ov.Model, ranges: Mapping[str, Range]) -> dict[str, Range]:
    """The ranges, one for all inputs of a concatenation: only then it stays in 8 bits."""
    shared = dict(ranges)
    for node in graph.get_ordered_ops():
        names = [value.get_node().get_friendly_name() for value in node.input_values()]
        if node.get_type_name() != "Concat" or not all(name in shared for name in names):
            continue
        lows, highs = zip(*(shared[name] for name in names), strict=True)
        shared.update(dict.fromkeys(names, (min(lows), max(highs))))
    return shared


def _quantise_activation(node: ov.Node, limits: Range) -> None:
    low, high = _with_exact_zero(*limits)
    bounds = np.float32(low), np.float32(high)
    readers = [
        reader
        for reader in node.output(0).get_target_inputs()
        if reader.get_node().get_type_name() not in {"ShapeOf", "Result"}
    ]
    quantised = opset13.fake_quantize(node.output(0), *bounds, *bounds, ACTIVATION_LEVELS)
    for reader in readers:
        reader.replace_source_output(quantised.output(0))


def _with_exact_zero(low: float, high: float) -> Range:
    """The range moved so that 0 is one of its levels: padding and Relu make many zeros."""
    low, high = min(low, 0.0), max(high, SMALLEST)
    step = (high - low) / (ACTIVATION_LEVELS - 1)
    zero = round(-low / step)
    return -zero * step, (ACTIVATION_LEVELS - 1 - zero) * step


def _quantise_weights(convolution: ov.Node) -> None:
    """Symmetric and per output channel; only where the activation that comes in is quantised."""
    weights = convolution.input_value(1)
    if weights.get_node().get_type_name() != "Constant" or not _is_quantised(convolution):
        return
    values: NDArray[np.float32] = weights.get_node().get_data()
    inner = tuple(range(1 if convolution.get_type_name() == "Convolution" else 2, values.ndim))
    peak = np.maximum(np.abs(values).max(axis=inner, keepdims=True), SMALLEST)
    bounds = -peak, peak
    quantised = opset13.fake_quantize(weights, *bounds, *bounds, WEIGHT_LEVELS)
    convolution.input(1).replace_source_output(quantised.output(0))


def _is_quantised(node: ov.Node) -> bool:
    """Whether all that a node reads is in 8 bits, seen through what only moves values around."""
    sources = [value.get_node() for value in node.input_values()]
    if node.get_type_name() == "Concat":
        return all(_makes_8_bits(source) for source in sources)
    return _makes_8_bits(sources[0])


def _makes_8_bits(node: ov.Node) -> bool:
    if node.get_type_name() in {"Concat", "MaxPool"}:
        return _is_quantised(node)
    return bool(node.get_type_name() == "FakeQuantize")

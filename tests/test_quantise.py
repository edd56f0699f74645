"""Networks in 8 bits, on a tiny one that the tests make."""

import numpy as np
import openvino as ov
import pytest
from numpy.typing import NDArray
from openvino import opset13

from pipeline.openvino_network import has_vnni, with_normalisation
from pipeline.quantise import Range, activations, known_calibrations, quantise
from tests.tiny_network import SPEC, make_graph, make_picture

INT8_MEAN_ERROR = 0.02
"""Of alpha, on the tiny network, whose random weights are harsher than trained ones."""


@pytest.fixture
def ranges() -> dict[str, Range]:
    """Of the tiny network, measured on the pictures that the tests use."""
    graph = make_graph()
    nodes = list(activations(graph))
    measured = ov.Model([node.output(0) for node in nodes], graph.get_parameters(), "measured")
    run = ov.Core().compile_model(with_normalisation(measured, SPEC), "CPU")
    results = run(make_picture(64)[None].astype(np.float32))
    return {
        node.get_friendly_name(): (float(results[index].min()), float(results[index].max()))
        for index, node in enumerate(nodes)
    }


def test_int8_stays_close_to_f32(ranges: dict[str, Range]) -> None:
    graph = make_graph()
    quantise(graph, ranges)
    error = np.abs(_run(graph) - _run(make_graph()))
    assert 0 < error.mean() < INT8_MEAN_ERROR


def test_inputs_of_a_concatenation_share_a_range(ranges: dict[str, Range]) -> None:
    graph = make_graph()
    quantise(graph, ranges)
    concat = next(node for node in graph.get_ops() if node.get_type_name() == "Concat")
    sources = [value.get_node() for value in concat.input_values()]
    assert {source.get_type_name() for source in sources} == {"FakeQuantize"}
    assert len({_upper_bound(source) for source in sources}) == 1


def test_zero_is_kept_exactly() -> None:
    """Padding is zero: an input range whose levels miss it would tint every border."""
    graph = make_graph()
    (source,) = graph.get_parameters()
    quantise(graph, {source.get_friendly_name(): (-2.1, 2.6)})
    (reader,) = source.output(0).get_target_inputs()
    low, high = (float(reader.get_node().input_value(at).get_node().get_data()) for at in (1, 2))
    zero_level = -low / ((high - low) / 255)
    assert zero_level == pytest.approx(round(zero_level), abs=1e-4)


def test_a_node_without_a_range_stays_in_floating_point() -> None:
    graph = make_graph()
    quantise(graph, {})
    assert "FakeQuantize" not in {node.get_type_name() for node in graph.get_ops()}


def test_what_is_counted_and_what_is_rectified_at_once_stays_as_it_is() -> None:
    """Pixels are whole numbers already; of a sum and its rectified form one range is enough."""
    pixels = opset13.parameter([1, 3, 8, 8], np.uint8, "pixels")
    values = opset13.convert(pixels, np.float32)
    summed = opset13.add(opset13.relu(values), values)
    rectified = opset13.relu(summed)
    graph = ov.Model([opset13.add(rectified, values)], [pixels], "sums")
    kinds = [node.get_type_name() for node in activations(graph)]
    assert kinds == ["Relu", "Relu", "Add"]


def test_what_is_clipped_or_projected_and_each_channel_of_its_own_filter_are_in_8_bits() -> None:
    """As in EfficientNet: a Clip is a maximum and a minimum, and some sums are not rectified."""
    picture = opset13.parameter([1, 2, 8, 8], np.float32, "picture")
    filters = np.ones((2, 1, 1, 3, 3), np.float16) * np.array([1, 64])[:, None, None, None, None]
    halves = opset13.convert(opset13.constant(filters.astype(np.float16)), np.float32)
    deep = opset13.group_convolution(picture, halves, [1, 1], [1, 1], [1, 1], [1, 1])
    clipped = opset13.minimum(opset13.maximum(deep, np.float32(0)), np.float32(6))
    weights = np.ones((2, 2, 1, 1), np.float32)
    projected = opset13.convolution(clipped, weights, [1, 1], [0, 0], [0, 0], [1, 1])
    biased = opset13.add(projected, np.ones((1, 2, 1, 1), np.float32))
    graph = ov.Model([opset13.add(biased, picture)], [picture], "inverted")
    named = {node.get_type_name(): node for node in (picture, clipped, biased)}
    assert [node.get_type_name() for node in activations(graph)] == [*named, "Add"]
    quantise(graph, {node.get_friendly_name(): (-1.0, 1.0) for node in named.values()})
    for node in (deep, projected):
        kinds = [value.get_node().get_type_name() for value in node.input_values()]
        assert kinds == ["FakeQuantize"] * 2
    peaks = deep.input_value(1).get_node().input_value(2).get_node().get_data()
    assert peaks.ravel().tolist() == [1, 64]


@pytest.mark.skipif(not has_vnni(), reason="the processor has no VNNI")
def test_convolutions_really_run_in_8_bits(ranges: dict[str, Range]) -> None:
    graph = make_graph()
    quantise(graph, ranges)
    request = _compile(graph, PERF_COUNT=True).create_infer_request()
    request.infer({0: _batch()})
    kinds = [one.exec_type for one in request.profiling_info if one.node_type == "Convolution"]
    assert any(kind.endswith("I8") for kind in kinds), kinds


def test_committed_calibrations_hold_ranges_around_zero() -> None:
    for calibration in known_calibrations():
        assert len(calibration.model_sha256) == 64
        assert all(low <= 0 < high for low, high in calibration.ranges.values())


def _compile(graph: ov.Model, **properties: object) -> ov.CompiledModel:
    exact = {"INFERENCE_PRECISION_HINT": "f32", **properties}
    return ov.Core().compile_model(with_normalisation(graph, SPEC), "CPU", exact)


def _batch() -> NDArray[np.float32]:
    return make_picture(64)[None].astype(np.float32)


def _run(graph: ov.Model) -> NDArray[np.float32]:
    return np.asarray(_compile(graph)(_batch())[0][0, 0])


def _upper_bound(quantised: ov.Node) -> float:
    return float(quantised.input_value(2).get_node().get_data())

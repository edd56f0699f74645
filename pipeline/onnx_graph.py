"""ONNX files cut to what is used of them, with the normalisation put inside."""

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import ModelError
from pipeline.network import HALF_PIXEL, NetworkSpec, refuse_offset


def cut_model(path: Path, spec: NetworkSpec, half: bool = False) -> tuple[bytes, bool]:
    """The part of an ONNX file that the spec's output needs, normalisation included.

    It takes float32 (1, height, width, channels), 0…255, gives float32 (1, 1, h, w), and with
    `half` computes in float16 between them. True: what it gives are logits, as coarse as they were
    computed, see `alpha_from_logits`.
    """
    import onnx

    try:
        model = onnx.load(path)
    except Exception as error:  # protobuf's own DecodeError moves between its versions
        raise ModelError(f"{path} cannot be read as an ONNX file: fetch it again") from error
    named = _find_output([one.name for one in model.graph.output], spec.output)
    output = _logits(model.graph, named)
    if output is None:
        refuse_offset(spec)
    model = _extract(model, output or named)
    _forget_shapes(model.graph)
    if half:
        model = _halve(model)
    _normalise(model.graph, spec)
    return model.SerializeToString(), output is not None


def _extract(model: Any, output: str) -> Any:
    """The model without what that output does not need. The extractor knows typed values only."""
    from onnx import TensorProto, helper, utils

    value = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
    model.graph.value_info.append(value)
    return utils.Extractor(model).extract_model([model.graph.input[0].name], [output])


def _halve(model: Any) -> Any:
    """The model in float16 between its input and output."""
    from onnxruntime.transformers.float16 import convert_float_to_float16

    graph = model.graph
    for node in [node for node in graph.node if node.op_type == "Constant"]:
        if node.attribute[0].name == "value":
            # Resize keeps its scales in float32, which the converter knows of initializers only.
            graph.initializer.add().CopyFrom(node.attribute[0].t)
            graph.initializer[-1].name = node.output[0]
            graph.node.remove(node)
    return convert_float_to_float16(model, keep_io_types=True, disable_shape_infer=True)


def _find_output(names: list[str], wanted: int | str) -> str:
    if isinstance(wanted, int) and 0 <= wanted < len(names):
        return names[wanted]
    if wanted in names:
        return str(wanted)
    raise ModelError(f"the network has no output {wanted!r}; it has {', '.join(names)}")


def _forget_shapes(graph: Any) -> None:
    """Sizes written for the file's own input are wrong for others; the runtime infers them."""
    del graph.value_info[:]
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")


def _logits(graph: Any, alpha: str) -> str | None:
    """What an output's sigmoid is taken of, before it is enlarged bilinearly; None without one."""
    makers = {name: node for node in graph.node for name in node.output}
    if makers[alpha].op_type != "Sigmoid":
        return None
    logits = makers[alpha].input[0]
    return makers[logits].input[0] if _is_bilinear(makers[logits]) else logits


def _is_bilinear(node: Any) -> bool:
    how = {one.name: one.s.decode() for one in node.attribute if one.s}
    transformed = how.get("coordinate_transformation_mode", "half_pixel")
    return node.op_type == "Resize" and how.get("mode") == "linear" and transformed in HALF_PIXEL


def _normalise(graph: Any, spec: NetworkSpec) -> None:
    """Put before the graph what turns a picture into its input."""
    from onnx import TensorProto, helper, numpy_helper

    inner = graph.input[0].name
    mean, std = (np.array(one, np.float32) for one in (spec.offsets, spec.scales))
    graph.initializer.append(numpy_helper.from_array(mean, "pixel_mean"))
    graph.initializer.append(numpy_helper.from_array(1 / std, "pixel_scale"))
    steps = [
        helper.make_node("Sub", ["picture", "pixel_mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "pixel_scale"], ["normalised"]),
        helper.make_node("Transpose", ["normalised"], [inner], perm=[0, 3, 1, 2]),
    ]
    for place, node in enumerate(steps):
        graph.node.insert(place, node)
    width, height = spec.shape
    shape = [1, height, width, spec.channels]
    graph.input[0].CopyFrom(helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape))

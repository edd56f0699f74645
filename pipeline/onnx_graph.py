"""ONNX files cut to what is used of them, with the normalisation put inside."""

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import ModelError
from pipeline.network import NetworkSpec

_PIXEL_MAX = 255.0


def cut_model(path: Path, spec: NetworkSpec, half: bool = False) -> bytes:
    """The part of an ONNX file that the spec's output needs, normalisation included.

    It takes float32 (1, size, size, 3), 0…255, and gives float32 (1, 1, h, w), 0…1; with `half`
    it computes in float16 between them.
    """
    import onnx

    try:
        model = onnx.load(path)
    except Exception as error:  # protobuf's own DecodeError moves between its versions
        raise ModelError(f"{path} cannot be read as an ONNX file: fetch it again") from error
    output = _find_output([one.name for one in model.graph.output], spec.output)
    model = onnx.utils.Extractor(model).extract_model([model.graph.input[0].name], [output])
    _forget_shapes(model.graph)
    if spec.logit_offset:
        _offset(model.graph, spec.logit_offset)
    if half:
        model = _halve(model)
    _normalise(model.graph, spec)
    return model.SerializeToString()


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


def _offset(graph: Any, offset: float) -> None:
    from onnx import helper, numpy_helper

    last = next(node for node in graph.node if graph.output[0].name in node.output)
    if last.op_type != "Sigmoid":
        raise ModelError("the network's output ends in no sigmoid: leave logit_offset at 0")
    graph.initializer.append(numpy_helper.from_array(np.array(offset, np.float32), "logit_offset"))
    add = helper.make_node("Add", [last.input[0], "logit_offset"], ["offset_logits"])
    last.input[0] = "offset_logits"
    graph.node.insert(list(graph.node).index(last), add)


def _normalise(graph: Any, spec: NetworkSpec) -> None:
    """Put before the graph what turns a picture into its input."""
    from onnx import TensorProto, helper, numpy_helper

    inner = graph.input[0].name
    mean, std = (np.array(one, np.float32) * _PIXEL_MAX for one in (spec.mean, spec.std))
    graph.initializer.append(numpy_helper.from_array(mean, "pixel_mean"))
    graph.initializer.append(numpy_helper.from_array(1 / std, "pixel_scale"))
    steps = [
        helper.make_node("Sub", ["picture", "pixel_mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "pixel_scale"], ["normalised"]),
        helper.make_node("Transpose", ["normalised"], [inner], perm=[0, 3, 1, 2]),
    ]
    for place, node in enumerate(steps):
        graph.node.insert(place, node)
    shape = [1, spec.size, spec.size, 3]
    graph.input[0].CopyFrom(helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape))

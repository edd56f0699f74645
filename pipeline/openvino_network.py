"""Networks run by OpenVINO on the processor."""

import logging
import queue
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import Layout, opset13
from openvino.preprocess import PrePostProcessor

from pipeline.errors import ModelError, RuntimeUnavailableError
from pipeline.network import (
    NetworkSpec,
    Picture,
    RuntimeOptions,
    check_picture,
)
from pipeline.quantise import Calibration, find_calibration, quantise

logger = logging.getLogger(__name__)

_CAPABILITIES = {"f32": "FP32", "bf16": "BF16", "f16": "FP16"}
_PIXEL_MAX = 255.0


class OpenVinoNetwork:
    """A network compiled for this processor. See `pipeline.network.Network`."""

    runtime = "openvino"

    def __init__(self, path: Path, spec: NetworkSpec, options: RuntimeOptions) -> None:
        core = ov.Core()
        calibration = find_calibration(path)
        self.precision = _choose_precision(core, options.precision, calibration)
        self.device = str(core.get_property("CPU", "FULL_DEVICE_NAME"))
        graph = cut_graph(read_graph(core, path), spec)
        if self.precision == "int8" and calibration is not None:
            quantise(graph, calibration.ranges)
        compiled = core.compile_model(
            with_normalisation(graph, spec), "CPU", _properties(core, self.precision, options)
        )
        self.loaded_from_cache = bool(compiled.get_property("LOADED_FROM_CACHE"))
        self._size = spec.size
        self._idle: queue.SimpleQueue[ov.InferRequest] = queue.SimpleQueue()
        for _ in range(options.parallel):
            self._idle.put(compiled.create_infer_request())

    def __call__(self, picture: Picture) -> NDArray[np.float32]:
        check_picture(picture, self._size)
        request = self._idle.get()
        try:
            np.copyto(request.get_input_tensor(0).data[0], picture)
            request.start_async()
            request.wait()
            alpha: NDArray[np.float32] = request.get_output_tensor(0).data[0, 0].copy()
            return alpha
        finally:
            self._idle.put(request)


def read_graph(core: ov.Core, path: Path) -> ov.Model:
    """The network as its file has it. Raises ModelError if it is none."""
    try:
        return core.read_model(path)
    except RuntimeError as error:
        raise ModelError(f"{path} cannot be read as a network: fetch it again") from error


def input_size(path: Path) -> int | None:
    """The side of the picture that a network's file asks for; None if any will do."""
    side = read_graph(ov.Core(), path).input(0).get_partial_shape()[-1]
    return int(side.get_length()) if side.is_static else None


def cut_graph(graph: ov.Model, spec: NetworkSpec) -> ov.Model:
    """The part of a graph that the spec's output needs, for inputs of the spec's size.

    Takes and gives (1, C, H, W) float32, as the file does. The graph given is reshaped too.
    """
    graph.reshape([1, 3, spec.size, spec.size])
    wanted = _find_output(graph, spec.output).get_node().input_value(0)
    if spec.logit_offset:
        wanted = _offset(wanted, spec.logit_offset)
    return ov.Model([wanted], graph.get_parameters(), graph.get_friendly_name())


def with_normalisation(graph: ov.Model, spec: NetworkSpec) -> ov.Model:
    """The graph with its input as a picture: float32 (1, H, W, 3), 0…255."""
    steps = PrePostProcessor(graph)
    steps.input().tensor().set_layout(Layout("NHWC"))
    steps.input().model().set_layout(Layout("NCHW"))
    steps.input().preprocess().mean([_PIXEL_MAX * value for value in spec.mean]).scale(
        [_PIXEL_MAX * value for value in spec.std]
    )
    return steps.build()


def _find_output(graph: ov.Model, wanted: int | str) -> ov.Output:
    try:
        return graph.output(wanted)
    except (IndexError, RuntimeError) as error:
        names = ", ".join(name for output in graph.outputs for name in output.get_names())
        raise ModelError(f"the network has no output {wanted!r}; it has {names}") from error


def _offset(alpha: ov.Output, offset: float) -> ov.Output:
    sigmoid = alpha.get_node()
    if sigmoid.get_type_name() != "Sigmoid":
        raise ModelError("the network's output ends in no sigmoid: leave logit_offset at 0")
    moved = opset13.add(sigmoid.input_value(0), np.float32(offset))
    return opset13.sigmoid(moved).output(0)


def _choose_precision(core: ov.Core, wanted: str, calibration: Calibration | None) -> str:
    has = set(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    if wanted == "auto":
        if calibration is not None and has_vnni():
            return "int8"
        return "bf16" if "BF16" in has else "f32"
    if wanted == "int8":
        if calibration is None:
            raise RuntimeUnavailableError(
                "int8 needs this model file's calibration and there is none: "
                "choose precision auto, or measure one with bench/calibrate.py"
            )
        return "int8"
    if _CAPABILITIES[wanted] not in has:
        raise RuntimeUnavailableError(
            f"this processor has no {wanted} arithmetic: choose precision auto or f32"
        )
    return wanted


def has_vnni() -> bool:
    """Whether the processor multiplies 8-bit numbers fast and exactly.

    Known on Linux only; elsewhere int8 has to be asked for. Without VNNI OpenVINO's 8-bit sums may
    saturate, which is why it is not left to capability "INT8": that every processor claims.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_vnni" in flags or "avx_vnni" in flags


def _properties(core: ov.Core, precision: str, options: RuntimeOptions) -> dict[str, object]:
    rest = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
    properties: dict[str, object] = {
        "INFERENCE_PRECISION_HINT": rest if precision == "int8" else precision,
        "INFERENCE_NUM_THREADS": options.thread_count,
        # One thread a stream has no barriers between threads: a tenth more pictures a second.
        "NUM_STREAMS": min(options.parallel, options.thread_count),
        # The codecs share these processors; a pinned thread would wait for them.
        "ENABLE_CPU_PINNING": False,
    }
    cache = _usable_dir(options.compiled_dir)
    return properties | ({"CACHE_DIR": str(cache)} if cache else {})


def _usable_dir(folder: Path) -> Path | None:
    """The folder, made if need be; None where it cannot be: a cache is never worth a failure."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        logger.warning("compiled networks are not kept: %s", error)
        return None
    return folder

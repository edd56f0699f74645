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
    HALF_PIXEL,
    NetworkSpec,
    Picture,
    RuntimeOptions,
    alpha_from_logits,
    check_picture,
    refuse_offset,
)
from pipeline.quantise import Calibration, find_calibration, quantise

logger = logging.getLogger(__name__)

_CAPABILITIES = {"f32": "FP32", "bf16": "BF16", "f16": "FP16"}
KEPT_NETWORKS = 50
"""In the cache, some 2 MB each."""


class OpenVinoNetwork:
    """A network compiled for this processor. See `pipeline.network.Network`."""

    runtime = "openvino"

    def __init__(self, path: Path, spec: NetworkSpec, options: RuntimeOptions) -> None:
        core = ov.Core()
        calibration = find_calibration(path)
        self.precision = choose_precision(core, options.precision, calibration)
        self.device = str(core.get_property("CPU", "FULL_DEVICE_NAME"))
        graph, self._ends_in_logits = cut_graph(read_graph(core, path), spec)
        if self.precision == "int8" and calibration is not None:
            quantise(graph, calibration.ranges)
        compiled = core.compile_model(
            with_normalisation(graph, spec), "CPU", properties(core, self.precision, options)
        )
        self.loaded_from_cache = bool(compiled.get_property("LOADED_FROM_CACHE"))
        self._spec = spec
        self._idle: queue.SimpleQueue[ov.InferRequest] = queue.SimpleQueue()
        for _ in range(options.parallel):
            self._idle.put(compiled.create_infer_request())

    def __call__(self, picture: Picture) -> NDArray[np.float32]:
        check_picture(picture, self._spec)
        request = self._idle.get()
        try:
            np.copyto(request.get_input_tensor(0).data[0], picture)
            request.start_async()
            request.wait()
            result: NDArray[np.float32] = request.get_output_tensor(0).data[0, 0].copy()
        finally:
            self._idle.put(request)
        return alpha_from_logits(result, self._spec) if self._ends_in_logits else result


def read_graph(core: ov.Core, path: Path) -> ov.Model:
    """The network as its file has it. Raises ModelError if it is none."""
    try:
        return core.read_model(path)
    except RuntimeError as error:
        raise ModelError(f"{path} cannot be read as a network: fetch it again") from error


def input_form(path: Path) -> tuple[int, int | None]:
    """What a network's file asks for: channels, 3 or 4 with the alpha of a frame before, and the
    side of the picture; None if any will do."""
    shape = read_graph(ov.Core(), path).input(0).get_partial_shape()
    return shape[1].get_length(), shape[-1].get_length() if shape[-1].is_static else None


def cut_graph(graph: ov.Model, spec: NetworkSpec) -> tuple[ov.Model, bool]:
    """The part of a graph that the spec's output needs, for inputs of the spec's shape.

    Takes and gives (1, C, H, W) float32, as the file does. The graph given is reshaped too. True:
    what it gives are logits, as coarse as they were computed, see `alpha_from_logits`.
    """
    width, height = spec.shape
    graph.reshape([1, spec.channels, height, width])
    wanted = _find_output(graph, spec.output).get_node().input_value(0)
    ends_in_logits = wanted.get_node().get_type_name() == "Sigmoid"
    if ends_in_logits:
        wanted = _before_resize(wanted.get_node().input_value(0))
    else:
        refuse_offset(spec)
    result = opset13.result(wanted)
    result.set_friendly_name("logits")  # else OpenVINO counts them, and its cache finds none again
    cut = ov.Model([result], graph.get_parameters(), graph.get_friendly_name())
    return cut, ends_in_logits


def with_normalisation(graph: ov.Model, spec: NetworkSpec) -> ov.Model:
    """The graph with its input as a picture: float32 (1, H, W, channels), 0…255."""
    steps = PrePostProcessor(graph)
    steps.input().tensor().set_layout(Layout("NHWC"))
    steps.input().model().set_layout(Layout("NCHW"))
    steps.input().preprocess().mean(spec.offsets).scale(spec.scales)
    return steps.build()


def _find_output(graph: ov.Model, wanted: int | str) -> ov.Output:
    try:
        return graph.output(wanted)
    except (IndexError, RuntimeError) as error:
        names = ", ".join(name for output in graph.outputs for name in output.get_names())
        raise ModelError(f"the network has no output {wanted!r}; it has {names}") from error


def _before_resize(logits: ov.Output) -> ov.Output:
    """What a bilinear enlargement enlarges; the logits themselves where there is none."""
    node = logits.get_node()
    if node.get_type_name() != "Interpolate":
        return logits
    how = node.get_attributes()
    linear = "linear" in how["mode"] and how["coordinate_transformation_mode"] in HALF_PIXEL
    return node.input_value(0) if linear else logits


def choose_precision(core: ov.Core, wanted: str, calibration: Calibration | None) -> str:
    """What is wanted, or the fastest there is. RuntimeUnavailableError if it is not to be had."""
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


def wide_precision(core: ov.Core, wanted: str) -> str:
    """The precision of what is not in 8 bits: what is wanted; for int8 the fastest there is."""
    return choose_precision(core, "auto" if wanted == "int8" else wanted, None)


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


def properties(core: ov.Core, precision: str, options: RuntimeOptions) -> dict[str, object]:
    chosen: dict[str, object] = {
        "INFERENCE_PRECISION_HINT": wide_precision(core, precision),
        "INFERENCE_NUM_THREADS": options.thread_count,
        # One thread a stream has no barriers between threads: a tenth more pictures a second.
        "NUM_STREAMS": min(options.parallel, options.thread_count),
        # The codecs share these processors; a pinned thread would wait for them.
        "ENABLE_CPU_PINNING": False,
    }
    cache = _usable_dir(options.compiled_dir)
    if cache:
        prune(cache)
    return chosen | ({"CACHE_DIR": str(cache)} if cache else {})


def prune(cache: Path, keep: int = KEPT_NETWORKS) -> None:
    """Delete the oldest compiled networks: OpenVINO never does, and new versions use none."""
    blobs = sorted(cache.glob("*.blob"), key=lambda blob: blob.stat().st_mtime, reverse=True)
    for blob in blobs[keep:]:
        blob.unlink(missing_ok=True)


def _usable_dir(folder: Path) -> Path | None:
    """The folder, made if need be; None where it cannot be: a cache is never worth a failure."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        logger.warning("compiled networks are not kept: %s", error)
        return None
    return folder

"""Networks run by ONNX Runtime: on the processor, or on a GPU by CUDA or TensorRT."""

import queue
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.network import (
    NetworkSpec,
    Picture,
    RuntimeOptions,
    RuntimeUnavailableError,
    check_picture,
)

if TYPE_CHECKING:
    import onnxruntime

_PIXEL_MAX = 255.0


@dataclass(frozen=True, slots=True)
class Provider:
    """One of ONNX Runtime's ways to run, as we offer it."""

    name: str
    memory: str
    device: str
    precisions: tuple[str, ...]
    """The first is what `auto` means."""
    extra: str
    """What of livematte's extras brings it."""


PROVIDERS = {
    "onnxruntime": Provider("CPUExecutionProvider", "cpu", "CPU", ("f32",), "cpu"),
    "cuda": Provider("CUDAExecutionProvider", "cuda", "GPU 0", ("f16", "f32"), "gpu"),
    "tensorrt": Provider("TensorrtExecutionProvider", "cuda", "GPU 0", ("f16", "f32"), "gpu"),
}


class OnnxNetwork:
    """A network in an ONNX Runtime session. See `pipeline.network.Network`."""

    def __init__(
        self, path: Path, spec: NetworkSpec, options: RuntimeOptions, runtime: str
    ) -> None:
        provider = PROVIDERS[runtime]
        check_installed(runtime, provider)
        self.runtime = runtime
        self.device = provider.device
        self.precision = _choose_precision(runtime, provider, options.precision)
        half = runtime == "cuda" and self.precision == "f16"
        model = cut_model(path, spec, half)
        self._session = _open_session(model, provider, self.precision, options)
        check_provider(provider, self._session.get_providers())
        self._size = spec.size
        self._idle: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        for _ in range(options.parallel):
            self._idle.put(_Slot(self._session, spec.size, provider.memory))
        if provider.memory == "cuda":
            self._try_out()

    def __call__(self, picture: Picture) -> NDArray[np.float32]:
        check_picture(picture, self._size)
        slot = self._idle.get()
        try:
            slot.source.update_inplace(np.ascontiguousarray(picture[None], np.float32))
            self._session.run_with_iobinding(slot.binding)
            return slot.alpha.numpy()[0, 0].copy()  # type: ignore[no-any-return]
        finally:
            self._idle.put(slot)

    def _try_out(self) -> None:
        """Run once: what is wrong with a GPU often shows at the first picture only."""
        try:
            self(np.zeros((self._size, self._size, 3), np.uint8))
        except Exception as error:  # ONNX Runtime's errors share no narrower base
            raise RuntimeUnavailableError(
                f"runtime {self.runtime} does not work here ({error}): check it with nvidia-smi"
            ) from error


class _Slot:
    """Memory on the device for one call: a picture goes in, an alpha comes out, nothing else."""

    def __init__(self, session: "onnxruntime.InferenceSession", size: int, memory: str) -> None:
        from onnxruntime import OrtValue

        def on_device(*shape: int) -> Any:
            return OrtValue.ortvalue_from_numpy(np.zeros(shape, np.float32), memory, 0)

        self.source = on_device(1, size, size, 3)
        self.alpha = on_device(1, 1, size, size)
        self.binding = session.io_binding()
        self.binding.bind_ortvalue_input(session.get_inputs()[0].name, self.source)
        self.binding.bind_ortvalue_output(session.get_outputs()[0].name, self.alpha)


def check_installed(runtime: str, provider: Provider) -> None:
    """Raise RuntimeUnavailableError unless ONNX Runtime is here and built for the provider."""
    remedy = f'install it with: pip install "livematte[{provider.extra}]"'
    if find_spec("onnxruntime") is None or find_spec("onnx") is None:
        raise RuntimeUnavailableError(f"runtime {runtime} needs ONNX Runtime and onnx: {remedy}")
    import onnxruntime

    if provider.name not in onnxruntime.get_available_providers():
        raise RuntimeUnavailableError(
            f"the ONNX Runtime installed here is built without {runtime}: "
            f"pip uninstall onnxruntime, then {remedy}"
        )


def check_provider(provider: Provider, active: Sequence[str]) -> None:
    """Raise RuntimeUnavailableError if the session fell back to another provider.

    ONNX Runtime does so without an error when libraries of the GPU are missing.
    """
    if active[0] != provider.name:
        raise RuntimeUnavailableError(
            f"ONNX Runtime cannot use {provider.name} and fell back to {active[0]}: check the "
            f'driver with nvidia-smi, and install pip install "livematte[{provider.extra}]"'
        )


def cut_model(path: Path, spec: NetworkSpec, half: bool = False) -> bytes:
    """The part of an ONNX file that the spec's output needs, normalisation included.

    It takes float32 (1, size, size, 3), 0…255, and gives float32 (1, 1, size, size), 0…1; `half`
    computes in float16 between them.
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
        from onnxruntime.transformers.float16 import convert_float_to_float16

        model = convert_float_to_float16(model, keep_io_types=True, disable_shape_infer=True)
    _normalise(model.graph, spec)
    return model.SerializeToString()  # type: ignore[no-any-return]


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


def _choose_precision(runtime: str, provider: Provider, wanted: str) -> str:
    if wanted == "auto":
        return provider.precisions[0]
    if wanted not in provider.precisions:
        raise RuntimeUnavailableError(
            f"runtime {runtime} runs in {' or '.join(provider.precisions)}, not {wanted}: "
            "choose precision auto, or runtime openvino"
        )
    return wanted


def _open_session(
    model: bytes, provider: Provider, precision: str, options: RuntimeOptions
) -> "onnxruntime.InferenceSession":
    import onnxruntime

    if provider.memory == "cuda" and hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()  # finds the CUDA and cuDNN that came as wheels
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.thread_count
    return onnxruntime.InferenceSession(
        model, settings, providers=_provider_list(provider, precision, options)
    )


def _provider_list(provider: Provider, precision: str, options: RuntimeOptions) -> list[Any]:
    if provider.name != "TensorrtExecutionProvider":
        return [provider.name]
    engines = {
        "trt_fp16_enable": precision == "f16",
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(options.compiled_dir),
    }
    return [(provider.name, engines), "CUDAExecutionProvider"]

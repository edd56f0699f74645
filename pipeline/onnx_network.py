"""Networks run by ONNX Runtime: on the processor, or on a GPU by CUDA or TensorRT."""

import queue
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import RuntimeUnavailableError
from pipeline.network import (
    NetworkSpec,
    Picture,
    RuntimeOptions,
    alpha_from_logits,
    check_picture,
)
from pipeline.onnx_graph import cut_model

if TYPE_CHECKING:
    import onnxruntime


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
        model, self._ends_in_logits = cut_model(path, spec, half)
        self._session = open_session(model, provider, self.precision, options)
        check_provider(provider, self._session.get_providers())
        self._spec = spec
        self._idle: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        for _ in range(options.parallel):
            self._idle.put(_Slot(self._session, spec, provider.memory))
        if provider.memory == "cuda":
            self._try_out()

    def __call__(self, picture: Picture) -> NDArray[np.float32]:
        check_picture(picture, self._spec)
        slot = self._idle.get()
        try:
            slot.source.update_inplace(np.ascontiguousarray(picture[None], np.float32))
            self._session.run_with_iobinding(slot.binding)
            result: NDArray[np.float32] = slot.binding.copy_outputs_to_cpu()[0][0, 0]
        finally:
            self._idle.put(slot)
        return alpha_from_logits(result, self._spec) if self._ends_in_logits else result

    def _try_out(self) -> None:
        """Run once: what is wrong with a GPU often shows at the first picture only."""
        try:
            self(_blank(self._spec))
        except Exception as error:  # ONNX Runtime's errors share no narrower base
            raise RuntimeUnavailableError(
                f"runtime {self.runtime} does not work here ({error}): check it with nvidia-smi"
            ) from error


class _Slot:
    """Memory on the device for one call: a picture goes in, an alpha comes out, nothing else."""

    def __init__(
        self, session: "onnxruntime.InferenceSession", spec: NetworkSpec, memory: str
    ) -> None:
        from onnxruntime import OrtValue

        self.source = OrtValue.ortvalue_from_numpy(_blank(spec)[None], memory, 0)
        self.binding = session.io_binding()
        self.binding.bind_ortvalue_input(session.get_inputs()[0].name, self.source)
        self.binding.bind_output(session.get_outputs()[0].name, memory)


def _blank(spec: NetworkSpec) -> NDArray[np.float32]:
    width, height = spec.shape
    return np.zeros((height, width, spec.channels), np.float32)


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


def _choose_precision(runtime: str, provider: Provider, wanted: str) -> str:
    if wanted == "auto":
        return provider.precisions[0]
    if wanted not in provider.precisions:
        raise RuntimeUnavailableError(
            f"runtime {runtime} runs in {' or '.join(provider.precisions)}, not {wanted}: "
            "choose precision auto, or runtime openvino"
        )
    return wanted


def open_session(
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

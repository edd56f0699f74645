"""How a network is run: the best runtime that really works here, or the one that was asked for."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pipeline.errors import ModelMissingError, OptionError, RuntimeUnavailableError
from pipeline.network import (
    InputShape,
    Network,
    NetworkSpec,
    Precision,
    RuntimeName,
    RuntimeOptions,
)

__all__ = [
    "InputShape",
    "Network",
    "NetworkSpec",
    "Precision",
    "RuntimeName",
    "RuntimeOptions",
    "RuntimeUnavailableError",
    "first_that_works",
    "load_network",
]

Loaded = TypeVar("Loaded")
logger = logging.getLogger(__name__)

_GPU_RUNTIMES = ("cuda", "tensorrt")
_BEST_FIRST = ("cuda", "openvino", "onnxruntime")
"""TensorRT only on request: its first start builds an engine, which takes minutes."""

_DEFAULTS = RuntimeOptions()


def load_network(path: Path, spec: NetworkSpec, options: RuntimeOptions = _DEFAULTS) -> Network:
    """A network from its file, ready to run.

    Raises ModelMissingError if there is no such file, ModelError if it holds no such network, and
    RuntimeUnavailableError if what the options ask for is not to be had here.
    """
    if not path.is_file():
        raise ModelMissingError(f"there is no model file {path}: fetch it first")
    return first_that_works(options, lambda runtime: _load(runtime, path, spec, options))


def first_that_works(options: RuntimeOptions, load: Callable[[str], Loaded]) -> Loaded:
    """What the best runtime loads, of those that the options allow and that are to be had here.

    Raises RuntimeUnavailableError if there is none.
    """
    refusals = []
    for runtime in _candidates(options):
        try:
            return load(runtime)
        except RuntimeUnavailableError as refusal:
            logger.info("runtime %s is passed over: %s", runtime, refusal)
            refusals.append(refusal)
    raise RuntimeUnavailableError("; ".join(str(refusal) for refusal in refusals))


def _candidates(options: RuntimeOptions) -> tuple[str, ...]:
    if options.runtime == "auto":
        return _GPU_RUNTIMES if options.require_gpu else _BEST_FIRST
    if options.require_gpu and options.runtime not in _GPU_RUNTIMES:
        raise OptionError(
            f"runtime {options.runtime} runs on the processor and a GPU is required: "
            f"choose {' or '.join(_GPU_RUNTIMES)}"
        )
    return (options.runtime,)


def _load(runtime: str, path: Path, spec: NetworkSpec, options: RuntimeOptions) -> Network:
    if runtime == "openvino":  # imported here: either takes a quarter of a second
        from pipeline.openvino_network import OpenVinoNetwork

        return OpenVinoNetwork(path, spec, options)
    from pipeline.onnx_network import OnnxNetwork

    return OnnxNetwork(path, spec, options, runtime)

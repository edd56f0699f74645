"""The edge's generator, ready to run: patches in, corrections out, any number of them at a time."""

import logging
import math
import queue
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.edges import CHANNELS, PATCH, Patches
from pipeline.errors import ModelError, ModelMissingError
from pipeline.model_files import verify
from pipeline.models import EDGE
from pipeline.runtime import RuntimeOptions, first_that_works

Refine = Literal["auto", "on", "off"]
"""Of the edge: as much as the budget leaves time for, all of it whatever that takes, or none."""
COLOUR_STEP = 4
"""Pixels of a patch for one of the colour difference."""
logger = logging.getLogger(__name__)
_INPUT = "patches"
_OUTPUTS = ("correction", "colour")


def refines_all(refine: Refine, budget: float) -> bool:
    """Whether all of the edge is refined, by a budget in seconds a frame."""
    return refine == "on" or (refine == "auto" and math.isinf(budget))


_DEFAULTS = RuntimeOptions()

Correction = NDArray[np.float32]
"""float32 (n, PATCH, PATCH): what is to be added to the guided alpha, -1…1."""
ColourDifference = NDArray[np.float32]
"""float32 (n, 3, PATCH / COLOUR_STEP, the same): foreground minus background, RGB, -1…1."""


class PatchNetwork(Protocol):
    """`runtime`, `device` and `precision` say what it really is. May be called from any thread."""

    runtime: str
    device: str
    precision: str

    def __call__(self, patches: Patches) -> tuple[Correction, ColourDifference]: ...


def load_patch_network(path: Path, options: RuntimeOptions = _DEFAULTS) -> PatchNetwork:
    """The generator of a file, by the best runtime that works here.

    Raises ModelMissingError if there is no such file, ModelError if it holds no such network, and
    RuntimeUnavailableError if what the options ask for is not to be had.
    """
    if not path.is_file():
        raise ModelMissingError(f"{path}: no such model file: check the path")
    return first_that_works(options, lambda runtime: _load(runtime, path, options))


def _load(runtime: str, path: Path, options: RuntimeOptions) -> PatchNetwork:
    if runtime == "openvino":
        return _OpenVinoPatches(path, options)
    return _OnnxPatches(path, options, runtime)


def wanted_patch_network(
    refine: Refine, options: RuntimeOptions = _DEFAULTS
) -> PatchNetwork | None:
    """The network that comes with the package; None if it is not wanted.

    Where it is missing ModelMissingError is raised for `on`; for `auto` a warning says so, and
    there is none. One that is damaged is ModelError in any case.
    """
    if refine == "off":
        return None
    try:
        verify(EDGE)
    except ModelMissingError as missing:
        if refine == "on":
            raise
        logger.warning("edges are not refined: %s", missing)
        return None
    return load_patch_network(EDGE.path, options)


class _OpenVinoPatches:
    """Compiled for this processor, for any number of patches."""

    runtime = "openvino"

    def __init__(self, path: Path, options: RuntimeOptions) -> None:
        import openvino as ov

        from pipeline.openvino_network import (
            choose_precision,
            properties,
            read_graph,
            wide_precision,
        )
        from pipeline.quantise import find_calibration, quantise

        core = ov.Core()
        graph = read_graph(core, path)
        check_form(path, [one.get_any_name() for one in (*graph.inputs, *graph.outputs)])
        calibration = find_calibration(path)
        if calibration is None:  # other weights: int8 is asked of the network that looks, then
            self.precision = wide_precision(core, options.precision)
        else:
            self.precision = choose_precision(core, options.precision, calibration)
        if self.precision == "int8" and calibration is not None:
            quantise(graph, calibration.ranges)
        self.device = str(core.get_property("CPU", "FULL_DEVICE_NAME"))
        compiled = core.compile_model(graph, "CPU", properties(core, self.precision, options))
        self._idle: queue.SimpleQueue[ov.InferRequest] = queue.SimpleQueue()
        for _ in range(options.parallel):
            self._idle.put(compiled.create_infer_request())

    def __call__(self, patches: Patches) -> tuple[Correction, ColourDifference]:
        request = self._idle.get()
        try:
            request.infer({_INPUT: patches}, share_inputs=True)
            correction, colour = (request.get_tensor(name).data.copy() for name in _OUTPUTS)
        finally:
            self._idle.put(request)
        return correction[:, 0], colour


class _OnnxPatches:
    """In an ONNX Runtime session, on the processor or a GPU."""

    def __init__(self, path: Path, options: RuntimeOptions, runtime: str) -> None:
        from pipeline.onnx_network import PROVIDERS, check_installed, check_provider, open_session

        provider = PROVIDERS[runtime]
        check_installed(runtime, provider)
        self.runtime, self.device, self.precision = runtime, provider.device, "f32"
        try:
            session: Any = open_session(path.read_bytes(), provider, "f32", options)
        except Exception as error:  # ONNX Runtime's errors share no narrower base
            raise ModelError(f"{path} cannot be read as a network: make it again") from error
        check_provider(provider, session.get_providers())
        check_form(path, [one.name for one in (*session.get_inputs(), *session.get_outputs())])
        self._session = session

    def __call__(self, patches: Patches) -> tuple[Correction, ColourDifference]:
        correction, colour = self._session.run(_OUTPUTS, {_INPUT: patches})
        return correction[:, 0], colour


def check_form(path: Path, names: Sequence[str]) -> None:
    """Raise ModelError unless a file's inputs and outputs are the generator's."""
    if sorted(names) != sorted((_INPUT, *_OUTPUTS)):
        raise ModelError(
            f"{path} is no network for edges: it has {', '.join(names)}, not "
            f"{', '.join((_INPUT, *_OUTPUTS))}: see docs/edges.md"
        )


def blank_patches(count: int) -> Patches:
    """Black patches, to warm a network up with."""
    return np.zeros((count, PATCH, PATCH, CHANNELS), np.uint8)

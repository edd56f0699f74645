"""Any matting network of an ONNX file as a second stage: picture and trimap in, alpha out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np

from pipeline.errors import ModelError, ModelMissingError, RuntimeUnavailableError
from pipeline.frame import AlphaMatte, RgbImage, Trimap, resize
from pipeline.matting_form import Form, Input, Scaling, Tensor
from pipeline.network import RuntimeOptions
from pipeline.runtime import first_that_works

if TYPE_CHECKING:
    import openvino as ov

STRIDE = 32
"""Sides are padded to its multiples where a network takes any: most halve them five times."""
MOST_PIXELS = 1_000_000
"""Of what a network of any size is shown: half of a 1080p frame. Its memory grows with them."""
_SLACK = 0.01
"""By which alpha may miss 0…1, for rounding."""
_DEFAULTS = RuntimeOptions()


class Runner(Protocol):
    """A network as it runs, with what its file says of itself."""

    inputs: list[Input]
    metadata: dict[str, str]

    def __call__(self, tensors: dict[str, Tensor]) -> Tensor:
        """The first output."""
        ...


class MattingNetwork:
    """A network that takes a trimap; see `TrimapMatting`."""

    margin = STRIDE
    """What it sees of the known about the unknown."""

    def __init__(self, path: Path, options: RuntimeOptions = _DEFAULTS) -> None:
        """Raises ModelMissingError, ModelError, or RuntimeUnavailableError."""
        if not path.is_file():
            raise ModelMissingError(f"{path}: no such model file: check the path")
        self.name, self._path = str(path), path
        self._run = first_that_works(options, lambda runtime: _load(runtime, path, options))
        self._form = Form.of(path, self._run.inputs)
        self._scaling = Scaling.of(path, self._run.metadata)
        size = self._form.size
        self.most_pixels = size[0] * size[1] if size else MOST_PIXELS

    def __call__(self, rgb: RgbImage, trimap: Trimap) -> AlphaMatte:
        """ModelError if what comes of it is no alpha."""
        height, width = trimap.shape
        if self._form.size is None:
            alpha = self._alpha(_padded(rgb), _padded(trimap))
            return alpha[:height, :width]
        down, across = self._form.size
        nearest = cv2.resize(trimap, (across, down), interpolation=cv2.INTER_NEAREST)
        return resize(self._alpha(resize(rgb, across, down), nearest), width, height)

    def _alpha(self, rgb: RgbImage, trimap: Trimap) -> AlphaMatte:
        wanted = (1, 1, *trimap.shape)
        try:
            found = self._run(self._form.tensors(rgb, trimap, self._scaling))
        except Exception as error:  # the runtimes' errors share no narrower base
            raise ModelError(
                f"{self._path}: cannot take a picture of {trimap.shape[1]} by {trimap.shape[0]}: "
                "export it with free sides that are multiples of 32, or with one fixed size"
            ) from error
        if found.shape != wanted:
            raise ModelError(f"{self._path}: gives {found.shape}: alpha is {wanted} here")
        least, most = float(found.min()), float(found.max())
        if not (least >= -_SLACK and most <= 1 + _SLACK):
            raise ModelError(
                f"{self._path}: gives {least:.3g} to {most:.3g}: alpha is 0 to 1: export the "
                "network with its last sigmoid or clamp"
            )
        return np.clip(found[0, 0], 0, 1)


def _padded(plane: np.ndarray) -> np.ndarray:
    """A plane (h, w[, C]) to whole strides; it goes on as it ends."""
    height, width = plane.shape[:2]
    return cv2.copyMakeBorder(
        plane, 0, -height % STRIDE, 0, -width % STRIDE, borderType=cv2.BORDER_REPLICATE
    )


def _load(runtime: str, path: Path, options: RuntimeOptions) -> Runner:
    if runtime == "openvino":
        return _OpenVinoRunner(path, options)
    return _OnnxRunner(path, options, runtime)


class _OpenVinoRunner:
    """In full precision unless another is asked for: nobody knows what this network bears."""

    def __init__(self, path: Path, options: RuntimeOptions) -> None:
        import openvino as ov

        from pipeline.openvino_network import properties, read_graph, wide_precision

        core = ov.Core()
        graph = read_graph(core, path)
        wanted = "f32" if options.precision == "auto" else options.precision
        precision = wide_precision(core, wanted)
        self.inputs = [_input(one) for one in graph.inputs]
        self.metadata = _metadata(graph)
        try:
            compiled = core.compile_model(graph, "CPU", properties(core, precision, options))
        except RuntimeError as error:
            raise RuntimeUnavailableError(
                f"OpenVINO cannot run {path}: choose --runtime onnxruntime"
            ) from error
        self._request = compiled.create_infer_request()

    def __call__(self, tensors: dict[str, Tensor]) -> Tensor:
        self._request.infer(tensors, share_inputs=True)
        return np.array(self._request.get_output_tensor(0).data, np.float32)


def _input(one: "ov.Output") -> Input:
    sides = tuple(side.get_length() if side.is_static else None for side in one.get_partial_shape())
    return Input(one.get_any_name(), sides, one.get_element_type().to_dtype() == np.float32)


def _metadata(graph: "ov.Model") -> dict[str, str]:
    """The file's metadata_props, as OpenVINO keeps them."""
    if "framework" not in graph.rt_info:
        return {}
    kept = graph.get_rt_info("framework").astype(dict)
    return {name: value.astype(str) for name, value in kept.items()}


class _OnnxRunner:
    """In an ONNX Runtime session, on the processor or a GPU."""

    def __init__(self, path: Path, options: RuntimeOptions, runtime: str) -> None:
        from pipeline.onnx_network import PROVIDERS, check_installed, check_provider, open_session

        provider = PROVIDERS[runtime]
        check_installed(runtime, provider)
        try:
            session: Any = open_session(path.read_bytes(), provider, "f32", options)
        except Exception as error:  # ONNX Runtime's errors share no narrower base
            raise ModelError(f"{path} cannot be read as a network: fetch it again") from error
        check_provider(provider, session.get_providers())
        self.inputs = [
            Input(one.name, tuple(_side(side) for side in one.shape), one.type == "tensor(float)")
            for one in session.get_inputs()
        ]
        self.metadata = dict(session.get_modelmeta().custom_metadata_map)
        self._session = session

    def __call__(self, tensors: dict[str, Tensor]) -> Tensor:
        found: Tensor = self._session.run(None, tensors)[0]
        return found


def _side(side: int | str | None) -> int | None:
    return side if isinstance(side, int) else None

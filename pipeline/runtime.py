"""How a network is run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor

from pipeline.errors import ModelError


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """What a network's file needs: the side of its input, and the mean and std of RGB/255."""

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    output: int = 0


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    precision: Literal["auto", "f32", "bf16"] = "auto"
    threads: int = 0


class Network(Protocol):
    runtime: str
    device: str
    precision: str

    def __call__(self, picture: NDArray[np.float32] | NDArray[np.uint8]) -> NDArray[np.float32]: ...


class OpenVinoNetwork:
    def __init__(self, path: Path, spec: NetworkSpec, options: RuntimeOptions) -> None:
        core = ov.Core()
        try:
            model = core.read_model(path)
        except RuntimeError as error:
            raise ModelError(f"{path}: not a network that OpenVINO can read") from error
        model = ov.Model([model.outputs[spec.output]], model.get_parameters())
        model.reshape([1, 3, spec.size, spec.size])
        prepare = PrePostProcessor(model)
        prepare.input().tensor().set_element_type(ov.Type.f32).set_layout(ov.Layout("NHWC"))
        prepare.input().model().set_layout(ov.Layout("NCHW"))
        prepare.input().preprocess().mean([255 * m for m in spec.mean]).scale(
            [255 * s for s in spec.std]
        )
        config = {"PERFORMANCE_HINT": "LATENCY"}
        if options.precision != "auto":
            config["INFERENCE_PRECISION_HINT"] = options.precision
        compiled = core.compile_model(prepare.build(), "CPU", config)
        self._request = compiled.create_infer_request()
        self.runtime = "openvino"
        self.device = "CPU"
        self.precision = str(compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name())

    def __call__(self, picture: NDArray[np.float32] | NDArray[np.uint8]) -> NDArray[np.float32]:
        result = self._request.infer([picture[None].astype(np.float32)])
        alpha: NDArray[np.float32] = result[0][0, 0].copy()
        return alpha


def load_network(
    path: Path, spec: NetworkSpec, options: RuntimeOptions | None = None
) -> OpenVinoNetwork:
    return OpenVinoNetwork(path, spec, options or RuntimeOptions())

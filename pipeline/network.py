"""What running a network means, whichever runtime does it: what it needs, how, and the call."""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from pipeline.errors import ModelError, OptionError

RuntimeName = Literal["auto", "openvino", "onnxruntime", "cuda", "tensorrt"]
Precision = Literal["auto", "f32", "bf16", "f16", "int8"]

Picture = NDArray[np.uint8] | NDArray[np.float32]
"""uint8 or float32 (height, width, channels) of the network's input: red, green, blue, and the
previous alpha if it takes that; 0…255."""
InputShape = tuple[int, int]
"""Width and height."""

HALF_PIXEL = {"half_pixel", "pytorch_half_pixel"}
"""How the coordinates of a resized picture are meant: by the middle of pixels, as in OpenCV."""

PIXEL_MAX = 255.0
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of its red, green and blue, each 0…1."""
_DEEPEST_STRIDE = 32
"""U²-Net halves its picture five times; other sizes would be padded inside, unevenly."""


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """What a network's file needs and which of its outputs is used."""

    size: int
    """Side of a square input in pixels, a multiple of 32; another has about as many pixels."""
    mean: tuple[float, float, float]
    """Of red, green and blue, each 0…1."""
    std: tuple[float, float, float]
    output: int | str = 0
    """Index among the outputs, or one's name. U²-Net: 0 is fused, 1 … 6 come from ever deeper."""
    logit_offset: float = 0.0
    """Added before the output's sigmoid: below 0 draws the edge inwards."""
    takes_previous: bool = False
    """Whether its fourth input is the alpha of a frame before, 0 where there is none."""
    aspect: float = 1.0
    """Width by height of the pictures that are to be shown to it."""

    def __post_init__(self) -> None:
        if self.size < _DEEPEST_STRIDE or self.size % _DEEPEST_STRIDE:
            raise OptionError(f"a network's input size is a multiple of 32, got {self.size}")

    @property
    def shape(self) -> InputShape:
        """Of the input, near to the aspect, its sides multiples of 32."""
        stretch = math.sqrt(self.aspect)
        return _up(self.size * stretch), _up(self.size / stretch)

    @property
    def channels(self) -> int:
        return 4 if self.takes_previous else 3

    @property
    def offsets(self) -> list[float]:
        """What is taken off each channel of a picture."""
        return [PIXEL_MAX * mean for mean in self.mean] + [0.0] * self.takes_previous

    @property
    def scales(self) -> list[float]:
        """What each channel is then divided by."""
        return [PIXEL_MAX * std for std in self.std] + [PIXEL_MAX] * self.takes_previous


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """How a network is to be run; what is left at `auto` is chosen by what this machine has."""

    runtime: RuntimeName = "auto"
    precision: Precision = "auto"
    threads: int = 0
    """0: all that the process may use."""
    require_gpu: bool = False
    parallel: int = 1
    """Calls that run at the same time. 1 has the least delay, 2 or more the most pictures a second.

    The alphas are the same, bit for bit, whatever it is.
    """
    cache_dir: Path | None = None
    """Where compiled networks are kept; None: see `default_cache_dir`."""

    def __post_init__(self) -> None:
        if self.threads < 0:
            raise OptionError(f"threads is 0 for all, or how many, got {self.threads}")
        if self.parallel < 1:
            raise OptionError(f"parallel is at least 1, got {self.parallel}")

    @property
    def thread_count(self) -> int:
        return self.threads or usable_processors()

    @property
    def compiled_dir(self) -> Path:
        return self.cache_dir or default_cache_dir()


class Network(Protocol):
    """A network that is ready to run. `runtime`, `device` and `precision` say what it really is."""

    runtime: str
    device: str
    precision: str

    def __call__(self, picture: Picture) -> NDArray[np.float32]:
        """Alpha of a picture, float32 (h, w), 0…1, as the output has it; an array of its own.

        May be called from several threads; beyond `RuntimeOptions.parallel` calls wait their turn.
        Raises ModelError if the picture has another shape than the network's input.
        """
        ...


def _up(side: float) -> int:
    """To a multiple of 32; a side that is one but for its last digits stays."""
    return _DEEPEST_STRIDE * math.ceil(side / _DEEPEST_STRIDE - 1e-6)


def check_picture(picture: NDArray[Any], spec: NetworkSpec) -> None:
    """Raise ModelError unless the picture is (height, width, channels) of the input."""
    width, height = spec.shape
    wanted = (height, width, spec.channels)
    if picture.shape != wanted:
        raise ModelError(f"the network takes a picture of {wanted}, got {picture.shape}: resize it")


def alpha_from_logits(logits: NDArray[np.float32], spec: NetworkSpec) -> NDArray[np.float32]:
    """The sigmoid of logits brought up bilinearly to the input's size, float32 (height, width).

    A side output is computed at a fraction of that size. Its network ends in this enlargement,
    which took a tenth of its time in OpenVINO (`python -m bench.segmentation`).
    """
    full = cv2.resize(logits, spec.shape, interpolation=cv2.INTER_LINEAR)
    alpha: NDArray[np.float32] = 0.5 + 0.5 * np.tanh(0.5 * (full + np.float32(spec.logit_offset)))
    return alpha


def refuse_offset(spec: NetworkSpec) -> None:
    """Raise ModelError if logits are to be moved where there are none."""
    if spec.logit_offset:
        raise ModelError("the network's output ends in no sigmoid: leave logit_offset at 0")


def usable_processors() -> int:
    """How many processors this process may use: fewer than the machine's under taskset."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_cache_dir() -> Path:
    """LIVEMATTE_CACHE if it is set, else the user's cache directory; not yet created."""
    chosen = os.environ.get("LIVEMATTE_CACHE")
    return (Path(chosen) if chosen else user_cache_path("livematte")) / "compiled"

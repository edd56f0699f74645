"""What is foreground: a network's coarse matte of a whole frame."""

from typing import Protocol, Self

from pipeline.frame import AlphaMatte, Frame, resize
from pipeline.models import DEFAULT_MODEL, find_model
from pipeline.runtime import Network, RuntimeOptions, load_network

_DEFAULT_RUNTIME = RuntimeOptions()


class Segmenter(Protocol):
    """A frame in, its coarse alpha out: float32 (h, w) stretched over the whole frame."""

    def __call__(self, frame: Frame) -> AlphaMatte: ...


class U2Net:
    """U²-Net (Qin et al., Pattern Recognition 106, 2020) and its relatives of the catalogue.

    The alpha is the network's own sigmoid. The authors' script stretches each matte to 0 … 1, which
    makes video flicker and divides by zero on a flat one.
    """

    def __init__(self, network: Network, size: int) -> None:
        self.network = network
        self.size = size

    @classmethod
    def load(cls, model: str = DEFAULT_MODEL, options: RuntimeOptions = _DEFAULT_RUNTIME) -> Self:
        """By the catalogue's name, or the path of an .onnx file; raises ModelError."""
        path, spec = find_model(model)
        network = load_network(path, spec, options)
        return cls(network, spec.size)

    def __call__(self, frame: Frame) -> AlphaMatte:
        picture = frame.reduced(2) if min(frame.width, frame.height) >= 2 * self.size else frame.rgb
        return self.network(resize(picture, self.size, self.size))

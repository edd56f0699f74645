"""LPIPS, where it can be had: it needs the package `lpips`, torch, and AlexNet's weights."""

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from pipeline.errors import ModelMissingError
from pipeline.frame import AlphaMatte
from pipeline.metrics.region import check_pair

_BACKBONE = "alexnet-owt-7be5be79.pth"
"""The file torchvision keeps AlexNet's ImageNet weights in."""


class Lpips:
    """Learned perceptual distance of two mattes, seen as grey pictures; 0 or more, lower is better.

    Mattes float32 (H, W), scaled to -1 … 1 in three equal channels; AlexNet, version 0.1.
    Source: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
    CVPR 2018, and their package `lpips`.
    """

    def __init__(self) -> None:
        """Load the network; raises ModelMissingError with the reason and the remedy."""
        reason = _what_is_missing()
        if reason:
            raise ModelMissingError(reason)
        self._torch: Any = importlib.import_module("torch")
        lpips: Any = importlib.import_module("lpips")
        self._network = lpips.LPIPS(net="alex", verbose=False).eval()

    def __call__(self, prediction: AlphaMatte, truth: AlphaMatte) -> float:
        check_pair(prediction, truth)
        with self._torch.inference_mode():
            return float(self._network(self._tensor(prediction), self._tensor(truth)))

    def _tensor(self, alpha: AlphaMatte) -> Any:
        return self._torch.from_numpy(alpha * 2 - 1).expand(1, 3, -1, -1)


def _what_is_missing() -> str | None:
    """Why LPIPS cannot be measured here. Nothing is downloaded: that is the user's to decide."""
    for package in ("torch", "torchvision", "lpips"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package} is not installed: pip install lpips"
    torch_hub: Any = importlib.import_module("torch.hub")
    weights = Path(torch_hub.get_dir()) / "checkpoints" / _BACKBONE
    if not weights.is_file():
        return f"AlexNet's weights are not at {weights}: call torchvision.models.alexnet once"
    return None

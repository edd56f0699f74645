"""The network alone beside the published one, for `bench.performance`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from bench.photos import judged_photos
from bench.segmentation import Matter, mean_iou, time_in_turns
from pipeline.frame import AlphaMatte, resize
from pipeline.models import DEFAULT_MODEL, find_model
from pipeline.network import Picture
from pipeline.runtime import NetworkSpec, RuntimeOptions, RuntimeUnavailableError, load_network
from stream.benchmark.clip import SIZES, film

_SIDE = 320
_YARDSTICK, _FORCED = "published", "f32 forced"


def measure(rounds: int, photos: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Median ms a picture, all in turns; times faster than the yardstick; IoU on `photos` photos.

    Nothing where ONNX Runtime, the yardstick's, is not installed; no IoU without the shared media.
    """
    try:
        networks = _load()
    except RuntimeUnavailableError as refusal:
        say(f"the network alone: not measured: {refusal}")
        return []
    pictures = {
        name: resize(next(film(SIZES["720p"], 1)), side, side)
        for name, (_, side, _) in networks.items()
    }
    say(f"the network alone: {', '.join(networks)}")
    seconds = time_in_turns({name: one for name, (one, _, _) in networks.items()}, pictures, rounds)
    return [
        {
            "name": name,
            "what": what,
            "ms": round(1e3 * seconds[name], 2),
            "times_faster": round(seconds[_YARDSTICK] / seconds[name], 2),
            "iou": None if name == _FORCED else _iou(network, side, photos),
        }
        for name, (network, side, what) in networks.items()
    ]


def _load() -> dict[str, tuple[Matter, int, str]]:
    """By name: the network, the side of its picture, and what it is."""
    path, spec = find_model("u2netp")
    fused = NetworkSpec(_SIDE, spec.mean, spec.std)
    larger = replace(spec, size=_SIDE)
    best, plain = RuntimeOptions(), RuntimeOptions("openvino", "f32")
    onnx = load_network(path, fused, RuntimeOptions("onnxruntime", "f32"))
    file, made = find_model(DEFAULT_MODEL)
    people = alone(load_network(file, replace(made, size=_SIDE), best))
    return {
        _YARDSTICK: (onnx, _SIDE, "ONNX Runtime f32, fused output, 320 px"),
        DEFAULT_MODEL: (people, _SIDE, "the default for video, our choice here, 320 px"),
        "side output": (load_network(path, larger, best), _SIDE, "u2netp, our choice here, 320 px"),
        _FORCED: (load_network(path, larger, plain), _SIDE, "u2netp, OpenVINO f32, 320 px"),
    }


def alone(network: Matter) -> Matter:
    """A network that takes the previous alpha, never given one."""

    def see(picture: Picture) -> AlphaMatte:
        return network(cv2.merge([picture, np.zeros(picture.shape[:2], np.uint8)]))

    return see


def _iou(network: Matter, side: int, photos: int) -> float | None:
    try:
        chosen = judged_photos()[:photos]
    except SystemExit:  # the shared media are not here
        return None
    return round(mean_iou(network, side, chosen), 4) if chosen else None

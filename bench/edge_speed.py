"""What refining the edge costs here: `python -m bench.edge_speed`, on a machine with nothing else.

- a patch, in calls of 32, in each precision that the processor has, in turns;
- a 1080p picture as `livematte image` does it, with all of its edge refined, beside the published
  U²-Net-p alone in ONNX Runtime, in turns.
"""

import json
import sys
from collections import defaultdict
from contextlib import suppress
from time import perf_counter, process_time
from typing import Any

import numpy as np

from bench.segmentation import time_in_turns
from pipeline.composite import Transparent
from pipeline.errors import RuntimeUnavailableError
from pipeline.frame import AlphaMatte, Frame, resize
from pipeline.models import EDGE, MODEL_FOR, find_model
from pipeline.network import Picture, Precision
from pipeline.patch_network import PatchNetwork, blank_patches, load_patch_network
from pipeline.runtime import NetworkSpec, RuntimeOptions, load_network
from stream.benchmark.clip import SIZES, film
from stream.loaded_networks import LoadedNetworks

_BATCH, _ROUNDS, _SIDE = 32, 15, 320
_PRECISIONS: tuple[Precision, ...] = ("int8", "bf16", "f32")


def patch_ms() -> dict[str, dict[str, float]]:
    """Of one patch in a full call, by precision; `cpu` is the time of all cores together."""
    patches = blank_patches(_BATCH)
    patches[:] = np.random.default_rng(1).integers(0, 256, patches.shape)
    networks, taken = patch_networks(), defaultdict(list)
    for _ in range(_ROUNDS):
        for name, network in networks.items():
            network(patches)
            began = perf_counter(), process_time()
            network(patches)
            taken[name].append((perf_counter() - began[0], process_time() - began[1]))
    medians = {name: 1e3 * np.median(times, axis=0) / _BATCH for name, times in taken.items()}
    return {name: {"wall": wall, "cpu": cpu} for name, (wall, cpu) in medians.items()}


def patch_networks() -> dict[Precision, PatchNetwork]:
    """The generator in OpenVINO, in each precision that is to be had here."""
    found = {}
    for precision in _PRECISIONS:
        with suppress(RuntimeUnavailableError):
            options = RuntimeOptions("openvino", precision)
            found[precision] = load_patch_network(EDGE.path, options)
    return found


def picture_ms() -> dict[str, float]:
    """Of a whole picture, and of the published network alone."""
    networks = LoadedNetworks.load(MODEL_FOR["any"], RuntimeOptions(), refine="on")
    path, spec = find_model(MODEL_FOR["any"])
    fused = NetworkSpec(_SIDE, spec.mean, spec.std)
    published = load_network(path, fused, RuntimeOptions("onnxruntime", "f32"))

    picture = next(film(SIZES["1080p"], 1))

    def refined(_: Picture) -> AlphaMatte:
        matting = networks.picture_matting(Transparent())
        return matting.process(Frame.from_rgb(picture)).alpha

    seen = {"refined": picture, "published": resize(picture, _SIDE, _SIDE)}
    seconds = time_in_turns({"refined": refined, "published": published}, seen, _ROUNDS)
    return {f"{name}_picture_ms": 1e3 * taken for name, taken in seconds.items()} | {
        "times_published": seconds["refined"] / seconds["published"]
    }


def main() -> None:
    figures: dict[str, Any] = {"patch_ms": patch_ms(), **picture_ms()}
    json.dump(figures, sys.stdout, indent=1, default=float)


if __name__ == "__main__":
    main()

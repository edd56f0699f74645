"""What refining the edge costs here: `python -m bench.edge_speed`, on a machine with nothing else.

- a patch, in calls of 32;
- a 1080p picture as `livematte image` does it, with all of its edge refined, beside the published
  U²-Net-p alone in ONNX Runtime, in turns.
"""

import json
import sys
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from bench.segmentation import time_in_turns
from pipeline.composite import Transparent
from pipeline.frame import AlphaMatte, Frame, resize
from pipeline.models import MODEL_FOR, find_model
from pipeline.network import Picture
from pipeline.patch_network import blank_patches, wanted_patch_network
from pipeline.runtime import NetworkSpec, RuntimeOptions, load_network
from stream.benchmark.clip import SIZES, film
from stream.loaded_networks import LoadedNetworks

_BATCH, _ROUNDS, _SIDE = 32, 15, 320


def patch_ms() -> float:
    """Of one patch in a full call."""
    network, patches = wanted_patch_network("on"), blank_patches(_BATCH)
    assert network
    patches[:] = np.random.default_rng(1).integers(0, 256, patches.shape)
    taken = []
    for _ in range(_ROUNDS):
        began = perf_counter()
        network(patches)
        taken.append(perf_counter() - began)
    return 1e3 * median(taken) / _BATCH


def picture_ms() -> dict[str, float]:
    """Of a whole picture, and of the published network alone."""
    networks = LoadedNetworks.load(MODEL_FOR["any"], RuntimeOptions(), refine="on")
    path, spec = find_model(MODEL_FOR["any"])
    fused = NetworkSpec(_SIDE, spec.mean, spec.std)
    published = load_network(path, fused, RuntimeOptions("onnxruntime", "f32"))

    picture = next(film(SIZES["1080p"], 1))

    def refined(_: Picture) -> AlphaMatte:
        matting = networks.matting(Transparent(), smooth=False, follow=False)
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

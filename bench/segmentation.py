"""The network alone: its time beside the published one's, and how well it finds people.

    python -m bench.segmentation MODEL.onnx [--outputs 0 2 3] [--sizes 320 256] [--json]

The yardstick is the model file's first output in ONNX Runtime, f32, at 320. All run in turns in
one process, so that whatever else the machine does falls on all alike.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.photos import judged_photos, read_mask, read_photo
from pipeline.frame import AlphaMatte, RgbImage, resize
from pipeline.network import IMAGENET, Picture
from pipeline.runtime import Network, NetworkSpec, RuntimeOptions, load_network

_MEAN, _STD = IMAGENET
_YARDSTICK = "published"
_WARM_UP = 2
Matter = Callable[[Picture], AlphaMatte]
"""A network, or what stands for one."""


@dataclass(frozen=True, slots=True)
class Result:
    """One network's figures; `times_faster` and `iou_lost` are against the yardstick."""

    name: str
    milliseconds: float
    times_faster: float
    iou: float
    iou_lost: float


def time_in_turns(
    networks: Mapping[str, Matter], pictures: Mapping[str, RgbImage], rounds: int
) -> dict[str, float]:
    """Median seconds a picture of each network, its own picture each, all run in turns.

    Each runs twice and the second is timed: the threads of ONNX Runtime spin for a while after
    their work, and took half of the processors from whichever came next.
    """
    taken: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(rounds + _WARM_UP):
        for name, network in networks.items():
            network(pictures[name])
            start = time.perf_counter()
            network(pictures[name])
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times[_WARM_UP:]) for name, times in taken.items()}


def mean_iou(network: Matter, size: int, photos: Sequence[Path]) -> float:
    """Mean intersection over union with the photos' masks, alpha cut at 0.5 at their size."""
    return statistics.fmean(_iou(network, size, photo) for photo in photos)


def _iou(network: Matter, size: int, photo: Path) -> float:
    mask = read_mask(photo)
    found = resize(network(read_photo(photo, size)), *mask.shape[::-1]) > 0.5
    return float(np.sum(found & mask) / np.sum(found | mask))


def compare(
    networks: Mapping[str, Network], sizes: Mapping[str, int], photos: Sequence[Path], rounds: int
) -> list[Result]:
    """Time and IoU of every network, the yardstick first."""
    pictures = {name: read_photo(photos[0], size) for name, size in sizes.items()}
    seconds = time_in_turns(networks, pictures, rounds)
    iou = {name: mean_iou(network, sizes[name], photos) for name, network in networks.items()}
    return [
        Result(
            name=name,
            milliseconds=1e3 * seconds[name],
            times_faster=seconds[_YARDSTICK] / seconds[name],
            iou=iou[name],
            iou_lost=iou[_YARDSTICK] - iou[name],
        )
        for name in networks
    ]


def _load(options: argparse.Namespace) -> tuple[dict[str, Network], dict[str, int]]:
    path, threads = options.model, options.threads
    networks = {
        _YARDSTICK: load_network(
            path,
            NetworkSpec(320, _MEAN, _STD),
            RuntimeOptions("onnxruntime", "f32", threads=threads),
        )
    }
    sizes = {_YARDSTICK: 320}
    for size, output, precision in product(options.sizes, options.outputs, options.precisions):
        name = f"{size} output {output} {precision}"
        spec = NetworkSpec(size, _MEAN, _STD, output, options.logit_offset)
        chosen = RuntimeOptions("openvino", precision, threads=threads)
        networks[name], sizes[name] = load_network(path, spec, chosen), size
    return networks, sizes


def _show(results: list[Result]) -> None:
    table = Table("network", "ms", "times faster", "IoU", "lost")
    for one in results:
        figures = f"{one.milliseconds:.1f} {one.times_faster:.1f} {one.iou:.4f} {one.iou_lost:.4f}"
        table.add_row(one.name, *figures.split())
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--outputs", type=int, nargs="+", default=[0, 2, 3])
    parser.add_argument("--sizes", type=int, nargs="+", default=[320, 256])
    parser.add_argument("--precisions", nargs="+", default=["f32", "bf16", "int8"])
    parser.add_argument("--logit-offset", type=float, default=0.0)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    networks, sizes = _load(options)
    results = compare(networks, sizes, judged_photos()[: options.photos], options.rounds)
    if options.json:
        json.dump([asdict(one) for one in results], sys.stdout)
    else:
        _show(results)


if __name__ == "__main__":
    main()

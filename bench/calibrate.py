"""Measure the ranges that a network's activations take on photos, for its 8-bit form.

    python -m bench.calibrate MODEL.onnx pipeline/calibration/NAME.json [--size N] [--last NODE]
        [--closer]

A network with four inputs is shown the mask of every other photo as its previous alpha, and none
with the rest; one that looks again, `--closer`, the mask of each.

What comes behind the node `--last`, in the graph's order, gets no range and stays in floating
point. U²-Netp needs it behind Add_659, the result of its stage 3d: with its last two stages in 8
bits the IoU of output 0 falls from 0.944 to 0.82 and that of output 2 by 0.003.

The ranges are figures of our own; the file holds nothing of the model but its checksum and the
names of its nodes.
"""

import argparse
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13

from bench.photos import calibration_photos, read_mask, read_photo
from pipeline.frame import resize
from pipeline.network import IMAGENET, NetworkSpec, usable_processors
from pipeline.openvino_network import input_form, read_graph, with_normalisation
from pipeline.quantise import Range, activations

_ALL_AXES = np.array([0, 1, 2, 3])
_ABOUT = (
    "Least and greatest value of each activation, by node, averaged over {count} photos "
    "(input {size}); measured by bench/calibrate.py"
)


def measure_ranges(
    names: Sequence[str], extremes: ov.Model, inputs: Iterable[NDArray[np.generic]]
) -> dict[str, Range]:
    """The mean over inputs of each activation's least and greatest value, by node.

    `names` and `extremes` as `extremes_of` gives them. The mean, not the extreme: one odd photo
    would coarsen the levels of all.
    """
    fine = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": usable_processors()}
    request = ov.Core().compile_model(extremes, "CPU", fine).create_infer_request()
    seen = [_run(request, one) for one in inputs]
    means = np.mean(seen, axis=0).reshape(-1, 2)
    return {name: (low, high) for name, (low, high) in zip(names, means.tolist(), strict=True)}


def extremes_of(graph: ov.Model, last: str | None) -> tuple[list[str], ov.Model]:
    """The activations up to `last`, and the graph with two scalars for each as its outputs: the
    least and the greatest value."""
    nodes = _up_to(last, list(activations(graph)))
    extremes = [
        reduce(node.output(0), _ALL_AXES).output(0)
        for node in nodes
        for reduce in (opset13.reduce_min, opset13.reduce_max)
    ]
    names = [node.get_friendly_name() for node in nodes]
    return names, ov.Model(extremes, graph.get_parameters(), "extremes")


def write_calibration(result: Path, model: Path, about: str, ranges: Mapping[str, Range]) -> None:
    """The file that `pipeline.quantise` reads."""
    document = {
        "about": about,
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "ranges": {
            name: [float(f"{low:.5g}"), float(f"{high:.5g}")]
            for name, (low, high) in ranges.items()
        },
    }
    result.write_text(json.dumps(document, indent=1) + "\n")


def _up_to(last: str | None, nodes: list[ov.Node]) -> list[ov.Node]:
    names = [node.get_friendly_name() for node in nodes]
    if last is not None and last not in names:
        raise SystemExit(f"{last} is no activation of this network; the last is {names[-1]}")
    return nodes if last is None else nodes[: names.index(last) + 1]


def _run(request: ov.InferRequest, shown: NDArray[np.generic]) -> list[float]:
    results = request.infer({0: shown})
    return [float(results[index]) for index in range(len(results))]


def _shown(photo: Path, spec: NetworkSpec, masked: bool) -> NDArray[np.float32]:
    picture = read_photo(photo, spec.size)
    if spec.takes_previous:
        mask = resize(read_mask(photo).astype(np.uint8) * 255, spec.size, spec.size)
        picture = np.dstack([picture, mask * masked])
    return picture[None].astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--last", help="the last node that is to run in 8 bits")
    parser.add_argument("--closer", action="store_true", help="it is shown the mask of each photo")
    options = parser.parse_args()
    spec = NetworkSpec(
        options.size,
        *IMAGENET,
        takes_previous=input_form(options.model)[0] == 4,
    )
    graph = read_graph(ov.Core(), options.model)
    graph.reshape([1, spec.channels, spec.size, spec.size])
    names, extremes = extremes_of(graph, options.last)
    photos = calibration_photos()
    inputs = (
        _shown(photo, spec, options.closer or bool(index % 2)) for index, photo in enumerate(photos)
    )
    ranges = measure_ranges(names, with_normalisation(extremes, spec), inputs)
    about = _ABOUT.format(count=len(photos), size=spec.size)
    write_calibration(options.result, options.model, about, ranges)


if __name__ == "__main__":
    main()

"""Measure the ranges that a network's activations take on photos, for its 8-bit form.

    python -m bench.calibrate MODEL.onnx pipeline/calibration/NAME.json [--size N] [--last NODE]

A network with four inputs is shown the mask of every other photo as its previous alpha, and none
with the rest.

What comes behind the node `--last`, in the graph's order, gets no range and stays in floating
point. U²-Netp needs it behind Add_659, the result of its stage 3d: with its last two stages in 8
bits the IoU of output 0 falls from 0.944 to 0.82 and that of output 2 by 0.003.

The ranges are figures of our own; the file holds nothing of the model but its checksum and the
names of its nodes.
"""

import argparse
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13

from bench.photos import calibration_photos, read_mask, read_photo
from pipeline.frame import resize
from pipeline.network import NetworkSpec, usable_processors
from pipeline.openvino_network import input_form, read_graph, with_normalisation
from pipeline.quantise import Range, activations

_ALL_AXES = np.array([0, 1, 2, 3])
_ABOUT = (
    "Least and greatest value of each activation, by node, averaged over {count} photos "
    "(input {size}); measured by bench/calibrate.py"
)


def measure_ranges(
    path: Path, spec: NetworkSpec, photos: Iterable[Path], last: str | None = None
) -> dict[str, Range]:
    """The mean over photos of each activation's least and greatest value, by node.

    The mean, not the extreme: one odd photo would coarsen the levels of all.
    """
    core = ov.Core()
    names, graph = _extremes_of(core, path, spec, last)
    fine = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": usable_processors()}
    request = core.compile_model(graph, "CPU", fine).create_infer_request()
    seen = [_run(request, _shown(photo, spec, index)) for index, photo in enumerate(photos)]
    means = np.mean(seen, axis=0).reshape(-1, 2)
    return {name: (low, high) for name, (low, high) in zip(names, means.tolist(), strict=True)}


def _shown(photo: Path, spec: NetworkSpec, index: int) -> NDArray[np.uint8]:
    picture = read_photo(photo, spec.size)
    if not spec.takes_previous:
        return picture
    mask = resize(read_mask(photo).astype(np.uint8) * 255, spec.size, spec.size)
    return np.dstack([picture, mask * (index % 2)])


def _extremes_of(
    core: ov.Core, path: Path, spec: NetworkSpec, last: str | None
) -> tuple[list[str], ov.Model]:
    """The graph with two scalars for each activation as its outputs: least and greatest value."""
    graph = read_graph(core, path)
    graph.reshape([1, spec.channels, spec.size, spec.size])
    nodes = _up_to(last, list(activations(graph)))
    extremes = [
        reduce(node.output(0), _ALL_AXES).output(0)
        for node in nodes
        for reduce in (opset13.reduce_min, opset13.reduce_max)
    ]
    measured = ov.Model(extremes, graph.get_parameters(), "extremes")
    return [node.get_friendly_name() for node in nodes], with_normalisation(measured, spec)


def _up_to(last: str | None, nodes: list[ov.Node]) -> list[ov.Node]:
    names = [node.get_friendly_name() for node in nodes]
    if last is not None and last not in names:
        raise SystemExit(f"{last} is no activation of this network; the last is {names[-1]}")
    return nodes if last is None else nodes[: names.index(last) + 1]


def _run(request: ov.InferRequest, picture: NDArray[np.uint8]) -> list[float]:
    results = request.infer({0: picture[None].astype(np.float32)})
    return [float(results[index]) for index in range(len(results))]


def _document(
    model: Path, spec: NetworkSpec, photos: list[Path], last: str | None
) -> dict[str, object]:
    ranges = measure_ranges(model, spec, photos, last)
    return {
        "about": _ABOUT.format(count=len(photos), size=spec.size),
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "ranges": {
            name: [float(f"{low:.5g}"), float(f"{high:.5g}")]
            for name, (low, high) in ranges.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--last", help="the last node that is to run in 8 bits")
    options = parser.parse_args()
    spec = NetworkSpec(
        options.size,
        (0.485, 0.456, 0.406),
        (0.229, 0.224, 0.225),
        takes_previous=input_form(options.model)[0] == 4,
    )
    document = _document(options.model, spec, calibration_photos(), options.last)
    options.result.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()

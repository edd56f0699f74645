"""A trained generator as the ONNX file that the pipeline runs: `python -m training.edge_export`."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from onnx import checker, helper, numpy_helper

from pipeline.edges import CHANNELS, PATCH
from pipeline.errors import LivematteError, ModelError
from training.edge_graph import EdgeGraph, weights_of
from training.edge_network import COLOUR_STEP, EdgeGenerator
from training.weights import arrays_of

AGREEMENT = 1e-4
"""The most by which the file's correction and colour may differ from torch's."""
_OPSET, _IR = 17, 8
_FLOAT, _UINT8 = 1, 2


def load_generator(file: Path) -> EdgeGenerator:
    """The averaged weights of best.pt or last.pt, or those of an exported file.

    ModelError if an .onnx file holds no such network.
    """
    network = EdgeGenerator()
    if file.suffix == ".pt":
        network.load_state_dict(torch.load(file, map_location="cpu")["averaged"])
        return network.eval()
    try:
        network.load_state_dict(weights_of(arrays_of(file)))
    except KeyError as error:
        raise ModelError(
            f"{file} holds no generator: give a file that `training.edge_export` wrote"
        ) from error
    return network.eval()


def exported(network: EdgeGenerator) -> bytes:
    """An ONNX file: `patches` uint8 (N, 128, 128, 5) to `correction` float32 (N, 1, 128, 128) and
    `colour` float32 (N, 3, 32, 32), for any N; see EdgeGenerator.forward."""
    graph = EdgeGraph()
    graph.correct(network, "patches", "correction", "colour")
    small = PATCH // COLOUR_STEP
    proto = helper.make_graph(
        graph.nodes,
        "livematte-edge",
        [helper.make_tensor_value_info("patches", _UINT8, ["n", PATCH, PATCH, CHANNELS])],
        [
            helper.make_tensor_value_info("correction", _FLOAT, ["n", 1, PATCH, PATCH]),
            helper.make_tensor_value_info("colour", _FLOAT, ["n", 3, small, small]),
        ],
        [numpy_helper.from_array(array, name) for name, array in graph.arrays.items()],
    )
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(proto, opset_imports=[opset], ir_version=_IR)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def disagreement(network: EdgeGenerator, file: bytes, count: int = 3, seed: int = 1) -> float:
    """The largest difference between torch and ONNX Runtime on so many random patches."""
    import onnxruntime

    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 256, (count, PATCH, PATCH, CHANNELS), dtype=np.uint8)
    session: Any = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    theirs = session.run(["correction", "colour"], {"patches": patches})
    with torch.no_grad():
        ours = network.eval()(torch.from_numpy(patches).permute(0, 3, 1, 2).float() / 255)
    pairs = zip(ours, theirs, strict=True)
    return max(float(np.abs(one.numpy() - other).max()) for one, other in pairs)


def write(checkpoint: Path, out: Path) -> float:
    """Export and check; how well the file agrees. Nothing is written where it does not."""
    network = load_generator(checkpoint)
    file = exported(network)
    worst = disagreement(network, file)
    if worst > AGREEMENT:
        raise ModelError(f"the file differs from torch by {worst:.1e}: not written")
    out.write_bytes(file)
    return worst


def main(
    checkpoint: Annotated[Path, typer.Argument(exists=True, help="best.pt or last.pt of a run.")],
    out: Annotated[Path, typer.Argument(dir_okay=False, help="The .onnx file to write.")],
) -> None:
    """Write the averaged weights as an ONNX file that agrees with torch."""
    try:
        worst = write(checkpoint, out)
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    typer.echo(f"{out}: {out.stat().st_size:,} bytes, agrees with torch within {worst:.1e}")
    typer.echo(f"sha256:{digest}")


if __name__ == "__main__":
    typer.run(main)

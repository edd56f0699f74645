"""A trained network as the ONNX file that the pipeline runs: `python -m training.export`."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from onnx import checker, helper, numpy_helper

from pipeline.errors import LivematteError, ModelError
from training.graph import Graph
from training.u2net import RGB_CHANNELS, U2NetP
from training.weights import load_averaged

AGREEMENT = 1e-4
"""The most by which the file's alpha may differ from torch's."""
_OPSET, _IR = 17, 8
_FLOAT = 1


def exported(network: U2NetP, size: int) -> bytes:
    """An ONNX file of the network's finest output alone, at that output's own resolution.

    `input` is float32 (1, 4, size, size): normalised RGB and the previous alpha. `alpha` is float32
    (1, 1, size / 4, size / 4), 0…1. The graph knows no size but its input's, which may be set to
    any other multiple of 32.
    """
    graph = Graph()
    graph.matte(network, "input", "alpha")
    shape = [1, network.inputs, size, size]
    proto = helper.make_graph(
        graph.nodes,
        "u2netp",
        [helper.make_tensor_value_info("input", _FLOAT, shape)],
        [helper.make_tensor_value_info("alpha", _FLOAT, [1, 1, "height", "width"])],
        [numpy_helper.from_array(array, name) for name, array in graph.arrays.items()],
    )
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(proto, opset_imports=[opset], ir_version=_IR)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def disagreement(network: U2NetP, file: bytes, size: int, seed: int = 1) -> float:
    """The largest difference of alpha between torch and ONNX Runtime on a random picture."""
    import onnxruntime

    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, (1, network.inputs, size, size)).astype(np.float32)
    x[:, RGB_CHANNELS:] = rng.uniform(0, 1, x[:, RGB_CHANNELS:].shape)
    session: Any = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, {"input": x})
    with torch.no_grad():
        ours = network.eval()(torch.from_numpy(x))[0].sigmoid().numpy()
    return float(np.abs(ours - theirs).max())


def write(checkpoint: Path, out: Path, size: int, share: float = 1.0) -> float:
    """Export and check; how well the file agrees. Nothing is written where it does not.

    Of the weights' way from the published ones `share` is kept, see `drawn_back`.
    """
    network = load_averaged(checkpoint, share)
    file = exported(network, size)
    worst = disagreement(network, file, size)
    if worst > AGREEMENT:
        raise ModelError(f"the file's alpha differs from torch's by {worst:.1e}: not written")
    out.write_bytes(file)
    return worst


def main(
    checkpoint: Annotated[Path, typer.Argument(exists=True, help="best.pt or last.pt of a run.")],
    out: Annotated[Path, typer.Argument(dir_okay=False, help="The .onnx file to write.")],
    size: Annotated[int, typer.Option(help="Side of the input.")] = 256,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Of the way from the published weights to these.")
    ] = 1.0,
) -> None:
    """Write the averaged weights as an ONNX file that agrees with torch."""
    try:
        worst = write(checkpoint, out, size, share)
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{out}: {out.stat().st_size:,} bytes, agrees with torch within {worst:.1e}")


if __name__ == "__main__":
    typer.run(main)

"""A trained network as the ONNX file that the pipeline runs: `python -m training.export`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from onnx import checker, helper, numpy_helper
from torch import Tensor, nn

from pipeline.errors import LivematteError, ModelError
from training.eight_bits import levels_of
from training.lite_net import LiteNet, agreed
from training.people_graph import PeopleGraph
from training.u2net import PREVIOUS_CHANNELS, RGB_CHANNELS, U2NetP, enlarged
from training.weights import load_lite, load_u2netp

AGREEMENT = 1e-4
"""The most by which the file's alpha may differ from torch's."""
_OPSET, _IR = 17, 8
_FLOAT = 1


class Pair(nn.Module):
    """What a file holds: U²-Net-p, a LiteNet, or both."""

    inputs = RGB_CHANNELS + PREVIOUS_CHANNELS

    def __init__(self, u2netp: U2NetP | None, lite: LiteNet | None = None) -> None:
        """Their weights become what the file keeps of them."""
        super().__init__()
        self.u2netp, self.lite = u2netp, lite
        if u2netp is not None:
            _round(u2netp, _in_float16)
        if lite is not None:
            _round(lite, _in_levels)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """Alpha of what they agree on, at the finer one's side. `x` as in `U2NetP`."""
        logits = [one(x)[0] for one in (self.u2netp, self.lite) if one is not None]
        if len(logits) == 1:
            return torch.sigmoid(logits[0])
        coarse, fine = logits
        return torch.sigmoid(agreed(enlarged(coarse, fine), fine))


def exported(pair: Pair, size: int) -> bytes:
    """An ONNX file of the finest outputs alone, at the finer one's resolution.

    `input` is float32 (1, 4, size, size): normalised RGB and the previous alpha. `alpha` is float32
    (1, 1, size / 2, size / 2), 0…1; of U²-Net-p alone half of that. The graph knows no size but its
    input's, which may be set to any other multiple of 32.
    """
    graph = PeopleGraph()
    logits = []
    if pair.u2netp is not None:
        logits.append(graph.u2netp(pair.u2netp, "input"))
    if pair.lite is not None:
        logits.append(graph.lite(pair.lite, "input"))
    graph.alpha(graph.agreed(*logits) if len(logits) > 1 else logits[0], "alpha")
    shape = [1, pair.inputs, size, size]
    proto = helper.make_graph(
        graph.nodes,
        "livematte-people",
        [helper.make_tensor_value_info("input", _FLOAT, shape)],
        [helper.make_tensor_value_info("alpha", _FLOAT, [1, 1, "height", "width"])],
        [numpy_helper.from_array(array, name) for name, array in graph.arrays.items()],
    )
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(proto, opset_imports=[opset], ir_version=_IR)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def disagreement(pair: Pair, file: bytes, size: int, seed: int = 1) -> float:
    """The largest difference of alpha between torch and ONNX Runtime on a random picture."""
    import onnxruntime

    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, (1, pair.inputs, size, size)).astype(np.float32)
    x[:, RGB_CHANNELS:] = rng.uniform(0, 1, x[:, RGB_CHANNELS:].shape)
    session: Any = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, {"input": x})
    with torch.no_grad():
        ours = pair(torch.from_numpy(x)).numpy()
    return float(np.abs(ours - theirs).max())


def write(pair: Pair, out: Path, size: int) -> float:
    """Export and check; how well the file agrees. Nothing is written where it does not."""
    file = exported(pair, size)
    worst = disagreement(pair, file, size)
    if worst > AGREEMENT:
        raise ModelError(f"the file's alpha differs from torch's by {worst:.1e}: not written")
    out.write_bytes(file)
    return worst


def _round(network: nn.Module, rounding: Callable[[Tensor], Tensor]) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.data = rounding(layer.weight.data)


def _in_float16(weight: Tensor) -> Tensor:
    return weight.half().float()


def _in_levels(weight: Tensor) -> Tensor:
    levels, steps = levels_of(weight)
    return levels * steps


def main(
    checkpoint: Annotated[
        Path, typer.Argument(exists=True, help="A run's best.pt, or an .onnx file.")
    ],
    out: Annotated[Path, typer.Argument(dir_okay=False, help="The .onnx file to write.")],
    lite: Annotated[
        Path | None, typer.Option(exists=True, help="A LiteNet's, to be asked as well.")
    ] = None,
    lite_start: Annotated[
        Path | None, typer.Option(exists=True, help="What --lite began at, to be drawn back to.")
    ] = None,
    lite_share: Annotated[
        float, typer.Option(min=0, max=1, help="Of the way from --lite-start to --lite.")
    ] = 1.0,
    closer: Annotated[
        bool, typer.Option("--closer", help="CHECKPOINT is of a closer look: written by itself.")
    ] = False,
    size: Annotated[int, typer.Option(help="Side of the input.")] = 256,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Of the way from the published weights to these.")
    ] = 1.0,
) -> None:
    """Write the averaged weights as an ONNX file that agrees with torch."""
    try:
        second = load_lite(lite, lite_share, lite_start) if lite else None
        if closer:
            pair = Pair(None, load_lite(checkpoint))
        else:
            pair = Pair(load_u2netp(checkpoint, share), second)
        worst = write(pair, out, size)
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{out}: {out.stat().st_size:,} bytes, agrees with torch within {worst:.1e}")


if __name__ == "__main__":
    typer.run(main)

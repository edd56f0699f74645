"""Activations of one range, for eight bits: `python -m training.equalise NETWORK.pt OUT.pt`.

A rectifier lets a positive factor through: what a layer makes may be multiplied by one, if those
that read it divide by it, and the network makes what it made before (Nagel et al., "Data-Free
Quantization through Weight Equalization and Bias Correction", ICCV 2019). Joined maps share
one range in 8 bits: without this the smaller ones lose two bits of theirs.
"""

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor, nn

from pipeline.errors import LivematteError
from training.batches import SHAPES, Steps
from training.scenes import Scenes
from training.u2net import ConvRelu, DilatedBlock, U2NetP, UBlock
from training.weights import load_averaged, with_previous

_RANGE = 8.0
Reader = tuple[nn.Conv2d, int]
"""A convolution, and from which of its input channels on it reads."""


def equalised(network: U2NetP, inputs: Sequence[Tensor]) -> U2NetP:
    """A network that makes the same, its inner maps all of the same range on these inputs."""
    result = copy.deepcopy(network)
    pairs = list(_read(result))
    ranges = _ranges([maker for maker, _ in pairs], result, inputs)
    for (maker, readers), most in zip(pairs, ranges, strict=True):
        _scale(maker.conv, readers, _RANGE / max(most, 1e-6))
    return result


def _read(network: U2NetP) -> Iterator[tuple[ConvRelu, list[Reader]]]:
    """Every layer whose map is read by convolutions alone, and those."""
    blocks = list(network.encoder.values())
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        yield from _inner(block, following)
    for block in network.decoder.values():
        yield from _inner(block, None)


def _inner(
    block: nn.Module, following: nn.Module | None
) -> Iterator[tuple[ConvRelu, list[Reader]]]:
    assert isinstance(block, UBlock | DilatedBlock)
    readers: dict[ConvRelu, list[Reader]] = {}
    down, up = list(block.down), list(block.up)
    for before, after in zip(down, [*down[1:], block.bottom], strict=True):
        readers[before] = [(after.conv, 0)]
    results = [block.bottom, *up]
    for result, level, layer in zip(results, reversed(down), up, strict=False):
        readers.setdefault(result, []).append((layer.conv, 0))
        readers[level].append((layer.conv, result.conv.out_channels))
    if block.open_top:
        assert isinstance(following, UBlock | DilatedBlock)
        readers[block.enter] = [(down[0].conv, 0)]
        offset = 0
        for made in (results[-1], down[0], block.enter):
            readers.setdefault(made, []).append((following.enter.conv, offset))
            offset += made.conv.out_channels
    yield from readers.items()


def _ranges(layers: Sequence[ConvRelu], network: U2NetP, inputs: Sequence[Tensor]) -> list[float]:
    """The mean, over the inputs, of each layer's greatest value."""
    seen: dict[nn.Module, list[float]] = {layer: [] for layer in layers}

    def hear(layer: nn.Module, _: tuple[Tensor], output: Tensor) -> None:
        seen[layer].append(output.flatten(1).amax(1).mean().item())

    hooks = [layer.register_forward_hook(hear) for layer in layers]
    with torch.no_grad():
        for x in inputs:
            network(x)
    for hook in hooks:
        hook.remove()
    return [sum(seen[layer]) / len(seen[layer]) for layer in layers]


def _scale(conv: nn.Conv2d, readers: Sequence[Reader], factor: float) -> None:
    with torch.no_grad():
        conv.weight *= factor
        assert conv.bias is not None
        conv.bias *= factor
        for reader, first in readers:
            reader.weight[:, first : first + conv.out_channels] /= factor


def main(
    network: Annotated[Path, typer.Argument(exists=True, help="A .pt file of a training run.")],
    out: Annotated[Path, typer.Argument(dir_okay=False, help="The .pt file to write.")],
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Of the way from the weights of --start to these.")
    ] = 1.0,
    start: Annotated[
        Path | None, typer.Option(exists=True, help="What the run began with; or the published.")
    ] = None,
    batches: Annotated[int, typer.Option(help="Of eight training scenes each.")] = 4,
    seed: Annotated[int, typer.Option(help="The scenes follow from it.")] = 77,
    mattes: Annotated[Path | None, typer.Option(help="Mattes made for the portraits.")] = None,
) -> None:
    """Scale a network's layers so that 8 bits hold them better; it makes the same as before."""
    try:
        steps = Steps(Scenes.load("train", mattes), 8, seed, SHAPES[:1])
        loaded = load_averaged(network, share, start)
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    seen = [steps[step] for step in range(batches)]
    inputs = [with_previous(one.pictures, one.previous.float() / 255) for one in seen]
    torch.save({"step": 0, "averaged": equalised(loaded, inputs).state_dict()}, out)


if __name__ == "__main__":
    typer.run(main)

"""What a trained network can do without: `python -m training.narrow WHOLE.pt OUT.pt`.

The last step up of those stages goes whose result is only pooled for the next one, and then
channels of what is left at the input's full side: those whose loss the layers that read them can
best make up for. Such layers get the weights that, by least squares over samples of what they see,
come nearest to what they made before (He, Zhang, Sun, "Channel Pruning for Accelerating Very Deep
Neural Networks", ICCV 2017; which channel goes by Hassibi and Stork, "Optimal Brain Surgeon",
1993). No training follows, so it takes minutes.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor, nn
from torch.nn import functional

from pipeline.errors import LivematteError
from training.batches import SHAPES, Batch, Steps
from training.scenes import Scenes
from training.u2net import RGB_CHANNELS, U2NetP
from training.weights import load_averaged, set_weights, with_previous

_PATCHES = 6000
"""That a layer is fitted to, of each batch."""
_RIDGE = 1e-6
_TAPS = 9


@dataclass(frozen=True, slots=True)
class Cut:
    """`keep` of the channels that `makers` make (added up, where they are two)."""

    keep: int
    makers: tuple[str, ...]
    readers: tuple[tuple[str, int], ...]
    """Convolutions that read them, and from which of their input channels on."""


CUTS = (Cut(24, ("encoder.1.enter",), (("encoder.1.down.0", 0), ("encoder.2.enter", 32))),)
"""In the first stage, which costs more than all others together: there the map is large."""


class Fit:
    """Least squares of what a layer makes on what it reads, for any choice of what it reads."""

    def __init__(self, first: int, channels: int) -> None:
        """Of the channels that are read, `channels` from `first` on may go."""
        self._first, self.channels = first, channels
        self._inner: Tensor = torch.zeros(())
        self._outer: Tensor = torch.zeros(())
        self._power: Tensor = torch.zeros(())

    def add(self, patches: Tensor, made: Tensor) -> None:
        """`patches` (N, 9 C) and what is to be made of them (N, K)."""
        x = functional.pad(patches, (0, 1), value=1.0).double()
        y = made.double()
        self._inner = self._inner + x.T @ x / len(x)
        self._outer = self._outer + x.T @ y / len(x)
        self._power = self._power + y.var(0).sum()

    def losses(self, kept: Sequence[int]) -> Tensor:
        """What each of the kept channels is worth: by how much the error grows without it."""
        inverse, weights = self._solved(kept)
        spans = [slice(start, start + _TAPS) for start in self._starts(kept)]
        worth = [
            (weights[one] * torch.linalg.solve(inverse[one, one], weights[one])).sum()
            for one in spans
        ]
        return torch.stack(worth) / self._power

    def weights(self, kept: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Of the layer if these channels stay: (K, C', 3, 3), and its bias (K,)."""
        _, found = self._solved(kept)
        found = found.float()
        return found[:-1].T.unflatten(1, (-1, 3, 3)), found[-1]

    def _solved(self, kept: Sequence[int]) -> tuple[Tensor, Tensor]:
        rows = self._rows(kept)
        inner = self._inner[rows][:, rows]
        inverse = torch.linalg.inv(inner + _RIDGE * torch.eye(len(rows), dtype=inner.dtype))
        return inverse, inverse @ self._outer[rows]

    def _rows(self, kept: Sequence[int]) -> Tensor:
        gone = set(range(self.channels)) - set(kept)
        channels = [one for one in range(self._total) if one - self._first not in gone]
        taps = [range(_TAPS * one, _TAPS * (one + 1)) for one in channels]
        return torch.tensor([row for span in taps for row in span] + [_TAPS * self._total])

    def _starts(self, kept: Sequence[int]) -> list[int]:
        return [_TAPS * (self._first + place) for place in range(len(kept))]

    @property
    def _total(self) -> int:
        return (len(self._inner) - 1) // _TAPS


def opened(whole: U2NetP, batches: Sequence[Batch]) -> U2NetP:
    """A network whose finer stages are open at the top; see `training.u2net.UBlock`."""
    network = U2NetP(whole.finest, whole.inputs > RGB_CHANNELS, open_top=True)
    state = whole.state_dict()
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.shape == state[f"{name}.weight"].shape:
            set_weights(layer, state[f"{name}.weight"].clone(), state[f"{name}.bias"].clone())
    for stage in range(2, network.finest + 1):
        name = f"encoder.{stage}.enter"
        channels = _layer(network, name).in_channels
        (fit,) = _fitted(network, whole, [(name, 0)], channels, {}, batches)
        set_weights(_layer(network, name), *fit.weights(range(channels)))
    return network


def narrowed(whole: U2NetP, cuts: Sequence[Cut], batches: Sequence[Batch]) -> U2NetP:
    """A network with fewer channels that makes nearly the same of these batches."""
    network, kept = copy.deepcopy(whole), dict[str, list[int]]()
    for cut in cuts:
        channels = _layer(network, cut.makers[0]).out_channels
        fits = _fitted(network, whole, cut.readers, channels, kept, batches)
        chosen = _chosen(fits, cut.keep)
        for name in cut.makers:
            layer, kept[name] = _layer(network, name), chosen
            set_weights(layer, layer.weight.data[chosen], layer.bias.data[chosen])
        for (name, _), fit in zip(cut.readers, fits, strict=True):
            set_weights(_layer(network, name), *fit.weights(chosen))
    return network


def _chosen(fits: Sequence[Fit], keep: int) -> list[int]:
    """The channels that stay."""
    kept = list(range(fits[0].channels))
    while len(kept) > keep:
        kept.pop(int(torch.stack([fit.losses(kept) for fit in fits]).sum(0).argmin()))
    return kept


def _layer(network: U2NetP, name: str) -> nn.Conv2d:
    layer = network.get_submodule(f"{name}.conv")
    assert isinstance(layer, nn.Conv2d)
    return layer


def _fitted(
    network: U2NetP,
    whole: U2NetP,
    readers: Sequence[tuple[str, int]],
    channels: int,
    kept: Mapping[str, list[int]],
    batches: Sequence[Batch],
) -> list[Fit]:
    """How each reader makes, of what it reads in `network`, what it made in `whole`.

    `channels` of what they read may go; `kept`: what earlier cuts left of a layer's own.
    """
    rng = np.random.default_rng(0)
    names = [name for name, _ in readers]
    fits = [Fit(first, channels) for _, first in readers]
    for batch in batches:
        x = with_previous(batch.pictures, batch.previous.float() / 255)
        with _heard(network, names) as reads, _heard(whole, names) as makes, torch.no_grad():
            network(x)
            whole(x)
        for name, fit in zip(names, fits, strict=True):
            read, made = reads[name][0], makes[name][1][:, kept.get(name, slice(None))]
            fit.add(*_sampled(_layer(network, name), read, made, rng))
    return fits


@contextmanager
def _heard(network: U2NetP, names: Sequence[str]) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """What goes into layers' convolutions, and what comes out, by the layers' names."""
    heard: dict[str, tuple[Tensor, Tensor]] = {}

    def listen(name: str) -> None:
        def hear(_: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
            heard[name] = inputs[0].clone(), output.clone()  # rectifiers work in place

        hooks.append(_layer(network, name).register_forward_hook(hear))

    hooks: list[torch.utils.hooks.RemovableHandle] = []
    for name in names:
        listen(name)
    try:
        yield heard
    finally:
        for hook in hooks:
            hook.remove()


def _sampled(
    conv: nn.Conv2d, read: Tensor, made: Tensor, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Some patches that a convolution reads, (N, 9 C), and what another made there, (N, K)."""
    count, _, height, width = made.shape
    wanted = min(height * width, _PATCHES // count)
    chosen = rng.choice(height * width, wanted, replace=False)
    rows, columns = torch.from_numpy(chosen // width), torch.from_numpy(chosen % width)
    step = int(conv.dilation[0])  # and padded by as much: the size is kept
    padded = functional.pad(read, (step,) * 4)
    taps = [padded[:, :, rows + step * y, columns + step * x] for y in range(3) for x in range(3)]
    patches = torch.stack(taps, 2).flatten(1, 2)
    return _in_rows(patches), _in_rows(made[:, :, rows, columns])


def _in_rows(values: Tensor) -> Tensor:
    """(count, channels, N) as (count N, channels)."""
    return values.transpose(1, 2).flatten(0, 1)


def main(
    whole: Annotated[Path, typer.Argument(exists=True, help="A .pt file of a training run.")],
    out: Annotated[Path, typer.Argument(dir_okay=False, help="The .pt file to write.")],
    batches: Annotated[int, typer.Option(help="Of eight training scenes each.")] = 12,
    seed: Annotated[int, typer.Option(help="The scenes follow from it.")] = 77,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Of the way from the published weights to these.")
    ] = 1.0,
    mattes: Annotated[Path | None, typer.Option(help="Mattes made for the portraits.")] = None,
) -> None:
    """Take out the channels that cost most and give least; training may go on from the result."""
    try:
        network = load_averaged(whole, share)
        steps = Steps(Scenes.load("train", mattes), 8, seed, SHAPES[:1])
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    seen = [steps[step] for step in range(batches)]
    small = narrowed(opened(network, seen), CUTS, seen)
    torch.save({"step": 0, "averaged": small.state_dict()}, out)
    before, after = (sum(one.numel() for one in net.parameters()) for net in (network, small))
    typer.echo(f"{out}: {after:,} weights of {before:,}")


if __name__ == "__main__":
    typer.run(main)

"""How well a network does on the validation people, each time on the same pictures.

    python -m training.judge best.pt --share 0.4 --share 0.6 --share 1

says which part of the way from the published weights is best, see `weights.drawn_back`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from training.batches import SHAPES, Batch
from training.loss import mean_errors, overlaps
from training.scenes import Scenes
from training.u2net import alpha_of
from training.weights import PeopleNet, load_averaged, load_lite, with_previous

_SEED = 20_201
_TOGETHER = 8


@dataclass(frozen=True, slots=True)
class Score:
    """Means over the validation pictures: mean absolute error × 1000, and IoU.

    `fresh` without a previous alpha, `running` with a late, coarse one, and `lost` with one of
    another scene, which should change nothing.
    """

    fresh: float
    fresh_overlap: float
    running: float
    running_overlap: float
    lost: float

    @property
    def error(self) -> float:
        """What the best network is chosen by."""
        return (self.fresh + self.running) / 2


class Judge:
    """Validation pictures, made once."""

    def __init__(self, batches: list[Batch]) -> None:
        self._batches = batches

    @classmethod
    def load(cls, count: int = 64, mattes: Path | None = None) -> "Judge":
        """Of the validation split of the shared media; they depend on nothing else."""
        scenes = Scenes.load("validation", mattes, clean=True)
        rng = np.random.default_rng(_SEED)
        samples = [scenes.shaped(SHAPES[0], rng, 16 / 9) for _ in range(count)]
        starts = range(0, count, _TOGETHER)
        return cls([Batch(samples[start : start + _TOGETHER]) for start in starts])

    def score(self, network: PeopleNet) -> Score:
        device = next(network.parameters()).device
        fresh: list[torch.Tensor] = []
        running: list[torch.Tensor] = []
        lost: list[torch.Tensor] = []
        with torch.no_grad():
            for batch in self._batches:
                previous = batch.previous.float() / 255
                others = previous.roll(1, 0)
                for column, one in ((fresh, 0 * previous), (running, previous), (lost, others)):
                    column.append(_figures(network, batch, one, device))
        means = [torch.cat(column).mean(0).tolist() for column in (fresh, running, lost)]
        (error, overlap), (late, late_overlap), (wrong, _) = means
        return Score(error, overlap, late, late_overlap, wrong)


def _figures(
    network: PeopleNet, batch: Batch, previous: torch.Tensor, device: torch.device
) -> torch.Tensor:
    """Error × 1000 and IoU of each picture, (N, 2)."""
    picture = with_previous(batch.pictures.to(device), previous.to(device))
    alpha, weight = (one.to(device).float() / 255 for one in (batch.alpha, batch.weight))
    found = alpha_of(network(picture)[0], *alpha.shape[-2:])
    errors = 1000 * mean_errors(found, alpha, weight)
    return torch.stack((errors, overlaps(found, alpha, weight)), 1).cpu()


def main(
    checkpoint: Annotated[Path, typer.Argument(exists=True, help="best.pt or last.pt of a run.")],
    share: Annotated[
        list[float] | None, typer.Option(help="Of the way from the published weights to these.")
    ] = None,
    lite: Annotated[bool, typer.Option("--lite", help="It is a LiteNet's.")] = False,
    mattes: Annotated[Path | None, typer.Option(help="Mattes made for the portraits.")] = None,
) -> None:
    """Print the errors of a run's averaged network at each share."""
    if lite and share:
        raise typer.BadParameter("a LiteNet begins at no published one: leave out --share")
    judge = Judge.load(mattes=mattes)
    for part in share or [1.0]:
        score = judge.score(load_lite(checkpoint) if lite else load_averaged(checkpoint, part))
        typer.echo(f"{part:.2f}: {score.error:.2f} {score}")


if __name__ == "__main__":
    typer.run(main)

"""Train the edge's generator: `python -m training.edge_train --data DIR --out DIR`.

At first it learns from the truth alone; critics join in later, at a small weight.
"""

import copy
import json
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import cv2
import torch
import typer
from torch import Tensor, nn

from pipeline.errors import LivematteError
from training.edge_features import load_features, perceptual_loss
from training.edge_judge import EdgeJudge, EdgeScore
from training.edge_loss import (
    Weights,
    alpha_loss,
    colour_loss,
    composed,
    composed_loss,
    feature_loss,
    verdict_loss,
)
from training.edge_network import Critics, EdgeGenerator, critics_input, foreground, refined
from training.edge_patches import EdgeBatch, EdgeSteps, Layers, edge_batches, prepared
from training.segment import Plan, average, by_pixel, rate_at, save

_CLIP_NORM = 1.0
_WEIGHT_DECAY = 1e-4
_REPORT_EVERY = 50
_SAVE_EVERY = 250
_CRITICS_RATE = 0.2
"""Of the generator's."""


@dataclass(frozen=True, slots=True)
class EdgePlan(Plan):
    """What a run does; it is kept with it, and goes on with it."""

    steps: int = 12000
    batch: int = 24
    rate: float = 1e-3
    warm_up: int = 300
    averaged: float = 0.999
    judge_every: int = 500
    critics_from: float = 0.55
    """Part of the steps after which the critics join in."""
    looks_again: int = 8
    """Patches of each batch that the perceptual loss looks at: it costs more than all the rest."""


_PLAN = EdgePlan()


@dataclass(slots=True)
class _Made:
    """What a generator made of a batch, float32: alpha (N, 1, S, S), colour (N, 3, S, S)."""

    alpha: Tensor
    colour: Tensor


class EdgeTrainer:
    """Generator, its averaged twin, critics, optimisers, and how many steps they have made."""

    def __init__(
        self, network: EdgeGenerator, plan: EdgePlan, device: torch.device, look: nn.Module | None
    ) -> None:
        """`look` gives the features for the perceptual loss."""
        self.plan, self.device, self._look = plan, device, look
        self.network, self.critics = network.to(device), Critics().to(device)
        for weight in self.network.parameters():
            weight.data = by_pixel(weight.data)
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        self.step, self.best = 0, -math.inf
        self.weights = Weights()
        self._optimiser = torch.optim.AdamW(
            self.network.parameters(), plan.rate, weight_decay=_WEIGHT_DECAY
        )
        self._critics_optimiser = torch.optim.Adam(
            self.critics.parameters(), _CRITICS_RATE * plan.rate, betas=(0.5, 0.99)
        )

    @property
    def is_judged(self) -> bool:
        """Whether the critics have joined in."""
        return self.step >= self.plan.critics_from * self.plan.steps

    def learn(self, layers: Layers) -> dict[str, float]:
        """One step; the loss before it, and the critics'."""
        rate = rate_at(self.step, self.plan)
        _set_rate(self._optimiser, rate)
        _set_rate(self._critics_optimiser, _CRITICS_RATE * rate)
        batch = EdgeBatch.of(layers, self.device)
        made = self._make(batch)
        loss, seen = self._loss(batch, made), {}
        if self.is_judged:
            seen["critics"] = self._teach_critics(batch, made)
            loss = loss + self._verdict(batch, made)
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP_NORM)
        if torch.isfinite(norm):  # bfloat16 has the range of float32, but a step is not worth a run
            self._optimiser.step()
        self.step += 1
        average(self.averaged, self.network, self.step, self.plan.averaged)
        return {"loss": loss.item(), **seen}

    def state(self) -> dict[str, Any]:
        parts = self._parts()
        return {
            "plan": asdict(self.plan),
            "step": self.step,
            "best": self.best,
            **{name: part.state_dict() for name, part in parts.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.step, self.best = state["step"], state["best"]
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "averaged": self.averaged,
            "critics": self.critics,
            "optimiser": self._optimiser,
            "critics_optimiser": self._critics_optimiser,
        }

    def _make(self, batch: EdgeBatch) -> _Made:
        with torch.autocast(self.device.type, torch.bfloat16):
            correction, difference = self.network(by_pixel(batch.x))
        alpha = refined(batch.x, correction.float(), batch.band)
        return _Made(alpha, foreground(batch.x, alpha, difference.float()))

    def _loss(self, batch: EdgeBatch, made: _Made) -> Tensor:
        behind = _other_backgrounds(batch)
        truth = batch.alpha, batch.colour
        weights = self.weights
        loss = alpha_loss(made.alpha, batch.alpha, batch.band, weights)
        loss = loss + weights.composed * composed_loss(
            made.alpha, made.colour, *truth, behind, batch.band
        )
        loss = loss + weights.colour * colour_loss(made.colour, *truth[::-1], batch.band)
        if self._look is None:
            return loss
        some = slice(0, self.plan.looks_again)
        band = (batch.band[some] > 0).float()
        true = composed(batch.alpha[some], batch.colour[some], behind[some])
        mine = composed(made.alpha[some], made.colour[some], behind[some])
        with torch.autocast(self.device.type, torch.bfloat16):
            seen = perceptual_loss(self._look, true + band * (mine - true), true)
        return loss + weights.perceptual * seen

    def _teach_critics(self, batch: EdgeBatch, made: _Made) -> float:
        true, false = self._shown(batch, made)
        with torch.autocast(self.device.type, torch.bfloat16):
            judged = self.critics(torch.cat((true, false.detach())))
        count = len(true)
        halves = [[[part[at] for part in one] for one in judged] for at in _halves(count)]
        loss = 0.5 * (verdict_loss(halves[0], 1) + verdict_loss(halves[1], 0))
        self._critics_optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self._critics_optimiser.step()
        return loss.item()

    def _verdict(self, batch: EdgeBatch, made: _Made) -> Tensor:
        true, false = self._shown(batch, made)
        with torch.autocast(self.device.type, torch.bfloat16):
            with torch.no_grad():
                features = self.critics(true)
            judged = self.critics(false)
        similar = self.weights.features * feature_loss(judged, features)
        return similar + self.weights.verdicts * verdict_loss(judged, 1)

    def _shown(self, batch: EdgeBatch, made: _Made) -> tuple[Tensor, Tensor]:
        """The truth and what was made, as critics see them: alike but in the band."""
        inside = (batch.band > 0).float()
        true = critics_input(batch.x, batch.alpha, batch.colour)
        false = critics_input(batch.x, made.alpha, made.colour)
        return by_pixel(true), by_pixel(true + inside * (false - true))


def _halves(count: int) -> tuple[slice, slice]:
    return slice(0, count), slice(count, None)


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def _other_backgrounds(batch: EdgeBatch) -> Tensor:
    """For each patch the picture of the next one, or its mean colour: (N, 3, S, S)."""
    other = batch.x[:, :3].roll(1, 0)
    plain = other.mean((2, 3), keepdim=True).expand_as(other)
    return torch.cat((other[::2], plain[1::2]))


def train_edges(
    trainer: EdgeTrainer, pictures: list[Layers], judge: EdgeJudge, out: Path, workers: int = 1
) -> None:
    """To the plan's end, from where the trainer stands; last.pt, best.pt, log.jsonl in `out`."""
    plan, first = trainer.plan, trainer.step
    began, losses = time.perf_counter(), _Losses()
    if first == 0:
        _report(trainer, judge.score(trainer.averaged), out, {}, 0)
    steps = EdgeSteps(pictures, plan.batch, plan.seed)
    for layers in edge_batches(steps, first, plan.steps, workers):
        losses.add(trainer.learn(layers))
        each = (time.perf_counter() - began) / (trainer.step - first)
        if trainer.step % _REPORT_EVERY == 0:
            typer.echo(f"step {trainer.step}: {losses.means()}, {each:.2f} s a step")
        if trainer.step % _SAVE_EVERY == 0:
            save(trainer.state(), out / "last.pt")
        if trainer.step % plan.judge_every == 0 or trainer.step == plan.steps:
            _report(trainer, judge.score(trainer.averaged), out, losses.means(), each)
            losses = _Losses()


@dataclass(slots=True)
class _Losses:
    """Sums of losses by name, and how many went in."""

    sums: dict[str, float] = field(default_factory=dict)
    count: int = 0

    def add(self, losses: dict[str, float]) -> None:
        self.count += 1
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def means(self) -> dict[str, float]:
        return {name: round(total / self.count, 4) for name, total in self.sums.items()}


def _report(
    trainer: EdgeTrainer, score: EdgeScore, out: Path, losses: dict[str, float], each: float
) -> None:
    """Write a line of the log, and the weights; the best ones by themselves."""
    figures = {name: round(value, 4) for name, value in asdict(score).items()}
    line = {"step": trainer.step, "judged": trainer.is_judged, **losses, **figures}
    line |= {"s_a_step": round(each, 3), "time": time.strftime("%Y-%m-%dT%H:%M:%S")}
    with (out / "log.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")
    typer.echo(json.dumps(line))
    if score.value > trainer.best:
        trainer.best = score.value
        save({"step": trainer.step, "averaged": trainer.averaged.state_dict()}, out / "best.pt")
    save(trainer.state(), out / "last.pt")


def main(
    data: Annotated[Path, typer.Option(exists=True, help="Patches of training.edge_prepare.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Weights and log; a run goes on.")],
    steps: Annotated[int, typer.Option(help="Of how many batches.")] = _PLAN.steps,
    batch: Annotated[int, typer.Option(help="Patches in each.")] = _PLAN.batch,
    rate: Annotated[float, typer.Option(help="The highest learning rate.")] = _PLAN.rate,
    seed: Annotated[int, typer.Option(help="The batches follow from it.")] = _PLAN.seed,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    workers: Annotated[int, typer.Option(help="Processes that make the batches.")] = 1,
) -> None:
    """Train, or go on with the run that `out` holds: its own plan then counts."""
    torch.manual_seed(seed)
    cv2.setNumThreads(0)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    out.mkdir(parents=True, exist_ok=True)
    last = out / "last.pt"
    state = torch.load(last, map_location="cpu") if last.is_file() else None
    plan = EdgePlan(**state["plan"]) if state else EdgePlan(steps, batch, rate, seed=seed)
    try:
        where = torch.device(device)
        look = load_features(where)
        typer.echo(f"perceptual loss by {type(look).__name__}" if look else "no perceptual loss")
        trainer = EdgeTrainer(EdgeGenerator(), plan, where, look)
        if state:
            trainer.restore(state)
        train_edges(trainer, prepared(data, "train"), EdgeJudge.load(data), out, workers)
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)

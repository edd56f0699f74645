"""A run of training on people: its plan, its steps, what is kept of it."""

import copy
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import cv2
import torch
import typer
from torch import Tensor, nn

from training.batches import Batch, Steps, batches
from training.eight_bits import in_eight_bits
from training.loss import matting_loss
from training.weights import PeopleNet, with_previous

_CLIP_NORM = 2.0
_WEIGHT_DECAY = 1e-4
_REPORT_EVERY = 20

Lesson = tuple[Tensor, Tensor, Tensor]
"""What goes into the network, the alpha that it is to give, and how far that is to be believed."""
_SAVE_EVERY = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does; it is kept with it, and goes on with it."""

    steps: int = 4000
    batch: int = 8
    """Pictures of 256 × 256; of other sizes as many pixels."""
    rate: float = 1.5e-4
    """Of U²-Net-p, which goes on from where others stopped; LiteNet wants 1e-3."""
    warm_up: int = 150
    last_rate: float = 0.02
    """Of `rate`, at the end of the cosine."""
    averaged: float = 0.998
    """How much of the averaged weights stays at each step."""
    judge_every: int = 400
    seed: int = 1
    eight_bits: bool = False
    """Whether each step computes as 8 bits do; the averaged weights are judged without."""


class Trainer:
    """A network, its averaged twin, the optimiser, and how many steps they have made."""

    def __init__(self, network: PeopleNet, plan: Plan, device: torch.device) -> None:
        self.plan, self.device = plan, device
        # On a processor with bfloat16 units this is three times as fast as float32, plane by plane.
        self.network = network.to(device)
        for weight in self.network.parameters():
            weight.data = by_pixel(weight.data)
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        if plan.eight_bits:
            in_eight_bits(self.network)
        self.step = 0
        self.best = math.inf
        self._optimiser = torch.optim.AdamW(
            [
                {"params": list(_encoder(self.network)), "share": network.encoder_rate},
                {"params": list(_others(self.network)), "share": 1.0},
            ],
            weight_decay=_WEIGHT_DECAY,
        )

    def learn(self, batch: Batch) -> float:
        """One step; the loss before it."""
        for group in self._optimiser.param_groups:
            group["lr"] = group["share"] * rate_at(self.step, self.plan)
        loss = self._loss(batch)
        descend(loss, self.network, self._optimiser, _CLIP_NORM)
        self.step += 1
        average(self.averaged, self.network, self.step, self.plan.averaged)
        return loss.item()

    def state(self) -> dict[str, Any]:
        return {
            "plan": asdict(self.plan),
            "step": self.step,
            "best": self.best,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.step, self.best = state["step"], state["best"]
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self._optimiser.load_state_dict(state["optimiser"])

    def _loss(self, batch: Batch) -> Tensor:
        pictures, *levels = (
            one.to(self.device)
            for one in (batch.pictures, batch.alpha, batch.previous, batch.weight)
        )
        x, alpha, weight = self._lesson(pictures, *(one.float() / 255 for one in levels))
        with torch.autocast(self.device.type, torch.bfloat16):
            sides = self.network(by_pixel(x))
        return matting_loss(sides, alpha, weight)

    def _lesson(self, pictures: Tensor, alpha: Tensor, previous: Tensor, weight: Tensor) -> Lesson:
        """Of a batch on the device, levels as 0…1."""
        return with_previous(pictures, previous), alpha, weight


def _encoder(network: PeopleNet) -> Iterator[nn.Parameter]:
    return network.encoder.parameters()


def _others(network: PeopleNet) -> Iterator[nn.Parameter]:
    encoder = set(_encoder(network))
    return (weight for weight in network.parameters() if weight not in encoder)


def descend(
    loss: Tensor, network: nn.Module, optimiser: torch.optim.Optimizer, longest: float
) -> None:
    """One step down a loss, along a gradient no longer than that."""
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    norm = torch.nn.utils.clip_grad_norm_(network.parameters(), longest)
    if torch.isfinite(norm):  # bfloat16 has the range of float32, but a step is not worth a run
        optimiser.step()


def average(mean: nn.Module, now: nn.Module, step: int, slowest: float) -> None:
    """Move averaged weights to the present ones; early on fast, for the first steps change most."""
    kept = min(slowest, (1 + step) / (10 + step))
    with torch.no_grad():
        for one, other in zip(mean.parameters(), now.parameters(), strict=True):
            one.lerp_(other, 1 - kept)


def by_pixel(x: Tensor) -> Tensor:
    """The same values, those of one pixel beside each other in memory; vectors as they are."""
    return x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x


def rate_at(step: int, plan: Plan) -> float:
    """The learning rate: up in a line, down in half a cosine."""
    if step < plan.warm_up:
        return plan.rate * (step + 1) / plan.warm_up
    along = min(1.0, (step - plan.warm_up) / max(1, plan.steps - plan.warm_up))
    low = plan.last_rate
    return plan.rate * (low + (1 - low) * (1 + math.cos(math.pi * along)) / 2)


class Scored(Protocol):
    """What is written of a network at a step; the one with the least `error` is the best."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def error(self) -> float: ...


class Judging(Protocol):
    def score(self, network: PeopleNet) -> Scored: ...


def train(trainer: Trainer, steps: Steps, judge: Judging, out: Path, workers: int = 1) -> None:
    """To the plan's end, from where the trainer stands; last.pt, best.pt, log.jsonl in `out`."""
    plan = trainer.plan
    began, first, losses = time.perf_counter(), trainer.step, []
    if first == 0:
        _report(trainer, judge.score(trainer.averaged), out, 0, 0)
    for batch in batches(steps, first, plan.steps, workers):
        losses.append(trainer.learn(batch))
        each = (time.perf_counter() - began) / (trainer.step - first)
        if trainer.step % _REPORT_EVERY == 0:
            recent = sum(losses[-_REPORT_EVERY:]) / _REPORT_EVERY
            typer.echo(f"step {trainer.step}: loss {recent:.4f}, {each:.2f} s a step")
        if trainer.step % _SAVE_EVERY == 0:
            save(trainer.state(), out / "last.pt")
        if trainer.step % plan.judge_every == 0 or trainer.step == plan.steps:
            recent = sum(losses[-plan.judge_every :]) / len(losses[-plan.judge_every :])
            _report(trainer, judge.score(trainer.averaged), out, recent, each)


def _report(trainer: Trainer, score: Scored, out: Path, loss: float, each: float) -> None:
    """Write a line of the log, and the weights; the best ones by themselves."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S")
    figures = {name: round(value, 4) for name, value in asdict(score).items()}
    line = {"step": trainer.step, "loss": round(loss, 4), **figures, "s_a_step": round(each, 3)}
    with (out / "log.jsonl").open("a") as log:
        log.write(json.dumps({**line, "time": now}) + "\n")
    typer.echo(json.dumps(line))
    if score.error < trainer.best:
        trainer.best = score.error
        save({"step": trainer.step, "averaged": trainer.averaged.state_dict()}, out / "best.pt")
    save(trainer.state(), out / "last.pt")


def save(state: dict[str, Any], file: Path) -> None:
    """Written beside and moved into place: a run that is killed leaves a whole file."""
    part = file.with_suffix(".part")
    torch.save(state, part)
    part.replace(file)


def begin(out: Path, seed: int, device: str) -> tuple[torch.device, dict[str, Any] | None]:
    """Where to train (`auto`: a GPU if there is one), and the state of the run in `out`, if any."""
    torch.manual_seed(seed)
    cv2.setNumThreads(0)  # see `training.batches.batches`
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    out.mkdir(parents=True, exist_ok=True)
    last = out / "last.pt"
    state = torch.load(last, map_location="cpu") if last.is_file() else None
    return torch.device(device), state

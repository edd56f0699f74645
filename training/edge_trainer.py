"""One step of learning the edge: what the generator and its critics are told.

At first the generator learns from the truth alone; critics join in later, at a small weight.
"""

import copy
import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from training.edge_features import perceptual_loss
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
from training.edge_patches import EdgeBatch
from training.edge_prepare import Layers
from training.trainer import Plan, average, by_pixel, descend, rate_at

_CLIP_NORM = 1.0
_WEIGHT_DECAY = 1e-4
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
        descend(loss, self.network, self._optimiser, _CLIP_NORM)
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

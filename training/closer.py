"""Training a closer look at the outlines that the shipped networks find; see `first_look`.

It is trusted near those outlines alone, and learns there for the most: the true alpha where a true
edge is near as well, and elsewhere to leave the first look's as it is. To tell people from things
it would have to see more of the scene than it does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Generator, Tensor
from torch.nn import functional

from pipeline.closer import CERTAIN, FOREGROUND
from training.batches import Batch, Steps
from training.first_look import FirstLook, misled
from training.lite_net import LiteNet
from training.scenes import Mix, Scenes
from training.trainer import Lesson, Plan, Trainer
from training.u2net import alpha_of, enlarged
from training.weights import PeopleNet, with_previous

SHAPES = ((512, 288), (384, 384), (416, 224), (288, 448))
"""What it is trained at. It runs at 704 × 384 and 512 × 512, where it is better than here, and
better than once it is trained there: see its card."""
ODDS = (0.66, 0.17, 0.1, 0.07)
MIX = Mix(street=0.08, posing=0.19, calling=0.38, things=0.2, drawn=0.15)
"""The masks of those in the street end roughly."""
_TRUE, _TRUSTED = 8, 4
"""Pixels of half of its side from a true edge to what may be moved to it, and from the first look's
to what counts in full."""
_FAR = 0.1
"""What counts far from where it is trusted."""
_KEPT = 0.5
"""How much the first look's alpha is to be believed where there is no true edge."""
_SEED = 20_202
_PROCESSOR = torch.device("cpu")


class CloserTrainer(Trainer):
    """A LiteNet that looks closer; see `Trainer`."""

    def __init__(self, network: LiteNet, plan: Plan, device: torch.device) -> None:
        super().__init__(network, plan, device)
        self._first = FirstLook.load(device)

    def _lesson(self, pictures: Tensor, alpha: Tensor, previous: Tensor, weight: Tensor) -> Lesson:
        random = Generator().manual_seed(self.plan.seed * 1_000_003 + self.step)
        first = misled(self._first(pictures, alpha, previous, random).cpu(), previous.cpu(), random)
        seen = enlarged(first.to(self.device), alpha)
        true = near_edge(alpha, _TRUE)
        target = seen + true * (alpha - seen)
        trusted = _KEPT + true * (weight - _KEPT)
        near = near_edge(seen, _TRUSTED)
        return with_previous(pictures, seen), target, trusted * (_FAR + (1 - _FAR) * near)


def near_edge(alpha: Tensor, reach: int) -> Tensor:
    """1 within so many pixels of half of the side of what is uncertain, else 0: (N, 1, H, W)."""
    half = functional.avg_pool2d(alpha, 2)
    side = (half > FOREGROUND).float()
    outline = _widened(side, 1) - (1 - _widened(1 - side, 1))
    uncertain = ((half > CERTAIN) & (half < 1 - CERTAIN)).float()
    near = _widened(torch.maximum(uncertain, outline), reach)
    return functional.interpolate(near, alpha.shape[2:])


def _widened(mask: Tensor, reach: int) -> Tensor:
    return functional.max_pool2d(mask, 2 * reach + 1, 1, reach)


Looking = Callable[[Tensor, Tensor, Tensor, Generator], Tensor]
"""What gives a first look's alpha, as `FirstLook`."""


@dataclass(frozen=True, slots=True)
class CloserScore:
    """Mean absolute error × 1000 near the true edges of the validation pictures: of the first look,
    and of the second one."""

    first: float
    closer: float

    @property
    def error(self) -> float:
        return self.closer


class CloserJudge:
    """Validation pictures and what the first look finds in them, made once."""

    def __init__(self, batches: list[Batch], first: Looking) -> None:
        random = Generator().manual_seed(1)
        self._seen = []
        for batch in batches:
            none = torch.zeros_like(batch.previous).float()
            alpha = batch.alpha.float() / 255
            self._seen.append((batch, first(batch.pictures, alpha, none, random)))

    @classmethod
    def load(cls, count: int = 64, mattes: Path | None = None) -> Self:
        scenes = Scenes.load("validation", mattes, clean=True)
        steps = Steps(scenes, 4, _SEED, SHAPES[:1])
        return cls([steps[number] for number in range(count // 4)], FirstLook.load(_PROCESSOR))

    def score(self, network: PeopleNet) -> CloserScore:
        errors = [self._errors(network, *one) for one in self._seen]
        first, closer = torch.stack(errors).mean(0).tolist()
        return CloserScore(first, closer)

    def _errors(self, network: PeopleNet, batch: Batch, first: Tensor) -> Tensor:
        """Of the first look and of the second one."""
        alpha, weight = (one.float() / 255 for one in (batch.alpha, batch.weight))
        seen = enlarged(first, alpha)
        x = with_previous(batch.pictures, seen).to(next(network.parameters()).device)
        with torch.no_grad():
            closer = alpha_of(network(x)[0], *alpha.shape[2:]).cpu()
        near = weight * near_edge(alpha, _TRUE)
        wrong = [(near * (one - alpha).abs()).sum() for one in (seen, closer)]
        return 1000 * torch.stack(wrong) / near.sum().clamp(min=1)

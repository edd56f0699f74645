"""What a closer look is shown: what the first look's networks find, and worse than that.

Of people that they were trained on they know the outlines better than of others.
"""

from typing import Self

import torch
from torch import Generator, Tensor
from torch.nn import functional

from pipeline.models import DEFAULT_MODEL, MODEL_FOR, find_entry, find_model
from training.lite_net import LiteNet, agreed
from training.trainer import by_pixel
from training.u2net import U2NetP, enlarged
from training.weights import load_lite, load_u2netp, normalised, published, with_previous

_SMALLER = 0.45, 0.8
"""By how much the first look's picture is smaller."""
_SQUARE = 7, 10
"""Sides, in 32 pixels, of the square that the published network sees; 10 where it runs."""
_FOUND = 0.7
"""The least IoU with the truth of what has found the subject."""
_KNOTS, _SWAY_PX = (3, 14), 2.0
"""Points across a picture that an outline is moved at, differently, and about how far."""


class FirstLook:
    """What the shipped networks find, or one of them by itself, which errs more.

    Where that is not the foreground, since it is no person, what the published one finds; and the
    truth, but coarse, where that is not it either: a closer look is to learn how outlines run, not
    whose they are.
    """

    def __init__(
        self, u2netp: U2NetP, lite: LiteNet, salient: U2NetP, device: torch.device
    ) -> None:
        """`u2netp` and `lite` find people, `salient` what stands out, whatever it is."""
        networks = (u2netp, lite, salient)
        self._u2netp, self._lite, self._salient = (
            one.to(device).requires_grad_(False) for one in networks
        )

    @classmethod
    def load(cls, device: torch.device) -> Self:
        file, _ = find_model(DEFAULT_MODEL)
        return cls(load_u2netp(file), load_lite(file), published(previous=False), device)

    def __call__(
        self, pictures: Tensor, alpha: Tensor, previous: Tensor, random: Generator
    ) -> Tensor:
        """Alpha float32 (N, 1, h, w), at half of the side of what was looked at.

        `pictures` uint8 (N, H, W, 3), `alpha` (true) and `previous` float32 (N, 1, H, W), 0…1.
        """
        seen = self._people(pictures, previous, random)
        lost = ~_found(seen, alpha)
        if lost.any():
            side = 32 * _whole(random, _SQUARE[0], _SQUARE[1] + 1)
            thing = self._thing(pictures[lost], alpha[lost], side)
            seen[lost] = enlarged(thing, seen).clamp(0, 1)
        return seen

    def _thing(self, pictures: Tensor, alpha: Tensor, side: int) -> Tensor:
        """Alpha at a quarter of the side of a square that pictures are squeezed to."""
        x = by_pixel(_smaller(normalised(pictures), side, side))
        with torch.no_grad(), torch.autocast(x.device.type, torch.bfloat16):
            logits = self._salient(x)[0].float()
        seen = (logits + find_entry(MODEL_FOR["any"]).spec.logit_offset).sigmoid()
        invented = enlarged(_smaller(alpha, side // 8, side // 8), seen)
        return torch.where(_found(seen, alpha)[:, None, None, None], seen, invented)

    def _people(self, pictures: Tensor, previous: Tensor, random: Generator) -> Tensor:
        part = _uniform(random, *_SMALLER)
        size = [max(96, round(side * part / 32) * 32) for side in pictures.shape[1:3]]
        whole = with_previous(pictures, previous)
        x = by_pixel(_smaller(whole, *size))
        with torch.no_grad(), torch.autocast(x.device.type, torch.bfloat16):
            fine = self._lite(x)[0].float()
            coarse = enlarged(self._u2netp(x)[0].float(), fine)
        return _one_of(coarse, fine, random).sigmoid()


def _smaller(x: Tensor, height: int, width: int) -> Tensor:
    return functional.interpolate(x, (height, width), mode="bilinear", antialias=True)


def _found(seen: Tensor, alpha: Tensor) -> Tensor:
    """Whether a matte (N, 1, h, w) is of the right subject, (N,) of bool: of none, it always is."""
    true, taken = _smaller(alpha, *seen.shape[2:]) > 0.5, seen > 0.5
    shared, either = (one.sum((1, 2, 3)) for one in (true & taken, true | taken))
    return (shared >= _FOUND * either) | (true.sum((1, 2, 3)) == 0)


def _one_of(coarse: Tensor, fine: Tensor, random: Generator) -> Tensor:
    """What both agree on for half of the pictures, else what one says, or their mean."""
    chance = torch.rand(len(fine), 1, 1, 1, generator=random).to(fine.device)
    alone = torch.where(chance < 0.75, coarse, torch.where(chance < 0.9, fine, (coarse + fine) / 2))
    return torch.where(chance < 0.5, agreed(coarse, fine), alone)


def misled(first: Tensor, previous: Tensor, random: Generator) -> Tensor:
    """The first look's alphas (N, 1, h, w), each made worse by chance, on the CPU.

    `previous` (N, 1, H, W) takes a picture's place at times.
    """
    worse = []
    for one, before in zip(first.split(1), previous.split(1), strict=True):
        if _is(0.08, random) and before.max() > 0.5:
            one = functional.interpolate(before, one.shape[2:], mode="area")
        if _is(0.25, random):
            reach = _whole(random, 1, 3)
            one = _fattened(one, reach) if _is(0.5, random) else 1 - _fattened(1 - one, reach)
        if _is(0.2, random):
            reach = _whole(random, 2, 5)
            one = 1 - _fattened(1 - _fattened(one, reach), reach)
        if _is(0.5, random):
            one = _swayed(one, random)
        if _is(0.2, random):
            around = functional.pad(one, (1, 1, 1, 1), mode="replicate")
            one = functional.avg_pool2d(around, 3, 1)
        worse.append(one)
    return torch.cat(worse).clamp(0, 1)


def _fattened(alpha: Tensor, reach: int) -> Tensor:
    return functional.max_pool2d(alpha, 2 * reach + 1, 1, reach)


def _swayed(alpha: Tensor, random: Generator) -> Tensor:
    """Its outline moved here and there."""
    height, width = alpha.shape[2:]
    across = _whole(random, *_KNOTS)
    knots = torch.randn(1, 2, max(2, across * height // width), across, generator=random)
    sway = functional.interpolate(knots, (height, width), mode="bicubic", align_corners=False)
    sway = sway * _uniform(random, 0, _SWAY_PX)
    rows, columns = torch.meshgrid(
        torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij"
    )
    place = torch.stack(((columns + sway[0, 0]) / width, (rows + sway[0, 1]) / height), -1)
    return functional.grid_sample(
        alpha, 2 * place[None] - 1, padding_mode="border", align_corners=False
    )


def _is(chance: float, random: Generator) -> bool:
    return _uniform(random, 0, 1) < chance


def _uniform(random: Generator, low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(1, generator=random))


def _whole(random: Generator, low: int, high: int) -> int:
    return int(torch.randint(low, high, (1,), generator=random))

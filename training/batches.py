"""Batches of samples, each following from the seed and the step alone, so that a run can go on."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from pipeline.network import InputShape
from training.geometry import ASPECTS
from training.scenes import Sample, Scenes

SHAPES = (
    (352, 192),
    (512, 288),
    (416, 224),
    (256, 256),
    (384, 384),
    (192, 320),
    (256, 160),
)
"""What the network's input is trained at, width and height: the first is what calls run at."""
ODDS = (0.34, 0.17, 0.1, 0.1, 0.09, 0.04, 0.16)
_ANOTHER_ASPECT = 0.2
"""The logarithm of how far a scene may be squeezed, or stretched, to a shape."""
_PREFETCHED = 6


class Batch:
    """Pictures uint8 (N, H, W, 3); alpha, previous and weight uint8 (N, 1, H, W)."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.pictures = torch.from_numpy(np.stack([one.picture for one in samples]))
        self.alpha = _stacked([one.alpha for one in samples])
        self.previous = _stacked([one.previous for one in samples])
        self.weight = _stacked([one.weight for one in samples])


class Steps(Dataset[Batch]):
    """The batch of each step; `count` pictures of the first shape, as many pixels of another."""

    def __init__(
        self,
        scenes: Scenes,
        count: int,
        seed: int,
        shapes: Sequence[InputShape] | None = None,
        odds: Sequence[float] = ODDS,
    ) -> None:
        """`odds` are those of the shapes, as many of them as there are shapes."""
        self._scenes, self._count, self._seed = scenes, count, seed
        self._shapes = shapes or SHAPES
        self._odds = np.array(odds[: len(self._shapes)]) / sum(odds[: len(self._shapes)])

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng((self._seed, step))
        shape = self._shapes[rng.choice(len(self._odds), p=self._odds)]
        count = max(1, round(self._count * math.prod(self._shapes[0]) / math.prod(shape)))
        return Batch([self._sample(shape, rng) for _ in range(count)])

    def _sample(self, shape: InputShape, rng: np.random.Generator) -> Sample:
        aspect = shape[0] / shape[1] * np.exp(rng.uniform(-_ANOTHER_ASPECT, _ANOTHER_ASPECT))
        return self._scenes.shaped(shape, rng, float(np.clip(aspect, *ASPECTS)))


def batches(steps: Steps, start: int, end: int, workers: int = 1) -> Iterator[Batch]:
    """The batches of steps start … end - 1, made beside the training.

    The workers are forked, to share the pictures: OpenCV must have no threads by then, which would
    be waited for without end in the worker.
    """
    loader = DataLoader(
        steps,
        batch_size=None,
        sampler=range(start, end),
        num_workers=workers,
        prefetch_factor=_PREFETCHED if workers else None,
    )
    return iter(loader)


def _stacked(levels: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]) -> Tensor:
    return torch.from_numpy(np.stack(levels)[:, None])

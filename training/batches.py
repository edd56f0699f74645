"""Batches of samples, each following from the seed and the step alone, so that a run can go on."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from training.scenes import Sample, Scenes

SIZES = (192, 256, 320)
"""What the network's input is trained at: the middle one is what calls run at."""
_ODDS = (0.15, 0.5, 0.35)
_PREFETCHED = 6


class Batch:
    """Pictures uint8 (N, S, S, 3); alpha, previous and weight uint8 (N, 1, S, S)."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.pictures = torch.from_numpy(np.stack([one.picture for one in samples]))
        self.alpha = _stacked([one.alpha for one in samples])
        self.previous = _stacked([one.previous for one in samples])
        self.weight = _stacked([one.weight for one in samples])


class Steps(Dataset[Batch]):
    """The batch of each step; `count` pictures of the middle size, as many pixels of another."""

    def __init__(
        self, scenes: Scenes, count: int, seed: int, sizes: Sequence[int] | None = None
    ) -> None:
        self._scenes, self._count, self._seed = scenes, count, seed
        self._sizes = sizes or SIZES

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng((self._seed, step))
        size = int(rng.choice(self._sizes, p=_ODDS if len(self._sizes) == 3 else None))
        middle = self._sizes[len(self._sizes) // 2]
        count = max(1, round(self._count * (middle / size) ** 2))
        return Batch([self._scenes.sample(size, rng) for _ in range(count)])


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

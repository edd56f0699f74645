"""Prepared patches in batches, each following from the seed and the step alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from bench.cutouts import Split
from pipeline.edges import CHANNELS
from pipeline.errors import SourceError
from training.edge_prepare import Layers

_PREFETCHED = 6
_COLOURED = 0.8
"""How often a patch's colours are changed."""
_WRONG = 0.12
"""How often the guided alpha is made worse, so that it is not believed blindly."""


@dataclass(frozen=True, slots=True)
class EdgeBatch:
    """Float32 (N, C, S, S), 0…1: `x` of the generator's channels; colour, alpha and band."""

    x: Tensor
    colour: Tensor
    alpha: Tensor
    band: Tensor

    @classmethod
    def of(cls, layers: Layers, device: torch.device) -> "EdgeBatch":
        planes = torch.from_numpy(layers).to(device).permute(0, 3, 1, 2).float() / 255
        return cls(*planes.split((CHANNELS, 3, 1, 1), 1))


def prepared(folder: Path, split: Split) -> list[Layers]:
    """The patches of each picture of a split, mapped and not read; those that have any."""
    files = sorted((folder / split).glob("*.npy"))
    pictures = [np.load(file, mmap_mode="r") for file in files]
    found = [one for one in pictures if len(one)]
    if not found:
        raise SourceError(f"{folder / split}: no patches: run training.edge_prepare first")
    return found


class EdgeSteps(Dataset[Layers]):
    """The patches of each step, `count` of them: pictures come up equally often."""

    def __init__(self, pictures: Sequence[Layers], count: int, seed: int) -> None:
        self._pictures, self._count, self._seed = pictures, count, seed

    def __getitem__(self, step: int) -> Layers:
        rng = np.random.default_rng((self._seed, step))
        chosen = (
            self._pictures[int(at)] for at in rng.integers(len(self._pictures), size=self._count)
        )
        return np.stack([varied(one[int(rng.integers(len(one)))], rng) for one in chosen])


def edge_batches(steps: EdgeSteps, start: int, end: int, workers: int = 1) -> Iterator[Layers]:
    """The batches of steps start … end - 1, made beside the training; see `batches`."""
    loader: DataLoader[Layers] = DataLoader(
        steps,
        batch_size=None,
        sampler=range(start, end),
        num_workers=workers,
        prefetch_factor=_PREFETCHED if workers else None,
        collate_fn=np.asarray,
    )
    return iter(loader)


def varied(patch: Layers, rng: np.random.Generator) -> Layers:
    """One patch (S, S, 10), turned, mirrored, recoloured; all layers alike."""
    result = np.rot90(patch, int(rng.integers(4)))
    result = result[:, ::-1] if rng.random() < 0.5 else result
    result = result.copy()
    if rng.random() < _COLOURED:
        _recolour(result, rng)
    if rng.random() < _WRONG:
        soft = cv2.GaussianBlur(result[..., 4], (0, 0), rng.uniform(0.7, 3))
        result[..., 4] = np.where(result[..., 9] > 0, soft, result[..., 4])
    return result


def _recolour(patch: Layers, rng: np.random.Generator) -> None:
    """In place: picture and foreground by one affine map of colour, under which the composite, and
    nearly the guided alpha too, stay what they are."""
    order = np.eye(3)[rng.permutation(3)]
    mixed = order + rng.uniform(0, 0.35) * (np.full((3, 3), 1 / 3) - order)
    gain = np.exp(rng.normal(0, 0.22) + rng.normal(0, 0.08, 3))
    middle = rng.uniform(60, 195)
    shift = middle + rng.normal(0, 12) - gain * middle
    matrix = np.column_stack((mixed * gain[:, None], shift)).astype(np.float32)
    for first in (0, 5):
        part = slice(first, first + 3)
        patch[..., part] = cv2.transform(np.ascontiguousarray(patch[..., part]), matrix)

"""What is kept of a long work, so that it can go on after a power cut as if nothing had been."""

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pipeline.matted import MattingState
from stream.verify import Sample
from stream.video_file import PictureKind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far it is after a segment, and whatever the next one builds on."""

    segments: int
    frames: int
    """In all of them."""
    state: MattingState
    kinds: list[PictureKind]
    """Of the pictures of each file that is written."""
    samples: list[Sample | None]


def save(kept: object, path: Path) -> None:
    """Whole and on the disk, or not there."""
    scratch = path.with_suffix(".new")
    with scratch.open("wb") as file:
        pickle.dump(kept, file)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    sync_folder(path.parent)


def load(path: Path, kind: type[T]) -> T:
    """Raises UnpicklingError for a file that holds anything else."""
    with path.open("rb") as file:
        found = _Unpickler(file).load()
    if not isinstance(found, kind):
        raise pickle.UnpicklingError(f"{path} holds no {kind.__name__}")
    return found


def sync_folder(folder: Path) -> None:
    """Names of files in it are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_FOREIGN = {
    ("collections", "deque"),
    ("fractions", "Fraction"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
}


class _Unpickler(pickle.Unpickler):
    """Takes our own classes and arrays, and runs nothing else that a file may name."""

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name) if self._is_known(module, name) else None
        if (module, name) in _FOREIGN or isinstance(found, type):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a checkpoint")

    def _is_known(self, module: str, name: str) -> bool:
        return (module, name) in _FOREIGN or module.split(".")[0] in ("pipeline", "stream")

"""The peer's end of the protocol; `bench/peer.py` is the other one.

A peer runs as `python -m bench.peers.NAME` in an environment of its own, from the repository's
root. Lines of JSON go to and fro:

    peer  {"versions": {"rembg": "2.0.86", …}}              once it is ready
    we    {"frames": "….npy", "alphas": "….npy"}            one line a clip
    peer  {"frames": 30}                                    once that clip's alphas are written

or, frame by frame, as a video that is being read:

    we    {"picture": "….npy", "alpha": "….npy"}            one line a video
    we    {"next": true}                                    one line a frame
    peer  {"frames": 1}                                     once that frame's alpha is written
    we    {"next": false}                                   the video has ended
    peer  {"frames": 0}

`picture` is uint8 (H, W, 3) and `alpha` float32 (H, W), both files made by us and written again for
every frame. `frames` holds uint8 (N, H, W, 3) RGB, in order; `alphas` takes float32 (N, H, W),
0 … 1, of the same height and width. Every clip begins afresh: no state of the one before is kept.
The end of the input ends the peer. Lines that are no object are what libraries print. A peer that
fails leaves with a status other than 0, and its last line on standard error says why.

This file needs NumPy alone, so that it can be imported in any peer's environment.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Frames(Protocol):
    """Iterated for frames, RGB, uint8 (H, W, 3) each, in order."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, H, W, 3); N is 0 where nobody knows."""

    def __iter__(self) -> Iterator[Any]: ...


Alpha = NDArray[np.float32]
"""float32 (H, W), 0 … 1."""
ClipMatter = Callable[[Frames], Iterable[Alpha]]


def serve(matte_clip: ClipMatter, *packages: str) -> None:
    """Matte every clip that is asked for; `packages` are those whose versions matter."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries greet on standard output
    _answer(answers.write, {"versions": {name: version(name) for name in packages}})
    answers.flush()
    while line := sys.stdin.readline():
        job = json.loads(line)
        if "picture" in job:
            for count in _matte_each(matte_clip, job):
                _answer(answers.write, {"frames": count})
                answers.flush()
        else:
            _answer(answers.write, {"frames": _matte(matte_clip, job)})
            answers.flush()


@dataclass(frozen=True)
class _Offered:
    """The frames of a video that is being read: each is there once a line says so."""

    picture: NDArray[np.uint8]

    @property
    def shape(self) -> tuple[int, ...]:
        return (0, *self.picture.shape)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        while (line := sys.stdin.readline()) and json.loads(line)["next"]:
            yield self.picture


def _matte_each(matte_clip: ClipMatter, job: dict[str, str]) -> Iterator[int]:
    picture, matte = np.load(job["picture"], mmap_mode="r"), np.load(job["alpha"], mmap_mode="r+")
    for alpha in matte_clip(_Offered(picture)):
        matte[:] = alpha
        yield 1
    yield 0


def _matte(matte_clip: ClipMatter, job: dict[str, str]) -> int:
    frames = np.load(job["frames"], mmap_mode="r")
    alphas = np.lib.format.open_memmap(job["alphas"], "w+", np.float32, frames.shape[:3])
    for index, alpha in enumerate(matte_clip(frames)):
        alphas[index] = alpha
    alphas.flush()
    return len(alphas)


def _answer(write: Callable[[str], object], answer: dict[str, object]) -> None:
    write(json.dumps(answer) + "\n")

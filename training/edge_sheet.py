"""Drawn edges to look at, before and after the generator: `python -m training.edge_sheet OUT.png`.

In place of a network's matte stands the truth at the resolution that a network gives, which is the
best that it could find. Real subjects: `python -m bench.edges --strips FOLDER`.
"""

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from bench.drawn import texture
from bench.edges import view_of
from bench.strips import grey
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.patch_network import wanted_patch_network
from pipeline.refine import GanRefiner
from training.edge_drawn import drawn_subject

KINDS = ("drawn/hair", "drawn/fur", "drawn/holes")
_SIDE, _FOUND, _SHOWN = 720, 64, 200
"""Of a subject, of what stands for a network's matte, and of what is shown, in pixels."""


def row(kind: str, refiner: GanRefiner, rng: np.random.Generator) -> RgbImage:
    """Source, guided and refined alpha, and truth, side by side, where most is half covered."""
    subject = drawn_subject(_SIDE, texture((_SIDE, _SIDE), rng), rng)
    while subject.name != kind:
        subject = drawn_subject(_SIDE, texture((_SIDE, _SIDE), rng), rng)
    alpha = subject.alpha[..., None]
    mixed = alpha * subject.foreground + (1 - alpha) * texture((_SIDE, _SIDE), rng)
    frame = Frame.from_rgb(cv2.convertScaleAbs(mixed))
    coarse = cv2.resize(subject.alpha, (_FOUND, _FOUND), interpolation=cv2.INTER_AREA)
    view = view_of(frame, coarse)
    mattes = (view.matte.full, refiner(view).matte.full, subject.alpha)
    place = _most_mixed(subject.alpha)
    return np.concatenate([one[place] for one in (frame.rgb, *map(grey, mattes))], axis=1)


def _most_mixed(alpha: AlphaMatte) -> tuple[slice, slice]:
    """Where a square of `_SHOWN` pixels holds most of what is neither 0 nor 1."""
    mixed = cv2.blur(alpha * (1 - alpha), (_SHOWN, _SHOWN), borderType=cv2.BORDER_CONSTANT)
    row, column = np.unravel_index(int(mixed.argmax()), mixed.shape)
    top, left = (int(np.clip(one - _SHOWN // 2, 0, _SIDE - _SHOWN)) for one in (row, column))
    return slice(top, top + _SHOWN), slice(left, left + _SHOWN)


def main(
    out: Annotated[Path, typer.Argument(dir_okay=False, help="The PNG to write.")],
    seed: Annotated[int, typer.Option(help="Everything follows from it.")] = 1,
) -> None:
    """Write a row for hair, fur and a thing full of holes: source, guided, refined, truth."""
    network = wanted_patch_network("on")
    assert network is not None
    rng = np.random.default_rng(seed)
    rows = [row(kind, GanRefiner(network), rng) for kind in KINDS]
    cv2.imwrite(str(out), cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    typer.run(main)

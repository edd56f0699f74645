"""Patches to learn the edge from, made once: `python -m training.edge_prepare --out DIR`.

The coarse alpha is what the pipeline's own networks really give, at the sizes and crops that it
uses, and the guided alpha is its own. Each picture follows from the seed and its number alone and
has a file of its own, so that what was interrupted goes on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from bench.cutouts import Split
from pipeline.cells import cell_side
from pipeline.edges import (
    CHANNELS,
    PATCH,
    STEP,
    coarse_plane,
    cut,
    cut_patches,
    feather_plane,
    tiling,
    uncertainty,
)
from pipeline.errors import LivematteError
from pipeline.frame import AlphaMatte, Frame, Roi
from pipeline.guided import guided_upsample
from training.edge_mattes import Eye, coarse_alpha, damaged, open_eyes
from training.edge_pictures import EdgePicture, EdgePictures

LAYERS = CHANNELS + 5
_LEAST_SUM = 2.0
"""Of a patch's uncertainty, in cells: what has less is no edge."""

Layers = NDArray[np.uint8]
"""Prepared patches, uint8 (n, PATCH, PATCH, LAYERS), 0…255: red, green, blue, coarse alpha, guided
alpha; the foreground's red, green and blue; the true alpha; how far alpha may be changed."""


def layers_of(
    picture: EdgePicture, eyes: Sequence[Eye], most: int, rng: np.random.Generator
) -> Layers:
    """At most so many patches of a picture, where the pipeline is uncertain."""
    frame, side = picture.frame, cell_side(picture.frame.width, picture.frame.height)
    alpha = damaged(coarse_alpha(picture, eyes, rng), rng)
    matte = guided_upsample(frame, alpha, frame.reduced(side))
    tiles = tiling(frame.width, frame.height)
    wanted = np.flatnonzero(tiles.sums(uncertainty(matte), side) > _LEAST_SUM)
    chosen = rng.permutation(wanted)[:most]
    rois = [_moved(tiles.roi(int(number)), frame, rng) for number in chosen]
    seen = cut_patches(frame, coarse_plane(frame, alpha, side), matte.full, rois)
    planes = picture.foreground, *map(_levels, (picture.alpha, feather_plane(matte)))
    truth = [np.dstack([cut(plane, roi) for plane in planes]) for roi in rois]
    if not rois:
        return np.empty((0, PATCH, PATCH, LAYERS), np.uint8)
    return np.concatenate((seen, np.stack(truth)), 3)


@dataclass(frozen=True, slots=True)
class Part:
    """Which pictures of a split one process makes: those from `first` on, every `step`."""

    split: Split
    models: tuple[str, ...]
    mattes: Path | None
    out: Path
    first: int
    step: int
    count: int
    most: int
    seed: int
    also: tuple[Split, ...] = ()
    more: Path | None = None


def make_part(part: Part) -> None:
    """Open what is needed, and make a part; in a process of its own."""
    cv2.setNumThreads(1)
    numbers, out = range(part.first, part.count, part.step), part.out / part.split
    if not all(_file(out, number).is_file() for number in numbers):
        pictures = EdgePictures.load(part.split, part.mattes, also=part.also, more=part.more)
        prepare(pictures, open_eyes(part.models), out, numbers, part.most, part.seed)


def prepare(
    pictures: EdgePictures,
    eyes: Sequence[Eye],
    out: Path,
    numbers: Iterable[int],
    most: int,
    seed: int,
) -> None:
    """Write what is missing of 00000.npy and so on, each uint8 (n, PATCH, PATCH, LAYERS)."""
    out.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        file = _file(out, number)
        if not file.is_file():
            rng = np.random.default_rng((seed, number))
            _write(file, layers_of(pictures.picture(rng), eyes, most, rng))
            if number % 50 == 0:
                typer.echo(f"{out.name}: {number}")


def _file(out: Path, number: int) -> Path:
    return out / f"{number:05}.npy"


def _moved(roi: Roi, frame: Frame, rng: np.random.Generator) -> Roi:
    """Some pixels aside: the net is not to know where patches lie."""
    x, y = (int(step) * STEP for step in rng.integers(-5, 6, 2))
    left = min(max(0, roi.left + x), max(0, frame.width - PATCH) // STEP * STEP)
    top = min(max(0, roi.top + y), max(0, frame.height - PATCH) // STEP * STEP)
    return Roi(left, top, left + PATCH, top + PATCH)


def _levels(alpha: AlphaMatte) -> NDArray[np.uint8]:
    return np.asarray(cv2.convertScaleAbs(alpha, alpha=255))


def _write(file: Path, layers: Layers) -> None:
    """Written beside and moved into place: what is there is whole."""
    part = file.with_suffix(".part")
    with part.open("wb") as target:
        np.save(target, layers)
    part.replace(file)


def main(
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the patches.")],
    model: Annotated[list[str], typer.Option(help="A network that looks, by name or .onnx file.")],
    count: Annotated[
        int, typer.Option(help="Pictures to train on; a sixteenth to validate.")
    ] = 1600,
    most: Annotated[int, typer.Option(help="Patches of each.")] = 8,
    mattes: Annotated[Path | None, typer.Option(help="Mattes made for the portraits.")] = None,
    more: Annotated[
        Path | None, typer.Option(help="Further rooms and people: training.more_media's folder.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The pictures follow from it.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes that make them.")] = 2,
    everything: Annotated[
        bool,
        typer.Option(
            "--everything",
            help="Train on validation subjects and rooms, too: the log is then no measure.",
        ),
    ] = False,
) -> None:
    """Make what is missing. A patch takes 160 KB on disk, a picture about a second."""
    also: tuple[Split, ...] = ("validation",) if everything else ()
    learnt = partial(Part, "train", count=count, also=also, more=more)
    judged = partial(Part, "validation", count=count // 16)
    parts = [
        part(tuple(model), mattes, out, first, workers, most=most, seed=seed)
        for part in (judged, learnt)
        for first in range(workers)
    ]
    try:
        with get_context("spawn").Pool(workers) as pool:
            pool.map(make_part, parts, chunksize=1)
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)

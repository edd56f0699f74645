"""Patches to learn the edge from, made once: `python -m training.edge_prepare --out DIR`.

The coarse alpha is what the pipeline's own networks really give, at the sizes and crops that it
uses, and the guided alpha is its own. Each picture follows from the seed and its number alone and
has a file of its own, so that what was interrupted goes on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from pipeline.models import CATALOGUE
from pipeline.runtime import Precision, RuntimeOptions
from pipeline.segment import Segmenter, U2Net
from pipeline.subject import WHOLE, Look, grown
from training.edge_pictures import EdgePicture, EdgePictures

LAYERS = CHANNELS + 5
"""Of a prepared patch: the generator's channels, foreground colour, true alpha, band."""
SEEN_BY: tuple[tuple[int, Precision], ...] = (
    (320, "auto"),
    (320, "bf16"),
    (256, "auto"),
    (192, "auto"),
)
"""Sides and precisions of the networks that look."""
_FOUND = 0.7
"""The least IoU with the truth; a subject that was not found is no matter of its edge."""
_CROPPED = 0.6
"""How often a crop round the subject is looked at, as the pipeline does once it follows."""
_LEAST_SUM = 2.0
"""Of a patch's uncertainty, in cells: what has less is no edge."""

Layers = NDArray[np.uint8]
"""uint8 (n, PATCH, PATCH, LAYERS), 0…255."""


@dataclass(frozen=True, slots=True, eq=False)
class Eye:
    """A network that looks, and the side of its input."""

    segmenter: Segmenter
    side: int


def open_eyes(models: Sequence[str]) -> list[Eye]:
    """Every model at every size and precision that it can have here."""
    eyes = []
    for model in models:
        for size, precision in SEEN_BY:
            fixed = model in CATALOGUE and CATALOGUE[model].spec.size > size
            if not fixed:
                options = RuntimeOptions(precision=precision, threads=1)
                eyes.append(Eye(U2Net.load(model, options, (size,)), size))
    return eyes


def layers_of(
    picture: EdgePicture, eyes: Sequence[Eye], most: int, rng: np.random.Generator
) -> Layers:
    """At most so many patches of a picture, where the pipeline is uncertain."""
    frame, side = picture.frame, cell_side(picture.frame.width, picture.frame.height)
    alpha = _damaged(_coarse(picture, eyes, rng), rng)
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


def make_part(part: Part) -> None:
    """Open what is needed, and make a part; in a process of its own."""
    cv2.setNumThreads(1)
    numbers = range(part.first, part.count, part.step)
    if not all(_file(part.out, number).is_file() for number in numbers):
        pictures = EdgePictures.load(part.split, part.mattes)
        prepare(pictures, open_eyes(part.models), part.out, numbers, part.most, part.seed)


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


def _coarse(picture: EdgePicture, eyes: Sequence[Eye], rng: np.random.Generator) -> AlphaMatte:
    """A network's alpha of the whole frame; an invented one where it does not find the subject."""
    frame, eye = picture.frame, eyes[int(rng.integers(len(eyes)))]
    crop = _crop(picture, rng) if rng.random() < _CROPPED else None
    alpha = eye.segmenter(frame, Look(crop) if crop else WHOLE)
    truth = cv2.resize(picture.alpha, alpha.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
    shared, either = np.sum((alpha > 0.5) & truth), np.sum((alpha > 0.5) | truth)
    return alpha if shared >= _FOUND * either else _invented(picture.alpha, eye.side, rng)


def _crop(picture: EdgePicture, rng: np.random.Generator) -> Roi | None:
    """As a subject is followed: a margin round it; None where nothing is foreground."""
    left, top, width, height = cv2.boundingRect((picture.alpha > 0.1).astype(np.uint8))
    if not width:
        return None
    return grown(Roi(left, top, left + width, top + height), rng.uniform(0.1, 0.5), picture.frame)


def _invented(truth: AlphaMatte, side: int, rng: np.random.Generator) -> AlphaMatte:
    """The truth as coarse as a network's output, its outline swaying by a pixel or so of that."""
    small = side // 4
    sway = cv2.resize(
        rng.normal(0, 1, (small // 5, small // 5, 2)).astype(np.float32), (small, small)
    )
    places = np.mgrid[:small, :small].astype(np.float32) + rng.uniform(0.2, 1.5) * sway.transpose(
        2, 0, 1
    )
    coarse = cv2.resize(truth, (small, small), interpolation=cv2.INTER_AREA)
    swayed = cv2.remap(coarse, places[1], places[0], cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(swayed, (0, 0), rng.uniform(0.4, 1.2))
    alpha: AlphaMatte = cv2.resize(soft, (side, side))
    return alpha


def _damaged(alpha: AlphaMatte, rng: np.random.Generator) -> AlphaMatte:
    """Sometimes fatter or thinner, sharper or softer: no two networks err in the same way."""
    if rng.random() > 0.4:
        return alpha
    logits = np.log((alpha + 0.002) / (1.002 - alpha))
    logits = logits * np.float32(np.exp(rng.normal(0, 0.3))) + np.float32(rng.normal(0, 0.6))
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


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
    seed: Annotated[int, typer.Option(help="The pictures follow from it.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes that make them.")] = 2,
) -> None:
    """Make what is missing. A patch takes 160 KB on disk, a picture about a second."""
    splits: tuple[tuple[Split, int], ...] = (("validation", count // 16), ("train", count))
    parts = [
        Part(split, tuple(model), mattes, out / split, first, workers, pictures, most, seed)
        for split, pictures in splits
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

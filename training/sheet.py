"""Training samples to look at: `python -m training.sheet --out FILE.png`."""

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from bench.cutouts import Split
from pipeline.frame import RgbImage
from training.scenes import Sample, Scenes

_MAGENTA = (255, 0, 255)


def tile(sample: Sample) -> RgbImage:
    """The picture; before magenta by its alpha; and weight and previous alpha, half as large."""
    alpha = sample.alpha[..., None] / 255
    cut_out = sample.picture * alpha + np.array(_MAGENTA) * (1 - alpha)
    small = [one[::2, ::2] for one in (sample.previous, sample.weight)]
    grey = np.repeat(np.concatenate(small)[..., None], 3, 2)
    return np.concatenate((sample.picture, cut_out.astype(np.uint8), grey), axis=1)


def main(
    out: Annotated[Path, typer.Option(dir_okay=False, help="The PNG to write.")],
    split: Annotated[Split, typer.Option(help="Of whom.")] = "train",
    mattes: Annotated[Path | None, typer.Option(help="Mattes made for the portraits.")] = None,
    count: Annotated[int, typer.Option(help="How many samples.")] = 24,
    columns: Annotated[int, typer.Option(help="How many beside each other.")] = 4,
    size: Annotated[int, typer.Option(help="Their side.")] = 160,
    seed: Annotated[int, typer.Option(help="Everything follows from it.")] = 1,
    most: Annotated[int | None, typer.Option(help="At most so many street photos.")] = 120,
) -> None:
    """Write a contact sheet of composed training samples."""
    scenes = Scenes.load(split, mattes, most)
    rng = np.random.default_rng(seed)
    tiles = [tile(scenes.sample(size, rng)) for _ in range(count // columns * columns)]
    rows = [np.concatenate(tiles[at : at + columns], 1) for at in range(0, len(tiles), columns)]
    cv2.imwrite(str(out), cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    typer.run(main)

"""Mattes for the portraits, which have none: `python -m training.portraits --out DIR`.

A network sees each photo at several scales and in a mirror; where all of that agrees is certain,
and closed-form matting (Levin et al., 2008) draws the rest. What comes out must be looked at, one
by one: those that are wrong are listed in rejected_portraits.json and never trained on.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import torch
import typer

from bench.cutouts import read_rgb, shared_data, split_of
from pipeline.frame import AlphaMatte, RgbImage, Trimap, resize
from training.people import Levels
from training.u2net import RGB_CHANNELS, U2NetP, alpha_of
from training.weights import load_averaged, published, with_previous

_SCALES = (256, 320, 384, 448)
"""Sides at which the network looks; the nearer ones see hair, the farther ones the person."""
_CERTAIN = 0.92
_DISAGREE = 0.12
"""Standard deviation between the looks from which on a pixel is uncertain."""
_BAND = 0.012
"""Of the side: so near an edge nothing is certain."""
_MAGENTA = (255, 0, 255)
_A_SHEET = 20

Look = Callable[[RgbImage], AlphaMatte]
"""A square picture to its alpha at the same size."""


def look_with(checkpoint: Path | None) -> Look:
    """The published network's fused output, or the shipped side output of one that we trained."""
    if checkpoint is not None:
        return _look(load_averaged(checkpoint))
    return _look(published(finest=1, previous=False).eval())


def certain_alpha(photo: RgbImage, look: Look) -> tuple[AlphaMatte, AlphaMatte]:
    """Mean and standard deviation of the alphas of all looks, float32 (H, W) each."""
    height, width = photo.shape[:2]
    looks = []
    for side in _SCALES:
        small = resize(photo, side, side)
        twice = look(small), look(np.ascontiguousarray(small[:, ::-1]))[:, ::-1]
        looks += [resize(np.ascontiguousarray(alpha), width, height) for alpha in twice]
    return np.mean(looks, 0, dtype=np.float32), np.std(looks, 0, dtype=np.float32)


def trimap_of(mean: AlphaMatte, deviation: AlphaMatte) -> Trimap:
    """Certain where the looks agree and no edge is near."""
    reach = 2 * round(_BAND * max(mean.shape)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    agreed = deviation < _DISAGREE
    inside = cv2.erode(((mean > _CERTAIN) & agreed).astype(np.uint8), kernel) > 0
    outside = cv2.erode(((mean < 1 - _CERTAIN) & agreed).astype(np.uint8), kernel) > 0
    trimap = np.full(mean.shape, 128, np.uint8)
    trimap[inside], trimap[outside] = 255, 0
    return trimap


def matte(photo: RgbImage, trimap: Trimap) -> tuple[AlphaMatte, RgbImage]:
    """Alpha and foreground colour by closed-form matting; seconds for half a megapixel."""
    from pymatting import estimate_alpha_cf, estimate_foreground_ml

    picture = photo / 255.0
    alpha = np.clip(estimate_alpha_cf(picture, trimap / 255.0), 0, 1)
    colour = np.clip(estimate_foreground_ml(picture, alpha), 0, 1)
    return alpha.astype(np.float32), (colour * 255 + 0.5).astype(np.uint8)


def make(name: str, look: Look, side: int, out: Path) -> bool:
    """Write NAME-alpha.png and NAME-foreground.png, `side` pixels high.

    False, and nothing is written, where the looks agree on no foreground or on no background.
    """
    photo = read_rgb(shared_data() / "portraits" / f"{name}.jpg")
    width = round(photo.shape[1] * side / photo.shape[0])
    photo = resize(photo, width, side)
    trimap = trimap_of(*certain_alpha(photo, look))
    if not {0, 255} <= set(np.unique(trimap).tolist()):
        return False
    alpha, foreground = matte(photo, trimap)
    cv2.imwrite(str(out / f"{name}-foreground.png"), foreground[..., ::-1])
    cv2.imwrite(str(out / f"{name}-alpha.png"), (alpha * 255 + 0.5).astype(np.uint8))
    return True


def sheet(names: list[str], mattes: Path, side: int = 256) -> RgbImage:
    """Each photo beside itself before magenta, with its name; five in a row."""
    tiles = [_tile(name, mattes, side) for name in names]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % 5)
    rows = [np.concatenate(tiles[at : at + 5], 1) for at in range(0, len(tiles), 5)]
    return np.concatenate(rows)


def _tile(name: str, mattes: Path, side: int) -> RgbImage:
    photo = resize(read_rgb(shared_data() / "portraits" / f"{name}.jpg"), side, side)
    alpha = _read(mattes / f"{name}-alpha.png", side)[..., None] / 255
    cut_out = (photo * alpha + np.array(_MAGENTA) * (1 - alpha)).astype(np.uint8)
    cv2.putText(cut_out, name, (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 2)
    return np.concatenate((photo, cut_out), 1)


def _read(file: Path, side: int) -> Levels:
    return resize(np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8), side, side)


def _look(network: U2NetP) -> Look:
    def look(picture: RgbImage) -> AlphaMatte:
        pictures = torch.from_numpy(picture)[None]
        previous = torch.zeros(1, network.inputs - RGB_CHANNELS, *picture.shape[:2])
        with torch.no_grad():
            logits = network(with_previous(pictures, previous))[0]
        alpha: AlphaMatte = alpha_of(logits, *picture.shape[:2])[0, 0].numpy()
        return alpha

    return look


def main(
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the mattes.")],
    net: Annotated[Path | None, typer.Option(help="A checkpoint; else as published.")] = None,
    side: Annotated[int, typer.Option(help="Height of the mattes.")] = 448,
    every: Annotated[int, typer.Option(help="Only every so manyth photo.")] = 1,
) -> None:
    """Make what is missing, then the contact sheets sheet-0.png and so on."""
    out.mkdir(parents=True, exist_ok=True)
    photos = sorted((shared_data() / "portraits").glob("*.jpg"))
    names = [one.stem for one in photos if split_of(one.stem) != "test"][::every]
    look = look_with(net)
    for name in names:
        if not (out / f"{name}-alpha.png").is_file():
            made = make(name, look, side, out)
            typer.echo(name if made else f"{name}: nothing certain, left out")
    names = [name for name in names if (out / f"{name}-alpha.png").is_file()]
    for number, start in enumerate(range(0, len(names), _A_SHEET)):
        page = sheet(names[start : start + _A_SHEET], out)
        cv2.imwrite(str(out / f"sheet-{number}.png"), page[..., ::-1])


if __name__ == "__main__":
    typer.run(main)

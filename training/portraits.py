"""Mattes for the portraits, which have none: `python -m training.portraits --out DIR`.

Networks see each photo at several scales and in a mirror; where all of that agrees is certain, and
closed-form matting (Levin et al., 2008) draws the rest. What comes out must be looked at, one by
one. Where the networks agree on what is wrong, outlines drawn by hand in portrait_hints.json say
what is certain; what is wrong still is listed in rejected_portraits.json and never trained on.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
import typer

from bench.cutouts import read_rgb, shared_data
from pipeline.errors import LivematteError
from pipeline.frame import AlphaMatte, Frame, RgbImage, Trimap, resize
from pipeline.models import DEFAULT_MODEL
from pipeline.network import RuntimeOptions
from pipeline.segment import U2Net
from pipeline.subject import WHOLE
from training.geometry import disc
from training.people import Levels

Kind = Literal["inside", "outside"]
_SCALES = (256, 320, 384, 448)
"""Sides at which a network looks; the nearer ones see hair, the farther ones the person."""
_CERTAIN = 0.92
_DISAGREE = 0.12
"""Standard deviation between the looks from which on a pixel is uncertain."""
_BAND = 0.012
"""Of the side: so near an edge nothing is certain."""
_NEAR_HINT = 0.045
"""Of the side: so near an outline drawn by hand nothing is certain that contradicts it."""
_LEVELS: Mapping[Kind, int] = {"inside": 255, "outside": 0}
_MAGENTA = (255, 0, 255)
_A_SHEET = 20

Hints = Mapping[Kind, Sequence[Sequence[tuple[float, float]]]]
"""Outlines of what is certain to be a person, or none: points in parts of width and height."""


def certain_alpha(photo: RgbImage, networks: Sequence[U2Net]) -> tuple[AlphaMatte, AlphaMatte]:
    """Mean and standard deviation of the alphas of all looks, float32 (H, W) each."""
    looks = list(_looks(photo, networks))
    return np.mean(looks, 0, dtype=np.float32), np.std(looks, 0, dtype=np.float32)


def _looks(photo: RgbImage, networks: Sequence[U2Net]) -> Iterator[AlphaMatte]:
    height, width = photo.shape[:2]
    frames = Frame.from_rgb(photo), Frame.from_rgb(cv2.flip(photo, 1))
    for network in networks:
        for smaller in range(len(network.sizes)):
            seen, mirrored = (network(one, replace(WHOLE, smaller=smaller)) for one in frames)
            yield resize(seen, width, height)
            yield resize(cv2.flip(mirrored, 1), width, height)


def portrait_hints() -> dict[str, Hints]:
    """What was drawn by hand, by portrait."""
    text = Path(__file__).with_name("portrait_hints.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def hinted(trimap: Trimap, hints: Hints) -> Trimap:
    """The trimap with what was drawn by hand; beside it nothing is certain that contradicts it."""
    result, last = trimap.copy(), np.array(trimap.shape[::-1]) - 1
    reach = disc(round(_NEAR_HINT * max(trimap.shape)))
    for kind, level in _LEVELS.items():
        for outline in hints.get(kind, ()):
            drawn = np.zeros_like(trimap)
            cv2.fillPoly(drawn, [np.round(np.array(outline) * last).astype(np.int32)], 255)
            near = cv2.dilate(drawn, reach) > 0
            result[near & (result == 255 - level)] = 128
            result[drawn > 0] = level
    return result


def trimap_of(mean: AlphaMatte, deviation: AlphaMatte) -> Trimap:
    """Certain where the looks agree and no edge is near."""
    near_edge = disc(round(_BAND * max(mean.shape)))
    agreed = deviation < _DISAGREE
    inside = cv2.erode(((mean > _CERTAIN) & agreed).astype(np.uint8), near_edge) > 0
    outside = cv2.erode(((mean < 1 - _CERTAIN) & agreed).astype(np.uint8), near_edge) > 0
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


def make(file: Path, networks: Sequence[U2Net], hints: Hints, side: int, out: Path) -> bool:
    """Write NAME-alpha.png and NAME-foreground.png of NAME.jpg, `side` pixels high.

    False, and nothing is written, where the looks agree on no foreground or on no background.
    """
    name, photo = file.stem, read_rgb(file)
    width = round(photo.shape[1] * side / photo.shape[0])
    photo = resize(photo, width, side)
    trimap = hinted(trimap_of(*certain_alpha(photo, networks)), hints)
    if not {0, 255} <= set(np.unique(trimap).tolist()):
        return False
    alpha, foreground = matte(photo, trimap)
    cv2.imwrite(str(out / f"{name}-foreground.png"), foreground[..., ::-1])
    cv2.imwrite(str(out / f"{name}-alpha.png"), (alpha * 255 + 0.5).astype(np.uint8))
    return True


def sheet(files: list[Path], mattes: Path, side: int = 256) -> RgbImage:
    """Each photo beside itself before magenta, with its name; five in a row."""
    tiles = [_tile(file, mattes, side) for file in files]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % 5)
    rows = [np.concatenate(tiles[at : at + 5], 1) for at in range(0, len(tiles), 5)]
    return np.concatenate(rows)


def _tile(file: Path, mattes: Path, side: int) -> RgbImage:
    photo = resize(read_rgb(file), side, side)
    alpha = _read(mattes / f"{file.stem}-alpha.png", side)[..., None] / 255
    cut_out = (photo * alpha + np.array(_MAGENTA) * (1 - alpha)).astype(np.uint8)
    cv2.putText(cut_out, file.stem, (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 2)
    return np.concatenate((photo, cut_out), 1)


def _read(file: Path, side: int) -> Levels:
    return resize(np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8), side, side)


def _is_made(file: Path, out: Path) -> bool:
    return (out / f"{file.stem}-alpha.png").is_file()


def main(
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the mattes.")],
    net: Annotated[
        list[str] | None,
        typer.Option(help="A model's name, or an .onnx file; may be repeated."),
    ] = None,
    side: Annotated[int, typer.Option(help="Height of the mattes.")] = 448,
    every: Annotated[int, typer.Option(help="Only every so manyth photo.")] = 1,
    photos: Annotated[
        Path | None, typer.Option(help="Folder of the .jpg files; by default the shared portraits.")
    ] = None,
) -> None:
    """Make what is missing, then the contact sheets sheet-0.png and so on."""
    out.mkdir(parents=True, exist_ok=True)
    files = sorted((photos or shared_data() / "portraits").glob("*.jpg"))[::every]
    exact = RuntimeOptions(precision="f32")
    try:
        networks = [U2Net.load(one, exact, _SCALES, closer=False) for one in net or [DEFAULT_MODEL]]
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    hints = portrait_hints()
    for file in files:
        if not _is_made(file, out):
            made = make(file, networks, hints.get(file.stem, {}), side, out)
            typer.echo(file.stem if made else f"{file.stem}: nothing certain, left out")
    files = [file for file in files if _is_made(file, out)]
    for number, start in enumerate(range(0, len(files), _A_SHEET)):
        page = sheet(files[start : start + _A_SHEET], out)
        cv2.imwrite(str(out / f"sheet-{number}.png"), page[..., ::-1])


if __name__ == "__main__":
    typer.run(main)

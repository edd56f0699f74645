"""Small people in large pictures, looked at once and then closer; `python -m bench.scales`.

People of the photos that judge networks, cut out by their masks, stand before backgrounds that no
training has seen; half of the pictures have two. Their masks are binary: what is measured is
whether people are found, not their hair.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated

import cv2
import numpy as np
import typer

from bench.composites import parse_size
from bench.cutouts import backgrounds, read_rgb
from bench.motion import Size
from bench.photos import judged_photos, read_mask
from pipeline.composite import Transparent
from pipeline.errors import LivematteError
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.matting import Matting
from pipeline.models import MODEL_FOR
from pipeline.scales import SeveralScales
from pipeline.segment import Segmenter, U2Net

_HEIGHTS = (0.2, 0.3, 0.45, 0.7, 0.9)
"""Of people, in parts of the picture's."""
_HEAD = "| people's height | looks | found | IoU | MAD ×1e3 | ms |\n|---|---|---|---|---|---|"
_FOUND = 0.5
"""IoU from which people count as found."""


@dataclass(frozen=True, slots=True)
class Score:
    """Of one picture: IoU at alpha 0.5, mean absolute difference, seconds of the segmenter."""

    iou: float
    mad: float
    seconds: float


def scenes(height: float, size: Size, count: int) -> Iterator[tuple[Frame, AlphaMatte]]:
    """Pictures with people of such a height, and their true alpha; the same at every call."""
    photos, behind = judged_photos(), [read_rgb(file) for file in backgrounds("test")]
    random = np.random.default_rng(1)
    for index in range(count):
        rgb = _filled(behind[index % len(behind)], size)
        truth = np.zeros(rgb.shape[:2], np.float32)
        for number in range(1 + index % 2):
            person, alpha = _person(photos[2 * index + number], round(height * size[1]), size[0])
            _place(person, alpha, rgb, truth, random)
        yield Frame.from_rgb(rgb), truth


def photos(count: int) -> Iterator[tuple[Frame, AlphaMatte]]:
    """Photos as they are, with people as large as they are."""
    for photo in judged_photos()[-count:]:
        yield Frame.from_rgb(read_rgb(photo)), read_mask(photo).astype(np.float32)


def score(segmenter: Segmenter, frame: Frame, truth: AlphaMatte) -> Score:
    began = time.perf_counter()
    segmenter(frame)
    seconds = time.perf_counter() - began
    alpha = Matting(segmenter, Transparent(), smooth=False, follow=False).process(frame).alpha
    one, other = alpha > 0.5, truth > 0.5
    both, either = int(np.sum(one & other)), int(np.sum(one | other))
    return Score(both / max(1, either), float(np.abs(alpha - truth).mean()), seconds)


def row(name: str, scores: Sequence[Score]) -> str:
    """A line of a Markdown table."""
    found = sum(one.iou >= _FOUND for one in scores) / len(scores)
    iou, mad = fmean(one.iou for one in scores), fmean(one.mad for one in scores)
    ms = 1e3 * fmean(one.seconds for one in scores)
    return f"| {name} | {100 * found:.0f} % | {iou:.3f} | {1e3 * mad:.1f} | {ms:.0f} |"


def _sets(size: Size, count: int) -> Iterator[tuple[str, list[tuple[Frame, AlphaMatte]]]]:
    for height in _HEIGHTS:
        yield f"{height:.0%}", list(scenes(height, size, count))
    yield "photos as they are", list(photos(count))


def _person(photo: Path, height: int, widest: int) -> tuple[RgbImage, AlphaMatte]:
    """Cut out of a photo by its mask, with an edge a pixel soft."""
    rgb, mask = read_rgb(photo), read_mask(photo).astype(np.float32)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    rgb, alpha = rgb[part], cv2.GaussianBlur(mask[part], (0, 0), 0.7)
    width = min(widest, max(1, round(alpha.shape[1] * height / alpha.shape[0])))
    small = [cv2.resize(one, (width, height), interpolation=cv2.INTER_AREA) for one in (rgb, alpha)]
    return small[0], small[1]


def _place(
    person: RgbImage,
    alpha: AlphaMatte,
    rgb: RgbImage,
    truth: AlphaMatte,
    random: np.random.Generator,
) -> None:
    """Somewhere in the lower half, in place."""
    height, width = alpha.shape
    top = int((rgb.shape[0] - height) * random.uniform(0.4, 1))
    left = int((rgb.shape[1] - width) * random.random())
    part, weight = (slice(top, top + height), slice(left, left + width)), alpha[..., None]
    rgb[part] = np.rint(rgb[part] * (1 - weight) + person * weight).astype(np.uint8)
    truth[part] = np.maximum(truth[part], alpha)


def _filled(picture: RgbImage, size: Size) -> RgbImage:
    """A picture that fills a size, cropped at its lower right."""
    width, height = size
    scale = max(width / picture.shape[1], height / picture.shape[0])
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(large[:height, :width])


def main(
    size: Annotated[str, typer.Option(help="Width and height of the pictures.")] = "1280x720",
    count: Annotated[int, typer.Option(min=1, help="Of pictures for each height.")] = 24,
) -> None:
    """Print a table for each of the two models."""
    try:
        for model in MODEL_FOR.values():
            network = U2Net.load(model)
            typer.echo(f"\n{model}\n\n{_HEAD}")
            for what, shown in _sets(parse_size(size), count):
                for name, looks in (("one", network), ("closer", SeveralScales(network))):
                    typer.echo(row(f"{what} | {name}", [score(looks, *one) for one in shown]))
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)

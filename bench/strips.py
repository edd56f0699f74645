"""Pictures to look at: of every clip one frame, the true matte and everybody's, side by side."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from bench.cutouts import read_rgb
from bench.kept import KeptResults
from bench.methods import Method
from bench.scoring import Material, middle
from pipeline.frame import AlphaMatte, RgbImage, resize

_COLUMNS = 3
_WIDTH = 400
_CAPTION_LINES = 22


def write_strips(
    folder: Path, material: Material, kept: KeptResults, methods: Sequence[Method]
) -> None:
    """A PNG for each clip: the frame, the truth, and the matte of every method that has one."""
    folder.mkdir(parents=True, exist_ok=True)
    for clip in material.clips():
        frame, truth = next(islice(clip, middle(clip), None))
        tiles = [tile("source", frame.rgb), tile("truth", grey(truth))]
        tiles += _mattes(clip.name, kept, methods)
        cv2.imwrite(str(folder / f"{clip.name}.png"), sheet(tiles)[..., ::-1])


def _mattes(clip: str, kept: KeptResults, methods: Sequence[Method]) -> Iterator[RgbImage]:
    for method in methods:
        file = kept.pictures(method.name) / f"{clip}.png"
        if file.is_file():
            yield tile(method.title, read_rgb(file))


def grey(alpha: AlphaMatte) -> RgbImage:
    """A matte as a picture."""
    levels: RgbImage = cv2.cvtColor(cv2.convertScaleAbs(alpha, alpha=255), cv2.COLOR_GRAY2RGB)
    return levels


def tile(caption: str, picture: RgbImage) -> RgbImage:
    """A picture at the width of all tiles, with what it is above it."""
    height = round(_WIDTH * picture.shape[0] / picture.shape[1])
    shown = np.full((height + _CAPTION_LINES, _WIDTH, 3), 40, np.uint8)
    shown[_CAPTION_LINES:] = resize(picture, _WIDTH, height)
    caption = caption.replace("²", "2")  # the drawn font is ASCII
    cv2.putText(shown, caption, (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1)
    return shown


def sheet(tiles: Sequence[RgbImage]) -> RgbImage:
    """Tiles of one size, three in a row."""
    blank = np.zeros_like(tiles[0])
    padded = [*tiles, *[blank] * (-len(tiles) % _COLUMNS)]
    rows = [padded[start : start + _COLUMNS] for start in range(0, len(padded), _COLUMNS)]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])

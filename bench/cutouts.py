"""Foregrounds with exact alpha, and backgrounds, from the shared media; each in a fixed split."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
import platformdirs

from pipeline.errors import SourceError
from pipeline.frame import AlphaMatte, RgbImage

Split = Literal["train", "validation", "test"]

_SPLIT_OF_TENTHS: dict[int, Split] = {5: "validation", 6: "validation", 7: "test", 8: "test"}
_SPLIT_OF_TENTHS[9] = "test"
_SPECK_ALPHA = 0.02
_SPECK_AREA = 0.02
"""Of the subject's area."""
_ESTIMATE = "ml-2"
"""Names the way foreground colours are estimated: what is cached under another is not used."""


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A foreground and its alpha, of one height and width.

    `foreground` uint8 (H, W, 3), its true colour also where alpha is small; `alpha` float32 (H, W).
    """

    name: str
    foreground: RgbImage
    alpha: AlphaMatte


def shared_data() -> Path:
    """The folder of shared media: LIVEMATTE_DATA, else ../shared/data beside the project."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("LIVEMATTE_DATA", default))
    if not folder.is_dir():
        raise SourceError(f"{folder} is not there: set LIVEMATTE_DATA to the shared media")
    return folder


def split_of(name: str) -> Split:
    """The split of an image by its name alone: half train, a fifth validation, the rest test.

    It depends on nothing else, so adding images moves none, and no crop of one image is ever in
    two splits.
    """
    digest = hashlib.sha256(name.encode()).hexdigest()
    return _SPLIT_OF_TENTHS.get(int(digest[:8], 16) % 10, "train")


def cutouts(split: Split) -> Iterator[Cutout]:
    """The pairs of a split, by name; animals first."""
    pairs = shared_data() / "pairs"
    for file in sorted(pairs.glob("*/*.png")):
        name = f"{file.parent.name}/{file.stem}"
        if split_of(name) == split:
            yield _cutout(name, file.with_suffix(".jpg"), file)


def backgrounds(split: Split) -> list[Path]:
    """The background pictures of a split, by name."""
    files = sorted((shared_data() / "backgrounds").glob("*.jpg"))
    return [file for file in files if split_of(file.stem) == split]


def read_rgb(file: Path) -> RgbImage:
    """A picture file as RGB, uint8 (H, W, 3)."""
    bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if bgr is None:
        raise SourceError(f"{file} is no picture: fetch the shared media again")
    rgb: RgbImage = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return rgb


def splits() -> tuple[Split, ...]:
    """All names of splits."""
    return get_args(Split)


def _cutout(name: str, photo: Path, matte: Path) -> Cutout:
    levels = cv2.imread(str(matte), cv2.IMREAD_GRAYSCALE)
    if levels is None:
        raise SourceError(f"{matte} is no picture: fetch the shared media again")
    alpha = _without_specks(levels.astype(np.float32) / 255)
    cached = _cache() / f"{_ESTIMATE}-{_digest(photo, matte)}.png"
    if not cached.is_file():
        _store(cached, _estimated_foreground(read_rgb(photo), alpha))
    return Cutout(name, read_rgb(cached), alpha)


def _without_specks(alpha: AlphaMatte) -> AlphaMatte:
    """Without the small spots far from the subject that the matte's own maker left behind.

    What a hair's breadth of one hundredth of the picture connects to the subject belongs to it.
    """
    reach = max(alpha.shape) // 100
    near = cv2.dilate((alpha > _SPECK_ALPHA).astype(np.uint8), np.ones((reach, reach), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(near)
    areas = stats[:, cv2.CC_STAT_AREA]
    small = areas < _SPECK_AREA * areas[1:].max(initial=0)
    return np.where(small[labels], np.float32(0), alpha)


def _estimated_foreground(photo: RgbImage, alpha: AlphaMatte) -> RgbImage:
    """The colour of the foreground alone, by Germer et al., "Fast Multi-Level Foreground
    Estimation", 2020: without it the old background would shine through every hair."""
    from pymatting import estimate_foreground_ml

    foreground = estimate_foreground_ml(photo / 255.0, alpha.astype(np.float64))
    levels: RgbImage = np.clip(foreground * 255 + 0.5, 0, 255).astype(np.uint8)
    return levels


def _store(file: Path, picture: RgbImage) -> None:
    """Written beside and moved into place: a reader never sees half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{os.getpid()}-{file.name}")
    cv2.imwrite(str(part), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    part.replace(file)


def _cache() -> Path:
    default = platformdirs.user_cache_path("livematte")
    return Path(os.environ.get("LIVEMATTE_CACHE", default)) / "foregrounds"


def _digest(*files: Path) -> str:
    content = b"".join(file.read_bytes() for file in files)
    return hashlib.sha256(content).hexdigest()[:16]

"""Mattes and colours out of picture files: a folder of them, or a single one."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SourceError
from pipeline.frame import AlphaMatte, RgbImage

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})

Picture = TypeVar("Picture", AlphaMatte, RgbImage)
Loader = Callable[[], Picture]
"""Reads one picture when it is called; raises SourceError."""

_GREY_TOLERANCE = 24
"""Levels of 255 that the channels of a grey picture may be apart after lossy compression."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of a folder by name (without suffix), in natural order: 2 comes before 10."""

    path: Path
    files: dict[str, Path]

    @property
    def names(self) -> Sequence[str]:
        return tuple(self.files)

    def mattes(self, names: Sequence[str]) -> Iterator[Loader[AlphaMatte] | None]:
        """A loader for each name; None for a name that is not here."""
        for name in names:
            file = self.files.get(name)
            yield partial(read_matte, file) if file else None

    def colours(self, names: Sequence[str]) -> Iterator[Loader[RgbImage] | None]:
        """A loader for each name; None for a name that is not here."""
        for name in names:
            file = self.files.get(name)
            yield partial(read_colour, file) if file else None


def open_pictures(path: Path) -> Pictures:
    """A folder of pictures, or one picture file. Other files in the folder are passed over."""
    candidates = sorted(path.iterdir(), key=_natural) if path.is_dir() else [path]
    files: dict[str, Path] = {}
    for file in candidates:
        if file.suffix.lower() not in SUFFIXES:
            continue
        if file.stem in files:
            raise SourceError(
                f"{path} holds {files[file.stem].name} and {file.name}, which have one name: "
                "remove one of them"
            )
        files[file.stem] = file
    if not files:
        wanted = ", ".join(sorted(SUFFIXES))
        raise SourceError(f"{path} holds no pictures ({wanted}): name a folder of mattes")
    return Pictures(path, files)


def read_matte(file: Path) -> AlphaMatte:
    """A matte from a file: its alpha if it has one, else its grey; float32 (H, W) from 0 to 1."""
    pixels = _read(file)
    scale = np.float32(1 / np.iinfo(pixels.dtype).max)
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        return pixels[..., 3] * scale
    if pixels.ndim == 3:
        spread = np.ptp(pixels, axis=2).max() * scale * 255
        if spread > _GREY_TOLERANCE:
            raise SourceError(f"{file} is a colour picture without alpha: give a matte or RGBA")
        return pixels[..., 1] * scale
    return pixels * scale


def read_colour(file: Path) -> RgbImage:
    """A picture as RGB, uint8 (H, W, 3)."""
    rgb: RgbImage = cv2.cvtColor(_decoded(file, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return rgb


def _read(file: Path) -> NDArray[Any]:
    """The file's own channels and depth: (H, W), (H, W, 3) BGR or (H, W, 4) BGRA."""
    pixels = _decoded(file, cv2.IMREAD_UNCHANGED)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise SourceError(f"{file} holds {pixels.dtype}: save it with 8 or 16 bits a channel")
    return pixels


def _decoded(file: Path, flags: int) -> NDArray[Any]:
    try:
        coded = np.frombuffer(file.read_bytes(), np.uint8)
    except OSError as error:
        raise SourceError(f"{file} cannot be read ({error.strerror}): check it") from error
    pixels = _decode(coded, flags)
    if pixels is None:
        raise SourceError(f"{file} is no picture or is damaged: write it again")
    return pixels


def _decode(coded: NDArray[np.uint8], flags: int) -> NDArray[Any] | None:
    try:
        pixels: NDArray[Any] | None = cv2.imdecode(coded, flags)
    except cv2.error:
        return None
    return pixels


def _natural(file: Path) -> list[tuple[int, str]]:
    """Digits compare as numbers, the rest as text."""
    parts = re.findall(r"\d+|\D+", file.name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]

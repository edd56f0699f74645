"""Which of the shared photos calibrate, and which judge: fixed by number, and never both."""

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import RgbImage, resize

_BINARY = 127


def shared_data() -> Path:
    """The folder of real media: LIVEMATTE_DATA, else ../shared/data beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("LIVEMATTE_DATA", beside))


def calibration_photos() -> list[Path]:
    """150 photos: the first whose number leaves 0, 1 or 2 when divided by 20."""
    return [photo for photo in _photos() if int(photo.stem) % 20 < 3][:150]


def judged_photos() -> list[Path]:
    """200 photos: the first whose number leaves 3 when divided by 5."""
    return [photo for photo in _photos() if int(photo.stem) % 5 == 3][:200]


def read_photo(path: Path, size: int) -> RgbImage:
    """RGB, uint8 (size, size, 3), squeezed as U²-Net was trained."""
    return resize(_read(path, cv2.IMREAD_COLOR_RGB), size, size)


def read_mask(photo: Path) -> NDArray[np.bool_]:
    """True where the photo shows its person, bool (H, W)."""
    path = photo.parent.parent / "masks" / f"{photo.stem}.png"
    return _read(path, cv2.IMREAD_GRAYSCALE) > _BINARY


def _read(path: Path, how: int) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), how)
    if picture is None:
        raise SystemExit(f"{path} is missing or no picture: LIVEMATTE_DATA needs the whole media")
    return np.asarray(picture, np.uint8)


def _photos() -> list[Path]:
    found = sorted((shared_data() / "masks" / "photos").glob("*.jpg"))
    if not found:
        raise SystemExit(f"no photos in {shared_data()}: set LIVEMATTE_DATA to the shared media")
    return found

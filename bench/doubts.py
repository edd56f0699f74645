"""How well doubts tell bad mattes from good ones: `python -m bench.doubts [MODEL]`, in minutes.

Over the shared pairs and every fifteenth street photo, which have true mattes: how many are flagged
among the bad, the fair and the good.
"""

import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from bench.photos import shared_data
from pipeline.composite import Transparent
from pipeline.doubt import doubts_of
from pipeline.frame import AlphaMatte, Frame, resize
from pipeline.models import MODEL_FOR
from pipeline.runtime import RuntimeOptions
from stream.evaluate.pictures import read_matte
from stream.loaded_networks import LoadedNetworks
from stream.picture_io import read_picture

_EVERY, _SIDE, _MOST_PIXELS = 15, 1600, 10**8
_BAD, _GOOD = 0.9, 0.95
"""IoU below which a matte is bad, and from which on it is good."""


def pictures() -> list[tuple[Path, Path]]:
    """Photos and their true mattes."""
    data = shared_data()
    pairs = sorted(data.glob("pairs/*/*.jpg"))
    street = sorted(data.glob("masks/photos/*.jpg"))[::_EVERY]
    masks = [photo.parent.parent / "masks" / f"{photo.stem}.png" for photo in street]
    return [*((one, one.with_suffix(".png")) for one in pairs), *zip(street, masks, strict=True)]


def read_frame(photo: Path) -> Frame:
    rgb = read_picture(photo, _MOST_PIXELS)
    scale = min(1.0, _SIDE / max(rgb.shape[:2]))
    height, width = (round(scale * side) for side in rgb.shape[:2])
    return Frame.from_rgb(resize(rgb, width, height))


def iou(alpha: AlphaMatte, truth: AlphaMatte) -> float:
    wanted = cv2.resize(truth, alpha.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
    found = alpha > 0.5
    return float(np.sum(found & wanted) / max(1, np.sum(found | wanted)))


def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else MODEL_FOR["any"]
    matting = LoadedNetworks.load(model, RuntimeOptions()).picture_matting(Transparent())
    seen: Counter[str] = Counter()
    for photo, mask in pictures():
        segmented = matting.segment(matting.begin(read_frame(photo)))
        matte = matting.finish(segmented).matte
        score = iou(matte.full, read_matte(mask))
        group = "bad" if score < _BAD else "fair" if score < _GOOD else "good"
        doubts = doubts_of(matte, segmented.alpha)
        seen.update([group, *(f"{group} flagged" for _ in doubts[:1])])
    for group in ("bad", "fair", "good"):
        sys.stdout.write(f"{group}: {seen[f'{group} flagged']} of {seen[group]} flagged\n")


if __name__ == "__main__":
    main()

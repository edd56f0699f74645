"""Photographs with exact alpha: cut-outs where their own photos have them, before other rooms."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from bench.camera import Sensor
from bench.clip import blend
from bench.cutouts import Cutout, Split, backgrounds, cutouts, read_rgb
from pipeline.composite import cover
from pipeline.frame import AlphaMatte, RgbImage, resize

_QUIET, _GRAINY = 0.5, 3.0
"""Levels of 255: a photo by day and indoors."""
_JPEG_QUALITY = 92
_LONGEST_SIDE = 1280
"""Pixels. Larger ones are reduced: a peer's closed-form matting takes too long for them."""


@dataclass(frozen=True, slots=True, eq=False)
class StillPhoto:
    """What is seen and what would be right; all of one height and width.

    `photo` is as a decoder of JPEG gives it. `composite` is the true foreground before `backdrop`,
    which is not what lies behind it in the photo.
    """

    name: str
    photo: RgbImage
    truth: AlphaMatte
    backdrop: RgbImage
    composite: RgbImage


def still_photos(split: Split, seeds: int) -> Iterator[StillPhoto]:
    """Every cut-out of a split before so many backgrounds, in a fixed order, always the same."""
    files = backgrounds(split)
    for seed in range(1, seeds + 1):
        deal = np.random.default_rng(seed).permutation(len(files))
        for index, cutout in enumerate(cutouts(split)):
            behind, before = (read_rgb(files[deal[(index + n) % len(deal)]]) for n in (0, 1))
            rng = np.random.default_rng((seed, index))
            name = f"{cutout.name.replace('/', '-')}-{seed}"
            yield still_photo(name, cutout, behind, before, rng)


def still_photo(
    name: str, cutout: Cutout, behind: RgbImage, backdrop: RgbImage, rng: np.random.Generator
) -> StillPhoto:
    """A cut-out where its own photo has it, before `behind`, with a sensor's noise and JPEG."""
    scale = min(1.0, _LONGEST_SIDE / max(cutout.alpha.shape))
    height, width = (round(scale * side) for side in cutout.alpha.shape)
    foreground, alpha = (resize(of, width, height) for of in (cutout.foreground, cutout.alpha))
    clean = blend(foreground, cover(behind, width, height), alpha)
    noisy = Sensor.of((width, height), rng.uniform(_QUIET, _GRAINY), rng).expose(clean)
    new = cover(backdrop, width, height)
    return StillPhoto(name, _through_jpeg(noisy), alpha, new, blend(foreground, new, alpha))


def _through_jpeg(rgb: RgbImage) -> RgbImage:
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, coded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), quality)
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)

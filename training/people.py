"""The people that training shows, each in a fixed split: photo, colour, alpha, and its trust."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.cutouts import Cutout, Split, cutouts, read_rgb, shared_data
from pipeline.colour import Plane
from pipeline.errors import SourceError
from pipeline.frame import AlphaMatte, RgbImage, resize
from pipeline.models import Subject
from training.light import in_levels

Levels = NDArray[np.uint8]
"""uint8 (H, W): 0…255 for 0…1."""

UNSURE_PX = 3
"""A binary mask is not believed so near its edge, in pixels of the photo."""
_LONGEST_PX = 1000
_EDGE_PX = 1.0
"""A binary mask is blurred by a Gaussian of this deviation."""
_JUDGED = (5, 3)
_VALIDATION = (20, 4)
_VALIDATION_PORTRAIT = (10, 3)
_TOUCHING = 0.02
"""Part of a side's pixels that have alpha: from there on the photo cut the person off."""
_SEEN = 25
"""Alpha of 255 that a person's side has where a photo's side cuts it off."""
_ENOUGH = 0.55
"""Part of what a photo shows of a person that is still head and shoulders."""
_HEAD = 0.12
"""Part of a person's height in which the head is looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person of one photo, or what else it shows, all arrays of one height and width.

    `foreground` is the person's own colour also where alpha is small; `trust` is 0 where alpha may
    be wrong by more than its blur, else 255. Rows and columns are those of alpha above one half.
    """

    name: str
    photo: RgbImage
    foreground: RgbImage
    alpha: Levels
    trust: Levels
    top: int
    bottom: int
    left: int
    right: int
    head_x: float
    cut: tuple[bool, bool, bool, bool]
    """Whether the photo's left, top, right and bottom side cuts the person off."""
    subject: Subject = "person"

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def whole(self) -> bool:
        """From head to foot, as in the street photos."""
        return not any(self.cut)


def street_split(number: int) -> Split:
    """Of a street photo by its number: those that bench/photos.py judges by are the test."""
    if number % _JUDGED[0] == _JUDGED[1]:
        return "test"
    return "validation" if number % _VALIDATION[0] == _VALIDATION[1] else "train"


def street_people(split: Split, most: int | None = None) -> Iterator[Person]:
    """Whole people in the street, with binary masks; at most so many."""
    files = sorted((shared_data() / "masks" / "photos").glob("*.jpg"))
    for file in [file for file in files if street_split(int(file.stem)) == split][:most]:
        mask = read_levels(file.parent.parent / "masks" / f"{file.stem}.png")
        yield person_of_mask(f"street/{file.stem}", read_rgb(file), mask)


def is_person(cutout: Cutout) -> bool:
    """Whether one of the pairs is a portrait; the others are animals and objects."""
    return cutout.name.startswith("portrait/")


def posing_people(split: Split) -> Iterator[Person]:
    """The portraits of the pairs, with soft mattes."""
    return (above_the_cut(_in_its_photo(one)) for one in cutouts(split) if is_person(one))


def photographed_things(split: Split) -> Iterator[Person]:
    """The animals and objects of the pairs, with soft mattes."""
    found = (_in_its_photo(one) for one in cutouts(split) if not is_person(one))
    return (replace(one, subject="any") for one in found)


def _in_its_photo(cutout: Cutout) -> Person:
    photo = read_rgb(shared_data() / "pairs" / f"{cutout.name}.jpg")
    return from_matte(cutout.name, photo, cutout.foreground, cutout.alpha)


def calling_people(split: Split, mattes: Path) -> Iterator[Person]:
    """The head-and-shoulders photos whose mattes were made and kept; see training/portraits.py."""
    photos = shared_data() / "portraits"
    return (
        _matted_person(photos / f"{name}.jpg", mattes)
        for name in matted(mattes)
        if portrait_split(int(name)) == split
    )


def more_people(more: Path) -> Iterator[Person]:
    """Those of training/more_media.py, with mattes made in the same way; all to be trained on.

    SourceError if no mattes were made.
    """
    mattes = more / "mattes"
    if not mattes.is_dir():
        made = f"python -m training.portraits --photos {more / 'people'} --out {mattes}"
        raise SourceError(f"{mattes} is not there: run {made}")
    return (_matted_person(more / "people" / f"{name}.jpg", mattes) for name in matted(mattes))


def callers(splits: Sequence[Split], mattes: Path | None, more: Path | None) -> list[Person]:
    """Everybody of the splits' portraits, and of the further people, where there are folders."""
    people = [one for split in splits if mattes for one in calling_people(split, mattes)]
    return people + list(more_people(more) if more else ())


def matted(mattes: Path) -> list[str]:
    """The names of the portraits that have a matte which was not rejected."""
    names = [file.name.removesuffix("-alpha.png") for file in mattes.glob("*-alpha.png")]
    return sorted(set(names) - rejected_portraits().keys())


def _matted_person(file: Path, mattes: Path) -> Person:
    alpha = read_levels(mattes / f"{file.stem}-alpha.png").astype(np.float32) / np.float32(255)
    photo = resize(read_rgb(file), alpha.shape[1], alpha.shape[0])
    foreground = read_rgb(mattes / f"{file.stem}-foreground.png")
    return above_the_cut(from_matte(f"portraits/{file.stem}", photo, foreground, alpha))


def portrait_split(number: int) -> Split:
    """Of a portrait by its number. None is a test: nobody has measured their alpha."""
    return "validation" if number % _VALIDATION_PORTRAIT[0] == _VALIDATION_PORTRAIT[1] else "train"


def above_the_cut(person: Person) -> Person:
    """What lies above where the photo's sides begin to cut somebody off, if that is enough.

    Only so the shoulders, with room beside them, fit a wide picture.
    """
    sides = np.maximum(person.alpha[:, :3].max(1), person.alpha[:, -3:].max(1))
    first = int(np.argmax(sides > _SEEN))  # 0: never
    if first - person.top < _ENOUGH * person.height:
        return person
    planes = (person.photo, person.foreground, person.alpha, person.trust)
    return _person(person.name, *(plane[:first] for plane in planes))


def rejected_portraits() -> dict[str, str]:
    """The portraits whose mattes were looked at and found wrong, and why."""
    text = Path(__file__).with_name("rejected_portraits.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def from_matte(name: str, photo: RgbImage, foreground: RgbImage, alpha: AlphaMatte) -> Person:
    """Somebody, or something, with a soft matte that is believed everywhere."""
    small = [shrunk(one, _LONGEST_PX) for one in (photo, foreground)]
    levels = in_levels(shrunk(alpha, _LONGEST_PX))
    return _person(name, small[0], small[1], levels, np.full_like(levels, 255))


def shrunk(plane: Plane, most: int) -> Plane:
    """No longer than that on its longer side."""
    height, width = plane.shape[:2]
    scale = min(1.0, most / max(height, width))
    return resize(plane, round(width * scale), round(height * scale))


def read_levels(file: Path) -> Levels:
    """A grey picture, uint8 (H, W)."""
    return np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8)


def person_of_mask(name: str, photo: RgbImage, mask: Levels) -> Person:
    """A person with a binary mask, which is not believed near its edge.

    The colour there is grown from farther inside, where no background shines through.
    """
    kernel = np.ones((2 * UNSURE_PX + 1, 2 * UNSURE_PX + 1), np.uint8)
    certain = cv2.erode(mask, kernel) | ~cv2.dilate(mask, kernel)
    inside = cv2.erode(mask, np.ones((3, 3), np.uint8))
    alpha = cv2.GaussianBlur(mask, (0, 0), _EDGE_PX)
    return _person(name, photo, grown_colour(photo, inside), alpha, certain)


def grown_colour(photo: RgbImage, known: Levels) -> RgbImage:
    """The photo where it is known, and outside a weighted mean of what is known around.

    Coarser and coarser means fill in what the finer ones do not reach: `known` 0 or 255.
    """
    colour = photo.astype(np.float32) * (known[..., None] > 0)
    weight = (known > 0).astype(np.float32)
    levels = [(colour, weight)]
    while min(weight.shape) > 4:
        colour, weight = cv2.pyrDown(colour), cv2.pyrDown(weight)
        levels.append((colour, weight))
    filled = levels[-1][0] / np.maximum(levels[-1][1], 1e-6)[..., None]
    for colour, weight in levels[-2::-1]:
        filled = resize(filled, weight.shape[1], weight.shape[0])
        sure = np.minimum(weight * 4, 1)[..., None]
        filled += sure * (colour / np.maximum(weight, 1e-6)[..., None] - filled)
    result = np.clip(filled + 0.5, 0, 255).astype(np.uint8)
    return np.where(known[..., None] > 0, photo, result)


def _person(name: str, photo: RgbImage, colour: RgbImage, alpha: Levels, trust: Levels) -> Person:
    solid = alpha > 127
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    head = solid[rows[0] : rows[0] + max(1, round(_HEAD * len(rows)))]
    return Person(
        name,
        photo,
        colour,
        alpha,
        trust,
        int(rows[0]),
        int(rows[-1]) + 1,
        int(columns[0]),
        int(columns[-1]) + 1,
        float(np.nonzero(head)[1].mean()),
        _cut_off(alpha),
    )


def _cut_off(alpha: Levels) -> tuple[bool, bool, bool, bool]:
    sides = alpha[:, :3], alpha[:3], alpha[:, -3:], alpha[-3:]
    left, top, right, bottom = (float((side > _SEEN).mean()) > _TOUCHING for side in sides)
    return left, top, right, bottom

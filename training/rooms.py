"""What is behind people, and is none: rooms, streets, pictures on the wall, chairs, animals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bench.cutouts import Cutout, Split, backgrounds, cutouts, read_rgb, shared_data
from pipeline.errors import SourceError
from pipeline.frame import AlphaMatte, RgbImage, resize
from training.blobs import blob
from training.fronts import in_front
from training.geometry import disc, mirrored, warped
from training.light import Picture, coarse, defocused, relit
from training.people import Levels, Person, grown_colour, is_person, shrunk
from training.views import seen

_ROOMS, _WHOLE = 6, 2
"""So many times a room, and an animal or object where it was photographed, are among the
backgrounds, beside once what is around somebody in a call."""
_LARGEST_PX = 1600
"""The longer side of further rooms, as they are kept."""
_STREETS = 0.35
"""How often a background is a street."""
_WHOLE_PX = 1100
"""The longer side of an animal's or object's photo as a background."""
_THINGS, _BLOBS = 0.4, 0.45
"""How often animals and objects, and things of no kind, stand in a background."""
_WIDE_AROUND = 0.08
"""A person is cut out of a street with so much around, of the person's height."""


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """What is no person: colour uint8 (H, W, 3) and alpha uint8 (H, W)."""

    colour: RgbImage
    alpha: Levels


class Rooms:
    """Backgrounds at random."""

    def __init__(
        self, rooms: Sequence[RgbImage], streets: Sequence[RgbImage], things: Sequence[Thing]
    ) -> None:
        """Pictures without people, uint8 (H, W, 3); `streets` and `things` may be empty."""
        self._rooms, self._streets, self._things = rooms, streets, things

    @classmethod
    def load(
        cls,
        splits: Sequence[Split],
        street: Sequence[Person],
        calling: Sequence[Person] = (),
        more: Path | None = None,
    ) -> "Rooms":
        """The splits' backgrounds, the streets of these people, and the splits' other cut-outs.

        What is around those, and around people in calls, is a room, too, though a rarer one. `more`
        is a folder of training/more_media.py, whose rooms count as backgrounds do.
        """
        rooms = _ROOMS * [read_rgb(file) for split in splits for file in backgrounds(split)]
        rooms += _ROOMS * _pictures(more, "rooms") + _WHOLE * _pictures(more, "outside")
        others = [one for split in splits for one in cutouts(split) if not is_person(one)]
        rooms += _WHOLE * [_whole(one.name) for one in others]
        rooms += [one for person in calling for one in _emptied(person)]
        streets = [one for person in street for one in _emptied(person)]
        return cls(rooms, streets, [_thing(one) for one in others])

    def behind(
        self, size: int, aspect: float, rng: np.random.Generator, streets: float = _STREETS
    ) -> tuple[Picture, list[AlphaMatte]]:
        """A background, float32 (size, size, 3) of 0…1 and beyond, and mattes of things in it.

        `streets` is how often it is one: there are passers-by in some.
        """
        picture = self._view(size, aspect, rng, streets)
        if rng.random() < 0.2:
            picture = self._with_wall(picture, aspect, rng)
        for _ in range(rng.integers(1, 6) if rng.random() < 0.35 else 0):
            picture = self._with_frame(picture, aspect, rng)
        blurred, sharp_things = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
        blur = rng.exponential(1.6) * size / 256 if blurred else 0.0
        if sharp_things:  # what is in focus before what is not stands out most
            picture, blur = defocused(picture, blur), 0.0
        picture, things = self._with_things(picture, aspect, rng)
        return relit(defocused(picture, blur), rng), things

    def before(
        self, size: int, aspect: float, rng: np.random.Generator
    ) -> tuple[Picture, AlphaMatte]:
        """Something that stands in front of people: colour and alpha, float32."""
        return in_front(relit(self._view(size, aspect, rng), rng), rng)

    def _view(
        self, size: int, aspect: float, rng: np.random.Generator, often: float = _STREETS
    ) -> Picture:
        """Any part of any background, as wide by its height as the frame, or nearly."""
        streets = self._streets and rng.random() < often
        pictures = self._streets if streets else self._rooms
        picture = pictures[int(rng.integers(len(pictures)))]
        height, width = picture.shape[:2]
        aspect *= np.exp(rng.normal(0, 0.15))
        most = min(height, width / aspect)
        high = most * rng.uniform(0.75 if streets else 0.2, 1)
        wide = high * aspect
        left, top = rng.uniform(0, width - wide), rng.uniform(0, height - high)
        matrix = np.array([[size / wide, 0, 0], [0, size / high, 0]])
        matrix[:, 2] = -matrix[0, 0] * left, -matrix[1, 1] * top
        if rng.random() < 0.5:
            matrix = mirrored(matrix, size)
        return seen(picture, matrix, (left + wide / 2, top + high / 2), size, rng)

    def _with_wall(self, picture: Picture, aspect: float, rng: np.random.Generator) -> Picture:
        """Another background from some column on: a corner, a door, a curtain, a plain wall."""
        size = picture.shape[0]
        column = int(rng.uniform(0.15, 0.85) * size)
        other = self._view(size, aspect, rng)
        if rng.random() < 0.5:
            plain = other.mean((0, 1)) * np.float32(rng.uniform(0.4, 1.4))
            other = np.broadcast_to(plain, other.shape)
        parts = picture[:, :column], other[:, column:]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _with_frame(self, picture: Picture, aspect: float, rng: np.random.Generator) -> Picture:
        """A picture, a screen, a shelf or a window: a rectangle of something else, framed."""
        size = picture.shape[0]
        wide, high = (np.maximum(rng.uniform(0.06, 0.5, 2), 0.03) * size).astype(int)
        left, top = (rng.uniform(-0.1, 0.95, 2) * size).astype(int)
        inner = self._view(size, aspect, rng)[:high, :wide]
        inner = inner * np.float32(rng.uniform(0.2, 1.2))
        if rng.random() < 0.3:
            inner = np.broadcast_to(inner.mean((0, 1)), inner.shape)
        border = int(rng.integers(0, 5))
        framed = np.empty((high + 2 * border, wide + 2 * border, 3), np.float32)
        framed[:] = rng.uniform(0, 1) * np.exp(rng.normal(0, 0.1, 3))
        framed[border : border + high, border : border + wide] = inner
        return _pasted(picture, framed, left, top)

    def _with_things(
        self, picture: Picture, aspect: float, rng: np.random.Generator
    ) -> tuple[Picture, list[AlphaMatte]]:
        """With animals and objects in it, or things of no kind; and the mattes of them all."""
        mattes = []
        for _ in range(rng.integers(1, 3) if self._things and rng.random() < _THINGS else 0):
            picture, alpha = self._with_thing(picture, aspect, rng)
            mattes.append(alpha)
        for _ in range(rng.integers(1, 4) if rng.random() < _BLOBS else 0):
            colour, alpha = blob(self._view(picture.shape[0], aspect, rng), rng)
            picture = picture + alpha[..., None] * (colour - picture)
            mattes.append(alpha)
        return picture, mattes

    def _with_thing(
        self, picture: Picture, aspect: float, rng: np.random.Generator
    ) -> tuple[Picture, AlphaMatte]:
        size = picture.shape[0]
        thing = self._things[int(rng.integers(len(self._things)))]
        tall = size * rng.uniform(0.25, 0.9) / thing.alpha.shape[0]
        wide = tall / aspect
        left, top = rng.uniform(-0.3, 0.8, 2) * size
        matrix = np.array([[wide, 0, left], [0, tall, top]])
        if rng.random() < 0.5:
            matrix = mirrored(matrix, size)
        alpha = np.asarray(warped(thing.alpha, matrix, size)).astype(np.float32) / np.float32(255)
        colour = np.asarray(warped(thing.colour, matrix, size, None)).astype(
            np.float32
        ) / np.float32(255)
        return picture + alpha[..., None] * (relit(colour, rng) - picture), alpha


def with_chair(picture: Picture, x: float, y: float, rng: np.random.Generator) -> Picture:
    """The back of a chair or a sofa behind somebody: mostly dark, round, and of one colour.

    `x` its middle column, `y` the row of the person's neck; both in pixels.
    """
    size = picture.shape[0]
    mask = np.zeros((size, size), np.uint8)
    half, top = rng.uniform(0.12, 0.6) * size, y + rng.uniform(-0.2, 0.15) * size
    x += rng.normal(0, 0.1) * size
    round_px = int(rng.uniform(0.03, 0.12) * size)
    corners = (int(x - half + round_px), int(top + round_px)), (int(x + half - round_px), 2 * size)
    cv2.rectangle(mask, *corners, 255, -1)
    mask = cv2.dilate(mask, disc(round_px))
    alpha = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 2)).astype(np.float32)[..., None] / 255
    colour = rng.uniform(0.02, 0.3 if rng.random() < 0.7 else 0.9) * np.exp(rng.normal(0, 0.15, 3))
    grain = rng.standard_normal((size, size, 1), dtype=np.float32) * np.float32(0.02)
    folds = coarse(rng.standard_normal((size, size), dtype=np.float32), 0.1)[..., None]
    cloth = colour.astype(np.float32) * (1 + folds) + grain
    return picture + alpha * (cloth - picture)


def _pictures(more: Path | None, kind: str) -> list[RgbImage]:
    if more is None:
        return []
    if not (more / kind).is_dir():
        raise SourceError(f"{more / kind} is not there: run python -m training.more_media {more}")
    return [shrunk(read_rgb(file), _LARGEST_PX) for file in sorted((more / kind).iterdir())]


def _whole(name: str) -> RgbImage:
    """A pair's whole photo: an animal or an object where it was photographed."""
    photo = read_rgb(shared_data() / "pairs" / f"{name}.jpg")
    return shrunk(photo, _WHOLE_PX)


def _emptied(person: Person) -> Iterator[RgbImage]:
    """A street without its person: what is beside, and the whole with a blur where the person was.

    At half the photo's size; strips too narrow to be a background are left out.
    """
    height, width = person.photo.shape[:2]
    around = round(_WIDE_AROUND * person.height)
    if person.left - around > width * 0.3:
        yield np.ascontiguousarray(person.photo[:, : person.left - around // 2])
    if person.right + around < width * 0.7:
        yield np.ascontiguousarray(person.photo[:, person.right + around // 2 :])
    small = resize(person.photo, width // 2, height // 2)
    hidden = resize(person.alpha, width // 2, height // 2) > 0
    known = cv2.erode((~hidden).astype(np.uint8) * 255, np.ones((9, 9), np.uint8))
    yield grown_colour(small, np.asarray(known, np.uint8))


def _thing(cutout: Cutout) -> Thing:
    """At most 600 pixels high."""
    shrink = min(1.0, 600 / max(cutout.alpha.shape))
    size = round(cutout.alpha.shape[1] * shrink), round(cutout.alpha.shape[0] * shrink)
    levels = (np.clip(resize(cutout.alpha, *size), 0, 1) * 255).astype(np.uint8)
    return Thing(resize(cutout.foreground, *size), levels)


def _pasted(picture: Picture, other: Picture, left: int, top: int) -> Picture:
    """A copy with another picture in it, which may reach over the borders."""
    result = picture.copy()
    bottom, right = max(0, top + other.shape[0]), max(0, left + other.shape[1])
    part = result[max(0, top) : bottom, max(0, left) : right]
    if part.size:
        part[:] = other[max(0, -top) :, max(0, -left) :][: part.shape[0], : part.shape[1]]
    return result

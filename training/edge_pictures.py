"""Whole frames with exact alpha and the foreground's own colour, for the edge to be learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from bench.camera import BT709
from bench.cutouts import Cutout, Split, cutouts
from pipeline.colour import yuv_from_rgb
from pipeline.frame import AlphaMatte, Frame, RgbImage
from training import slits
from training.edge_drawn import drawn_subject
from training.geometry import random_aspect, warped
from training.light import Picture, compressed, in_levels, lit_from_a_side, noisy, relit
from training.people import Person, callers, is_person, street_people
from training.rooms import Rooms

LONGER_SIDES = (480, 1920)
"""Pixels, from and to."""
_DRAWN = 0.35
"""How often the subject is drawn; else it is a photographed cut-out."""
_RECOLOURED = 0.2
"""How often a cut-out gets other colours altogether: there are few of them."""
_LARGEST_SCALE = 1.25
"""A cut-out brought up further would teach a blur."""
_TOUCHING = 0.02
"""Part of a side's pixels that have alpha: from there on the photo cut the subject off."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgePicture:
    """A frame as a camera saw it, and what it is made of, all of one height and width.

    `foreground` uint8 (H, W, 3) is the subject's own colour also where alpha is small; `alpha`
    float32 (H, W). `name` is the subject's.
    """

    name: str
    frame: Frame
    foreground: RgbImage
    alpha: AlphaMatte


class EdgePictures:
    """Pictures at random: a subject, photographed or drawn, before a room or a street."""

    def __init__(
        self,
        groups: Sequence[tuple[float, Sequence[Cutout]]],
        rooms: Rooms,
        sides: tuple[int, int] = LONGER_SIDES,
    ) -> None:
        """`groups` of photographed cut-outs, with their odds; `sides`, the longer ones of frames,
        in pixels, drawn by their logarithm."""
        filled = [(odds, group) for odds, group in groups if group]
        total = sum(odds for odds, _ in filled)
        self._odds = [odds / total for odds, _ in filled]
        self._groups = [group for _, group in filled]
        self._rooms, self._sides = rooms, sides

    @classmethod
    def load(
        cls,
        split: Split,
        mattes: Path | None = None,
        most: int | None = 150,
        also: Sequence[Split] = (),
        more: Path | None = None,
    ) -> "EdgePictures":
        """Of the shared media; `mattes` is the folder of mattes made for its portraits.

        `also` are further splits whose subjects and rooms are shown, `more` a folder of
        training/more_media.py.

        At most so many street photos of a split are taken, for their people, whose edges are those
        of clothes, and emptied, for their streets.
        """
        splits = (split, *also)
        pairs = [one for each in splits for one in cutouts(each)]
        portraits = [one for one in pairs if is_person(one)]
        others = [one for one in pairs if not is_person(one)]
        calling = callers(splits, mattes, more)
        street = [one for each in splits for one in street_people(each, most)]
        groups = [
            (0.2, portraits),
            (0.25, others),
            (0.35, [_cut_out(one) for one in calling]),
            (0.2, [_cut_out(one) for one in street]),
        ]
        return cls(groups, Rooms.load(splits, street, more=more))

    def picture(self, rng: np.random.Generator) -> EdgePicture:
        """One picture, all of it following from the generator's state."""
        width, height = _size(self._sides, rng)
        side = max(width, height)
        room, _ = self._rooms.behind(side, 1.0, rng)
        subject = self._subject(side, rng)
        colour, alpha = _placed(subject, width, height, rng)
        if rng.random() < _RECOLOURED:
            colour = _recoloured(colour, self._texture(side, rng), rng)
        colour = relit(colour, rng)
        if rng.random() < 0.25:
            colour = lit_from_a_side(colour, rng)
        levels, colour, alpha = _filmed(room, np.clip(colour, 0, 1), alpha, rng)
        part = slice(0, height), slice(0, width)
        rgb, own = np.ascontiguousarray(levels[part]), in_levels(colour[part])
        frame = Frame.from_rgb(rgb) if rng.random() < 0.5 else _as_decoded(rgb)
        return EdgePicture(subject.name, frame, own, np.ascontiguousarray(alpha[part]))

    def _subject(self, size: int, rng: np.random.Generator) -> Cutout:
        if rng.random() < _DRAWN or not self._groups:
            return drawn_subject(size, self._texture(size, rng), rng)
        group = self._groups[rng.choice(len(self._groups), p=self._odds)]
        subject = group[int(rng.integers(len(group)))]
        gaps = subject.name.startswith("portrait") and rng.random() < slits.ODDS
        return with_gap(subject, rng) if gaps else subject

    def _texture(self, size: int, rng: np.random.Generator) -> RgbImage:
        view, _ = self._rooms.behind(max(64, size // 2), 1.0, rng)
        return in_levels(view)


def _cut_out(person: Person) -> Cutout:
    alpha = person.alpha.astype(np.float32) / np.float32(255)
    return Cutout(person.name, person.foreground, alpha)


def with_gap(subject: Cutout, rng: np.random.Generator) -> Cutout:
    """Somebody with a gap between arm and body, in the lower half of what is seen."""
    return replace(subject, alpha=slits.slit(subject.alpha, subject.alpha.shape[0] / 2, rng))


def _size(sides: tuple[int, int], rng: np.random.Generator) -> tuple[int, int]:
    """Width and height of a frame, even."""
    low, high = np.log(sides)
    longer, aspect = np.exp(rng.uniform(low, high)), random_aspect(rng)
    return int(longer * min(1, aspect)) // 2 * 2, int(longer * min(1, 1 / aspect)) // 2 * 2


def _placed(
    subject: Cutout, width: int, height: int, rng: np.random.Generator
) -> tuple[Picture, AlphaMatte]:
    """Colour and alpha on a square, the subject in its first `width` columns, `height` rows.

    A side that the photo cuts off lies outside the frame where that is possible.
    """
    rows, columns = subject.alpha.shape
    scale = min(_LARGEST_SCALE, min(width, height) * rng.uniform(0.8, 1.8) / max(rows, columns))
    cut = tuple(float((line > 0.1).mean()) > _TOUCHING for line in _sides(subject.alpha))
    turn = rng.uniform(-15, 15) if rng.random() < 0.3 and not any(cut) else 0.0
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), turn, scale)
    middle = np.array((columns, rows)) / 2
    place = rng.uniform(0.3, 0.7, 2) * (width, height) - scale * middle
    for axis, length in enumerate((width - scale * columns, height - scale * rows)):
        if cut[axis]:
            place[axis] = min(place[axis], -2)
        if cut[axis + 2]:
            place[axis] = max(place[axis], length + 2)
    matrix[:, 2] += place + (scale - 1) * middle
    if rng.random() < 0.5:
        matrix = np.array([[-1.0, 0, width - 1], [0, 1, 0]]) @ np.vstack((matrix, [0, 0, 1]))
    side = max(width, height)
    colour = np.asarray(warped(subject.foreground, matrix, side, None))
    alpha = np.asarray(warped(in_levels(subject.alpha), matrix, side))
    unit = np.float32(1 / 255)
    return colour.astype(np.float32) * unit, alpha.astype(np.float32) * unit


def _sides(alpha: AlphaMatte) -> tuple[AlphaMatte, ...]:
    """A few lines along the left, upper, right and lower side."""
    return alpha[:, :3], alpha[:3], alpha[:, -3:], alpha[-3:]


def _recoloured(colour: Picture, texture: RgbImage, rng: np.random.Generator) -> Picture:
    """The subject's light and shade in another photograph's colours."""
    size = colour.shape[0]
    other = cv2.resize(texture, (size, size)).astype(np.float32) / 255
    light = colour.mean(2, keepdims=True) / max(float(colour.mean()), 0.05)
    return np.asarray(other * (1 + np.float32(rng.uniform(0.2, 1)) * (light - 1)), np.float32)


def _filmed(
    room: Picture, colour: Picture, alpha: AlphaMatte, rng: np.random.Generator
) -> tuple[RgbImage, Picture, AlphaMatte]:
    """Through a lens, whose blur alpha shares, and a camera and a codec, which it does not."""
    if rng.random() < 0.3:
        colour, alpha = _blurred(colour, alpha, rng.uniform(0.4, 1.6))
    picture = np.clip(room + alpha[..., None] * (colour - room), 0, 1)
    if rng.random() < 0.45:
        picture = noisy(picture, rng) if rng.random() < 0.3 else _grainy(picture, rng)
    levels = in_levels(picture)
    return compressed(levels, rng) if rng.random() < 0.35 else levels, colour, alpha


def _blurred(colour: Picture, alpha: AlphaMatte, sigma: float) -> tuple[Picture, AlphaMatte]:
    """Out of focus: colours in their part of alpha, so that nothing beyond bleeds in."""
    soft = np.asarray(cv2.GaussianBlur(alpha, (0, 0), sigma))
    mixed = cv2.GaussianBlur(colour * alpha[..., None], (0, 0), sigma)
    return np.where(soft[..., None] > 0.02, mixed / np.maximum(soft, 0.02)[..., None], colour), soft


def _grainy(picture: Picture, rng: np.random.Generator) -> Picture:
    """The noise of a good camera."""
    noise = rng.standard_normal(picture.shape, dtype=np.float32)
    return picture + noise * np.float32(rng.uniform(0.002, 0.012))


def _as_decoded(rgb: RgbImage) -> Frame:
    """As a decoder gives it: planes with colour at half the resolution."""
    height, width = rgb.shape[:2]
    half = (-(-height // 2), -(-width // 2))
    return Frame(yuv_from_rgb(rgb, BT709, height, ((height, width), half, half)), colour=BT709)

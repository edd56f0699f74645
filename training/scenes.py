"""Pictures of people as in calls, composed at random, with their true alpha and one before it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from bench.cutouts import Split
from pipeline.frame import AlphaMatte, RgbImage
from pipeline.network import InputShape
from training import slits
from training.geometry import Affine, in_own_photo, mirrored, placed, random_aspect, warped
from training.light import (
    Picture,
    camouflaged,
    coarse,
    defocused,
    dressed,
    filmed,
    in_levels,
    lit_from_a_side,
    relit,
)
from training.people import (
    Levels,
    Person,
    callers,
    photographed_things,
    posing_people,
    street_people,
)
from training.previous import faithful, previous_alpha, united
from training.rooms import Rooms, with_chair
from training.things import drawn_things

NOBODY, OWN_PHOTO = 0.08, 0.33
_IN_FRONT = 0.15
"""How often something stands in front of them all."""
_CROWD = (0.78, 0.17, 0.05)
"""How often one, two and three people are composed."""
_TRUST_COMPOSED = 0.5
"""A composite's alpha is exact, but a binary mask's edge is not how a person ends."""
_CAMOUFLAGED = 0.12
"""How often clothes have the colour of what is behind them."""
_NECK_OF_WHOLE, _NECK_OF_PORTRAIT = 0.15, 0.5
"""Where clothes begin, of the height that the photo shows."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One training picture.

    `picture` uint8 (H, W, 3) RGB; `alpha`, `previous` (zeros: none) and `weight` uint8 (H, W), 255
    for 1. `weight` says how far alpha is to be believed.
    """

    picture: RgbImage
    alpha: Levels
    previous: Levels
    weight: Levels

    def scaled(self, shape: InputShape) -> "Sample":
        """The same as wide and as high as that."""
        planes = (self.picture, self.alpha, self.previous, self.weight)
        return Sample(*(cv2.resize(one, shape, interpolation=cv2.INTER_AREA) for one in planes))


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """One person in place: colour of 0…1, alpha, and trust, float32 (S, S[, 3])."""

    colour: Picture
    alpha: AlphaMatte
    trust: AlphaMatte


@dataclass(frozen=True, slots=True)
class Mix:
    """How often somebody is of which group; things are photographed or drawn."""

    street: float = 0.4
    posing: float = 0.15
    calling: float = 0.45
    things: float = 0.0
    drawn: float = 0.0


MIX = Mix()


class Scenes:
    """Samples at random from groups of people and their odds."""

    def __init__(
        self, groups: Sequence[tuple[float, Sequence[Person]]], rooms: Rooms, clean: bool = False
    ) -> None:
        """`clean` scenes, to validate, have a previous alpha that is right, and are never empty."""
        filled = [(odds, people) for odds, people in groups if people]
        total = sum(odds for odds, _ in filled)
        self._odds = [odds / total for odds, _ in filled]
        self._groups = [people for _, people in filled]
        self._rooms, self._clean = rooms, clean

    @classmethod
    def load(
        cls,
        split: Split,
        mattes: Path | None = None,
        most: int | None = None,
        clean: bool = False,
        also: Sequence[Split] = (),
        more: Path | None = None,
        mix: Mix = MIX,
    ) -> "Scenes":
        """Of the shared media; `mattes` is the folder of mattes made for its portraits.

        `also` are further splits whose people and rooms are shown, `more` a folder of
        training/more_media.py.
        """
        splits = (split, *also)
        street = [one for each in splits for one in street_people(each, most)]
        calling = callers(splits, mattes, more)
        posing = [one for each in splits for one in posing_people(each)]
        rooms = Rooms.load(splits, street, calling, more)
        things = [one for each in splits if mix.things for one in photographed_things(each)]
        drawn = list(drawn_things(rooms)) if mix.drawn else []
        groups = [(mix.street, street), (mix.posing, posing), (mix.calling, calling)]
        return cls([*groups, (mix.things, things), (mix.drawn, drawn)], rooms, clean)

    def sample(self, size: int, rng: np.random.Generator, aspect: float | None = None) -> Sample:
        """One scene, squeezed to a square, all of it following from the generator's state.

        `aspect` is its width by its height before that, by default any.
        """
        aspect = aspect or random_aspect(rng)
        chance = 1.0 if self._clean else rng.random()
        if chance < NOBODY:
            picture, layers, things = self._empty(size, aspect, rng)
        elif chance < NOBODY + OWN_PHOTO:
            picture, layers, things = self._photographed(size, aspect, rng)
        else:
            picture, layers, things = self._composed(size, aspect, rng)
        if rng.random() < _IN_FRONT:
            picture, layers = self._hidden(picture, layers, aspect, rng)
        alphas = [layer.alpha for layer in layers]
        alpha = united(alphas, size)
        weight = np.minimum.reduce([layer.trust for layer in layers] or [np.ones_like(alpha)])
        if self._clean:
            previous = faithful(alpha, rng)
        else:
            stranger = self._layer(self._someone(rng), size, aspect, 1, rng).alpha
            previous = previous_alpha(alphas, things, stranger, rng)
        return Sample(
            filmed(picture, rng), in_levels(alpha), in_levels(previous), in_levels(weight)
        )

    def shaped(self, shape: InputShape, rng: np.random.Generator, aspect: float) -> Sample:
        """A scene of that aspect, at that width and height."""
        return self.sample(max(shape), rng, aspect).scaled(shape)

    def _hidden(
        self,
        picture: Picture,
        layers: Sequence[_Layer],
        aspect: float,
        rng: np.random.Generator,
    ) -> tuple[Picture, list[_Layer]]:
        """The picture with something in front, which hides a part of every layer."""
        colour, alpha = self._rooms.before(picture.shape[0], aspect, rng)
        seen = [replace(layer, alpha=layer.alpha * (1 - alpha)) for layer in layers]
        return picture + alpha[..., None] * (colour - picture), seen

    def _someone(self, rng: np.random.Generator) -> Person:
        people = self._groups[rng.choice(len(self._groups), p=self._odds)]
        return people[int(rng.integers(len(people)))]

    def _empty(
        self, size: int, aspect: float, rng: np.random.Generator
    ) -> tuple[Picture, list[_Layer], list[AlphaMatte]]:
        picture, things = self._rooms.behind(size, aspect, rng, streets=0)
        if rng.random() < 0.4:
            x, y = rng.uniform(0.3, 0.7, 2) * size
            picture = with_chair(picture, x, y, rng)
        return picture, [], things

    def _photographed(
        self, size: int, aspect: float, rng: np.random.Generator
    ) -> tuple[Picture, list[_Layer], list[AlphaMatte]]:
        """Somebody where the photo was taken; in other clothes at times."""
        person = self._someone(rng)
        matrix = in_own_photo(person, size, aspect, rng)
        matrix = mirrored(matrix, size) if rng.random() < 0.5 else matrix
        layer = _warped_layer(person, matrix, size)
        picture = _unit(warped(person.photo, matrix, size, None))
        if rng.random() < 0.25:
            other = dressed(picture, _neck(person, matrix), rng)
            picture = picture + layer.alpha[..., None] * (other - picture)
        return relit(picture, rng), [layer], []

    def _composed(
        self, size: int, aspect: float, rng: np.random.Generator
    ) -> tuple[Picture, list[_Layer], list[AlphaMatte]]:
        picture, things = self._rooms.behind(size, aspect, rng)
        layers = []
        for number in range(1 + rng.choice(len(_CROWD), p=_CROWD)):
            person = self._someone(rng)
            share = 1 if number == 0 and rng.random() < 0.8 else rng.uniform(0.5, 1)
            layers.append(self._layer(person, size, aspect, share, rng, picture))
        if rng.random() < 0.1:
            picture = picture * np.float32(rng.uniform(0.2, 0.6))
        if rng.random() < 0.2:
            centre = float(layers[0].alpha.sum(0) @ np.arange(size)) / (layers[0].alpha.sum() + 1)
            picture = with_chair(picture, centre, rng.uniform(0.3, 0.7) * size, rng)
        layers.sort(key=lambda layer: float(layer.alpha.sum()))  # who is nearer stands in front
        for layer in layers:
            picture = picture + layer.alpha[..., None] * (layer.colour - picture)
        if rng.random() < 0.25:
            picture = lit_from_a_side(picture, rng)
        return picture, layers, things

    def _layer(
        self,
        person: Person,
        size: int,
        aspect: float,
        share: float,
        rng: np.random.Generator,
        room: Picture | None = None,
    ) -> _Layer:
        matrix = placed(person, size, aspect, rng, share)
        if rng.random() < 0.5:
            matrix = mirrored(matrix, size)
        layer = _warped_layer(person, matrix, size)
        if rng.random() < slits.ODDS:
            layer = replace(layer, alpha=slits.slit(layer.alpha, _neck(person, matrix), rng))
        colour = layer.colour
        if rng.random() < 0.35:
            colour = dressed(colour, _neck(person, matrix), rng)
        colour = relit(colour, rng)
        if rng.random() < 0.25:
            colour = lit_from_a_side(colour, rng)
        if room is not None and rng.random() < _CAMOUFLAGED:
            colour = camouflaged(colour, _neck(person, matrix), layer.alpha, room, rng)
        if rng.random() < 0.25:
            colour = defocused(colour, rng.uniform(0.3, 1) * size / 256)
        if rng.random() < 0.1:
            colour = np.asarray(coarse(colour, rng.uniform(0.4, 0.8)))
        trust = np.float32(_TRUST_COMPOSED) + np.float32(1 - _TRUST_COMPOSED) * layer.trust
        return _Layer(colour, layer.alpha, trust)


def _warped_layer(person: Person, matrix: Affine, size: int) -> _Layer:
    return _Layer(
        _unit(warped(person.foreground, matrix, size, None)),
        _unit(warped(person.alpha, matrix, size)),
        _unit(warped(person.trust, matrix, size, 255)),
    )


def _neck(person: Person, matrix: Affine) -> float:
    """The row of the square in which a person's clothes begin, about."""
    part = _NECK_OF_WHOLE if person.whole else _NECK_OF_PORTRAIT
    row = person.top + part * person.height
    return float(matrix[1] @ (person.head_x, row, 1))


def _unit(levels: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Picture:
    return levels.astype(np.float32) / np.float32(255)

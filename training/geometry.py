"""Where a person stands in a picture: affine maps from a photo to a square, 2×3, float64."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from training.people import Person

Affine = NDArray[np.float64]
Image = NDArray[np.generic]

ASPECTS = (9 / 16, 16 / 9)
"""Width by height of the frames that are squeezed to a square."""
_FRAMINGS = (
    # how often, and how much of a whole person's height is in the picture
    (0.44, (0.20, 0.38)),  # head and shoulders
    (0.26, (0.38, 0.62)),  # half body
    (0.12, (0.62, 1.00)),
    (0.18, (1.02, 1.40)),  # from head to foot
)
_PARTS_OF_PORTRAIT = (0.6, 1.0)
_PARTS_OF_THING = (0.6, 1.5)
_HEADLESS = 0.12
"""How often a whole person's head is above the picture."""
_OUTSIDE = 0.03
"""Of the square: a side that the photo cuts off lies at least so far outside."""
_TURN_DEGREES = 5.0
STRETCH = 1.25
"""The most that a photo is made wider than it is, where it is too narrow for the picture."""


def random_aspect(rng: np.random.Generator) -> float:
    """Width by height: often that of a webcam, else anything between 9:16 and 16:9."""
    if rng.random() < 0.35:
        return 16 / 9
    low, high = np.log(ASPECTS)
    return float(np.exp(rng.uniform(low, high)))


def placed(
    person: Person, size: int, aspect: float, rng: np.random.Generator, share: float = 1
) -> Affine:
    """A person as before a webcam: the head in the picture, the body cut by its lower border.

    `share` below 1 makes the person so much smaller, as one of several is.
    """
    headroom = rng.uniform(0.02, 0.3) if rng.random() < 0.88 else rng.uniform(-0.15, 0.02)
    if person.whole and rng.random() < _HEADLESS:
        headroom = rng.uniform(-1, -0.15)
    headroom = 1 - share * (1 - headroom)
    tall = size * (1 - headroom) / (_part(person, rng) * person.height)
    wide, tall = _grown_to_cover(person, size, tall / aspect, tall, aspect)
    x = rng.normal(0.5, 0.13) if rng.random() < 0.8 else rng.uniform(-0.05, 1.05)
    left, top = x * size - wide * person.head_x, headroom * size - tall * person.top
    left, top = _outside(person, size, (wide, tall), (left, top))
    matrix = np.array([[wide, 0, left], [0, tall, top]])
    return matrix if any(person.cut[:3]) else _turned(matrix, size, rng)


def in_own_photo(person: Person, size: int, aspect: float, rng: np.random.Generator) -> Affine:
    """The same framing where the photo itself is the picture: it covers the whole square."""
    height, width = person.alpha.shape
    headroom = rng.uniform(0.02, 0.25)
    tall = size * (1 - headroom) / (_part(person, rng) * person.height)
    tall, wide = max(tall, size / height), max(tall / aspect, size / width)
    tall = max(tall, wide * aspect / STRETCH)
    left = rng.normal(0.5, 0.15) * size - wide * person.head_x
    top = headroom * size - tall * person.top
    left = float(np.clip(left, size - wide * width, 0))
    return np.array([[wide, 0, left], [0, tall, np.clip(top, size - tall * height, 0)]])


def disc(radius: int) -> NDArray[np.uint8]:
    """What dilates, or erodes, by so many pixels: uint8 (2 · radius + 1, 2 · radius + 1)."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2), np.uint8)


def mirrored(matrix: Affine, size: int) -> Affine:
    """The same map, and the square seen in a mirror."""
    mirror = np.array([[-1.0, 0, size - 1], [0, 1, 0]])
    return np.asarray(mirror @ np.vstack((matrix, [0, 0, 1])))


def moved(size: int, rng: np.random.Generator, shift: float, zoom: float, turn: float) -> Affine:
    """A small motion of the whole square: parts of its side, of its scale, and degrees, at most."""
    scale = 1 + rng.uniform(-zoom, zoom)
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), rng.uniform(-turn, turn), scale)
    matrix[:, 2] += rng.uniform(-shift, shift, 2) * size
    return np.asarray(matrix)


def warped(image: Image, matrix: Affine, size: int, border: int | None = 0) -> Image:
    """An image, any dtype (H, W[, 3]), mapped to a square; without `border` its edge goes on.

    It is halved first as often as it would shrink, lest its detail turn into noise.
    """
    shrink = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    while shrink < 0.6 and min(image.shape[:2]) > 8:
        width, height = image.shape[1] // 2, image.shape[0] // 2
        ratio = np.array([image.shape[1] / width, image.shape[0] / height])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        middle = (ratio - 1) / 2  # of a small pixel, in the large image
        matrix = np.column_stack((matrix[:, :2] * ratio, matrix[:, 2] + matrix[:, :2] @ middle))
        shrink *= 2
    mode = cv2.BORDER_REPLICATE if border is None else cv2.BORDER_CONSTANT
    value = (border or 0,) * 3
    return np.asarray(
        cv2.warpAffine(image, matrix, (size, size), borderMode=mode, borderValue=value)
    )


def _part(person: Person, rng: np.random.Generator) -> float:
    """How much of the person's height, as the photo has it, is in the picture."""
    if person.subject == "any":
        return float(rng.uniform(*_PARTS_OF_THING))
    if not person.whole:
        return float(rng.uniform(*_PARTS_OF_PORTRAIT))
    odds = [often for often, _ in _FRAMINGS]
    return float(rng.uniform(*_FRAMINGS[rng.choice(len(odds), p=odds)][1]))


def _grown_to_cover(
    person: Person, size: int, wide: float, tall: float, aspect: float
) -> tuple[float, float]:
    """Such that a person whom both sides of the photo cut off is cut off by both of the square."""
    left, top, right, bottom = person.cut
    height, width = person.alpha.shape
    needed = (1 + 2 * _OUTSIDE) * size
    if top and bottom:
        tall = max(tall, needed / height)
    if left and right:
        wide = max(wide, needed / width)
    return wide, max(tall, wide * aspect / STRETCH)


def _outside(
    person: Person, size: int, scale: tuple[float, float], place: tuple[float, float]
) -> tuple[float, float]:
    """Left and top moved so that what the photo cuts off lies outside the square."""
    height, width = person.alpha.shape
    margin = _OUTSIDE * size
    lengths = scale[0] * width, scale[1] * height
    result = []
    for start, length, before, after in zip(
        place, lengths, person.cut[:2], person.cut[2:], strict=True
    ):
        if before:
            start = min(start, -margin)
        if after:
            start = max(start, size + margin - length)
        result.append(start)
    return result[0], result[1]


def _turned(matrix: Affine, size: int, rng: np.random.Generator) -> Affine:
    """Leaning a little, about the middle of the lower border."""
    angle = rng.normal(0, _TURN_DEGREES / 2)
    turn = cv2.getRotationMatrix2D((size / 2, size), angle, 1.0)
    return np.asarray(turn @ np.vstack((matrix, [0, 0, 1])))

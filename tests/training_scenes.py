"""Drawn people and rooms for the tests of training: small, quick, and nobody's."""

import numpy as np

from bench.drawn import drawn_cutout, texture
from training.people import Person, from_matte
from training.rooms import Rooms
from training.scenes import Scenes


def drawn_person(seed: int = 1, side: int = 120) -> Person:
    """Head and shoulders that the photo's lower side cuts off."""
    rng = np.random.default_rng(seed)
    cutout = drawn_cutout(side, rng)
    room = texture((side, side), rng)
    alpha = cutout.alpha[..., None]
    photo = (cutout.foreground * alpha + room * (1 - alpha)).astype(np.uint8)
    return from_matte(f"drawn-{seed}", photo, cutout.foreground, cutout.alpha)


def drawn_rooms() -> Rooms:
    rng = np.random.default_rng(7)
    return Rooms([texture((160, 90), rng) for _ in range(3)], [], [])


def drawn_scenes(clean: bool = False) -> Scenes:
    return Scenes([(1.0, [drawn_person(seed) for seed in range(3)])], drawn_rooms(), clean)

"""Drawn things in photographs, to learn outlines from."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from training.edge_drawn import drawn_subject
from training.light import in_levels
from training.people import Person, from_matte
from training.rooms import Rooms

_DRAWN, _SIDE = 150, 560
"""How many are drawn, and on how many pixels."""
_SEED = 30_303


def drawn_things(rooms: Rooms, count: int = _DRAWN) -> Iterator[Person]:
    """Drawn ones before rooms, whose colours they have, too; always the same."""
    rng = np.random.default_rng(_SEED)
    for number in range(count):
        texture, room = (rooms.behind(side, 1.0, rng)[0] for side in (_SIDE // 2, _SIDE))
        drawn = drawn_subject(_SIDE, in_levels(texture), rng)
        colour = drawn.foreground.astype(np.float32) / np.float32(255)
        photo = room + drawn.alpha[..., None] * (colour - room)
        name = f"{drawn.name}-{number}"
        thing = from_matte(name, in_levels(photo), drawn.foreground, drawn.alpha)
        yield replace(thing, subject="any")

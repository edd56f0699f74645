"""What is no person, to learn outlines from: animals and objects of the pairs, and drawn ones."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.cutouts import Split, cutouts, read_rgb, shared_data
from training.edge_drawn import drawn_subject
from training.light import in_levels
from training.people import Person, from_matte, is_person
from training.rooms import Rooms

_DRAWN, _SIDE = 150, 560
"""How many are drawn, and on how many pixels."""
_SEED = 30_303


def photographed_things(splits: Sequence[Split]) -> Iterator[Person]:
    """Of the pairs whatever is no portrait, with soft mattes."""
    for cutout in (one for split in splits for one in cutouts(split) if not is_person(one)):
        photo = read_rgb(shared_data() / "pairs" / f"{cutout.name}.jpg")
        yield from_matte(cutout.name, photo, cutout.foreground, cutout.alpha, "any")


def drawn_things(rooms: Rooms, count: int = _DRAWN) -> Iterator[Person]:
    """Drawn ones before rooms, whose colours they have, too; always the same."""
    rng = np.random.default_rng(_SEED)
    for number in range(count):
        texture, room = (rooms.behind(side, 1.0, rng)[0] for side in (_SIDE // 2, _SIDE))
        drawn = drawn_subject(_SIDE, in_levels(texture), rng)
        colour = drawn.foreground.astype(np.float32) / np.float32(255)
        photo = room + drawn.alpha[..., None] * (colour - room)
        name = f"{drawn.name}-{number}"
        yield from_matte(name, in_levels(photo), drawn.foreground, drawn.alpha, "any")

"""What is no person, and is shown to the closer look as well."""

import numpy as np
import pytest

from tests.training_scenes import drawn_rooms
from training.geometry import placed
from training.people import Person
from training.scenes import Scenes
from training.things import drawn_things

SIZE = 96


@pytest.fixture(scope="module")
def things() -> list[Person]:
    return list(drawn_things(drawn_rooms(), 10))


def test_the_same_things_are_drawn_each_time(things: list[Person]) -> None:
    again = list(drawn_things(drawn_rooms(), 2))
    for one, other in zip(things, again, strict=False):
        assert one.name == other.name
        assert np.array_equal(one.photo, other.photo)
        assert np.array_equal(one.alpha, other.alpha)
    assert not np.array_equal(things[0].alpha, things[1].alpha)


def test_in_its_photo_a_thing_has_its_own_colour_where_it_covers_all(things: list[Person]) -> None:
    for thing in things:
        assert thing.subject == "any"
        solid, empty = thing.alpha == 255, thing.alpha == 0
        assert np.abs(thing.photo[solid].astype(int) - thing.foreground[solid]).max() <= 1
        assert np.abs(thing.photo[empty].astype(int) - thing.foreground[empty]).mean() > 5


def test_a_thing_is_seen_whole_or_in_part(things: list[Person]) -> None:
    thing, rng = next(one for one in things if one.whole), np.random.default_rng(1)
    lowest = [
        (placed(thing, SIZE, 1.0, rng) @ (thing.head_x, thing.bottom, 1))[1] for _ in range(60)
    ]
    assert min(lowest) < 0.95 * SIZE
    assert max(lowest) > 1.2 * SIZE


def test_scenes_show_them_as_the_foreground(things: list[Person]) -> None:
    scenes, rng = Scenes([(1.0, things)], drawn_rooms(), clean=True), np.random.default_rng(1)
    samples = [scenes.sample(SIZE, rng) for _ in range(8)]
    assert all((one.alpha > 60).mean() > 0.02 for one in samples)
    assert all(one.weight.max() > 100 for one in samples)

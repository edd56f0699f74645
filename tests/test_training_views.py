"""Backgrounds as they were never photographed."""

import numpy as np

from training.views import seen

SIZE = 48
MAP, MIDDLE = np.array([[0.6, 0, 0], [0, 0.6, 0]]), (40.0, 40.0)


def views(picture: np.ndarray, count: int = 40) -> list[np.ndarray]:
    return [seen(picture, MAP, MIDDLE, SIZE, np.random.default_rng(n)) for n in range(count)]


def test_every_view_fills_its_square_with_the_pictures_own_colours() -> None:
    """However it is slanted, nothing from beyond the borders comes in."""
    grey = np.full((80, 80, 3), 128, np.uint8)
    for view in views(grey):
        assert view.shape == (SIZE, SIZE, 3)
        assert view.dtype == np.float32
        assert np.ptp(view, axis=(0, 1)).max() < 1e-6
        assert 0 < view.min() <= view.max() <= 1.2


def test_some_views_are_slanted_and_some_recoloured_and_most_are_neither() -> None:
    rows = np.repeat(np.arange(80, dtype=np.uint8)[:, None], 80, 1)
    picture = np.stack((2 * rows, rows, 0 * rows), 2)
    plain = np.median(views(picture), axis=0)
    as_it_is = [np.abs(view - plain).max() < 1e-6 for view in views(picture)]
    assert 15 < sum(as_it_is) < 35
    slanted = [np.ptp(view, axis=1).max() > 0.05 for view in views(picture)]
    assert 2 < sum(slanted) < 20

"""The shape of a matte: cleaned up, its edge moved, softened, and made more or less opaque."""

import cv2
import numpy as np
import pytest

from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte
from pipeline.matte import EdgeMatte
from pipeline.shape import AS_IT_IS, Shape
from tests.scenes import disc_alpha

WIDTH, HEIGHT, X, Y, RADIUS = 640, 480, 300, 240, 150
DISC = disc_alpha(WIDTH, HEIGHT, X, Y, RADIUS)


def shaped(alpha: AlphaMatte, shape: Shape) -> AlphaMatte:
    return shape.edged(shape.cleaned(EdgeMatte.from_alpha(alpha))).full


def line(alpha: AlphaMatte) -> AlphaMatte:
    """Alpha by the distance from the disc's edge outward, along the row through its middle."""
    return alpha[Y, X + RADIUS - 100 : X + RADIUS + 101]


def at(alpha: AlphaMatte, distance: int) -> float:
    return float(line(alpha)[100 + distance])


def boxed(*boxes: tuple[int, int, int, int], alpha: AlphaMatte = DISC) -> AlphaMatte:
    """The disc, and boxes (left, top, right, bottom) of foreground."""
    drawn = alpha.copy()
    for left, top, right, bottom in boxes:
        drawn[top:bottom, left:right] = 1
    return drawn


def test_where_nothing_is_wanted_the_matte_is_the_very_same() -> None:
    matte = EdgeMatte.from_alpha(DISC)
    assert AS_IT_IS.cleaned(matte) is matte
    assert AS_IT_IS.edged(matte) is matte


@pytest.mark.parametrize("radius", [3, 8, 30])
def test_opening_takes_thin_things_away_and_leaves_the_rest_as_it_was(radius: int) -> None:
    """A cable half as wide as the disc goes to its last pixel, with large discs too."""
    cable = boxed((0, 20, WIDTH, 20 + radius))
    opened = shaped(cable, Shape(opening=radius))
    assert not opened[: 20 + radius].any()
    assert np.abs(opened - DISC)[60:].max() < 0.05


def test_closing_fills_a_hole_and_leaves_the_rest_as_it_was() -> None:
    hole = DISC - 0.8 * disc_alpha(WIDTH, HEIGHT, X, Y, 12)
    closed = shaped(hole, Shape(closing=20))
    assert np.abs(closed - DISC).max() < 0.05
    assert shaped(hole, Shape(closing=6))[Y, X] == pytest.approx(0.2)


def test_small_regions_go_with_their_soft_edges_and_large_ones_stay() -> None:
    lamp = cv2.GaussianBlur(boxed((560, 40, 590, 70), alpha=np.zeros_like(DISC)), (0, 0), 2)
    share = 100 * 900 / (WIDTH * HEIGHT)
    both = np.maximum(DISC, lamp)
    assert np.array_equal(shaped(both, Shape(smallest=1.5 * share)), DISC)
    assert np.array_equal(shaped(both, Shape(smallest=0.5 * share)), both)
    assert not shaped(both, Shape(smallest=100)).any()


def test_an_empty_matte_stays_empty() -> None:
    nothing = np.zeros((HEIGHT, WIDTH), np.float32)
    shape = Shape(opening=2, closing=2, smallest=1, shift=2, feather=4, gamma=2)
    assert not shaped(nothing, shape).any()


@pytest.mark.parametrize("shift", [-40, -3, 2, 20])
def test_the_edge_moves_by_so_many_pixels_as_sharp_as_it_was(shift: int) -> None:
    moved = shaped(DISC, Shape(shift=shift))
    ideal = disc_alpha(WIDTH, HEIGHT, X, Y, RADIUS + shift)
    assert abs(line(moved).sum() - line(ideal).sum()) < 0.5, "pixels"
    assert np.count_nonzero((line(moved) > 0) & (line(moved) < 1)) <= 2
    assert np.sum(np.abs(moved - ideal) > 0.5) < 0.02 * ideal.sum()


def test_the_frame_s_border_is_no_edge() -> None:
    """Who is cut off by it stays so."""
    half = disc_alpha(WIDTH, HEIGHT, X, HEIGHT, RADIUS)
    for shape in (Shape(shift=-10), Shape(feather=-20), Shape(opening=20)):
        assert (shaped(half, shape)[-1, X - 100 : X + 100] == 1).all(), shape


@pytest.mark.parametrize("width", [6, 40, 100])
def test_a_feather_is_a_ramp_outside_the_edge_or_inside(width: int) -> None:
    outside, inside = (shaped(DISC, Shape(feather=width * way)) for way in (1, -1))
    assert at(outside, -1) == 1
    assert at(outside, width // 2) == pytest.approx(0.5, abs=0.15)
    assert at(outside, min(100, width + width // 8 + 1)) < 0.02
    assert at(inside, 1) == 0
    assert at(inside, -width // 2) == pytest.approx(0.5, abs=0.15)
    for ramp in (outside, inside):
        assert (np.diff(line(ramp)) <= 0.01).all(), "it never rises outward"


def test_gamma_changes_half_transparent_pixels_alone() -> None:
    soft = cv2.GaussianBlur(DISC, (0, 0), 4)
    fuller, thinner = (shaped(soft, Shape(gamma=gamma)) for gamma in (2, 0.5))
    assert np.allclose(fuller, np.sqrt(soft), atol=1e-5)
    assert np.allclose(thinner, soft**2, atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"opening": -1}, r"opening -1: it is from 0 to 100 pixels"),
        ({"closing": 101}, r"closing 101: it is from 0 to 100 pixels"),
        ({"smallest": 101}, r"smallest 101: it is from 0 to 100 per cent of the frame"),
        ({"shift": 51}, r"shift 51: it is from -50 to 50 pixels"),
        ({"feather": -101}, r"feather -101: it is from -100 to 100 pixels"),
        ({"gamma": 0}, r"gamma 0: it is from 0.1 to 10"),
        ({"gamma": float("nan")}, r"gamma nan"),
    ],
)
def test_what_is_out_of_range_is_named(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        Shape(**wrong)  # type: ignore[arg-type]

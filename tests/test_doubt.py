"""What a matte is doubted for, on drawn pictures."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.doubt import Doubt, Kind, doubts_of, kind_of
from pipeline.frame import AlphaMatte, Frame, resize
from pipeline.matte import EdgeMatte

WIDTH, HEIGHT = 320, 240
Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""
SUBJECT: Box = (100, 60, 220, 200)


def matte(*boxes: Box, soft: Box | None = None, alpha: float = 0.5) -> AlphaMatte:
    """1 in the boxes, `alpha` in the soft one: float32 (HEIGHT, WIDTH)."""
    drawn = np.zeros((HEIGHT, WIDTH), np.float32)
    for left, top, right, bottom in boxes:
        drawn[top:bottom, left:right] = 1
    if soft:
        drawn[soft[1] : soft[3], soft[0] : soft[2]] = alpha
    return drawn


def doubts(alpha: AlphaMatte, coarse: AlphaMatte | None = None) -> tuple[Doubt, ...]:
    return doubts_of(
        EdgeMatte.from_alpha(alpha), resize(alpha if coarse is None else coarse, 160, 160)
    )


def guess(alpha: AlphaMatte, rgb: NDArray[np.uint8]) -> Kind:
    return kind_of(Frame.from_rgb(rgb), EdgeMatte.from_alpha(alpha))


def painted(
    behind: int, subject: int, box: Box = SUBJECT, patch: Box | None = None, grey: int = 0
) -> NDArray[np.uint8]:
    """A grey box before another grey, and a patch of a third: RGB uint8 (HEIGHT, WIDTH, 3)."""
    rgb = np.full((HEIGHT, WIDTH, 3), behind, np.uint8)
    for area, colour in ((box, subject), (patch, grey)):
        if area:
            rgb[area[1] : area[3], area[0] : area[2]] = colour
    return rgb


def test_a_whole_subject_inside_the_picture_is_not_doubted() -> None:
    assert doubts(matte(SUBJECT)) == ()


def test_a_picture_without_a_subject_is_doubted_for_that_alone() -> None:
    assert doubts(matte()) == ("nothing",)
    assert doubts(matte(soft=SUBJECT, alpha=0.3)) == ("nothing",)


def test_much_mixed_alpha_of_the_network_is_doubted_and_a_soft_edge_is_not() -> None:
    soft_edge = cv2.GaussianBlur(matte(SUBJECT), (0, 0), 2)
    assert doubts(soft_edge) == ()
    half_lost = matte(SUBJECT, soft=(100, 130, 220, 200), alpha=0.6)
    assert "uncertain" in doubts(half_lost)


def test_a_second_candidate_is_doubted_and_a_speck_is_not() -> None:
    assert doubts(matte(SUBJECT, (260, 60, 300, 200))) == ("several",)
    assert doubts(matte(SUBJECT, (260, 60, 280, 80))) == ()


def test_a_subject_is_doubted_that_all_four_borders_cut() -> None:
    assert doubts(matte((0, 80, WIDTH, 160), (100, 0, 220, HEIGHT))) == ("borders",)
    assert doubts(matte((0, 80, WIDTH, HEIGHT))) == ()


def test_a_matte_is_doubted_that_is_not_where_the_network_saw_it() -> None:
    assert doubts(matte(SUBJECT), coarse=matte((110, 60, 230, 200))) == ("disagreement",)


@pytest.mark.parametrize("side", [120, 240, 1100])
def test_doubts_do_not_depend_on_the_size_of_the_picture(side: int) -> None:
    alpha = resize(matte(SUBJECT, (260, 60, 300, 200)), side * 4 // 3, side)
    assert doubts(alpha) == ("several",)


def test_the_kind_is_guessed_from_size_place_and_colour() -> None:
    low = (100, 180, 220, 220)
    assert guess(matte((150, 100, 190, 140)), painted(90, 200)) == "small"
    assert guess(matte((0, 80, WIDTH, 160), (100, 0, 220, HEIGHT)), painted(90, 200)) == "border"
    hair = cv2.GaussianBlur(matte(SUBJECT), (0, 0), 2)
    assert guess(hair, painted(250, 180)) == "hair"
    assert guess(hair, painted(250, 60)) == "other"
    beside = (220, 80, 280, 140)
    through = matte(SUBJECT, soft=beside)
    assert guess(through, painted(170, 60, patch=beside, grey=175)) == "glass"
    assert guess(through, painted(170, 60, patch=beside, grey=100)) == "other"
    shaded = matte((100, 20, 220, 180), soft=low, alpha=0.6)
    assert guess(shaded, painted(160, 60, patch=low, grey=100)) == "shadow"


def test_a_picture_without_a_subject_has_a_kind_too() -> None:
    assert guess(matte(), painted(90, 90)) == "other"
    assert guess(matte(soft=SUBJECT, alpha=0.55), painted(90, 90)) == "other"

"""GrabCut as a baseline: on a drawn disc, told nothing but a rectangle."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.grabcut import LONGEST_SIDE, MIDDLE, box_of, by_box, by_rectangle, grabcut, rectangle_of
from bench.methods import AbsentError, ClipMatter
from pipeline.frame import Frame, RgbImage
from pipeline.metrics import overlap

_SIZE = (120, 80)


@pytest.fixture
def matte() -> Iterator[ClipMatter]:
    """By the central rectangle, which needs no model."""
    with by_rectangle().open() as loaded:
        yield loaded.matte


def disc(size: tuple[int, int] = _SIZE, seed: int = 1) -> RgbImage:
    """A light disc before darkness, both with some grain."""
    picture = np.full((size[1], size[0], 3), 40, np.uint8)
    cv2.circle(picture, (size[0] // 2, size[1] // 2), size[1] // 4, (220, 190, 160), -1)
    grain = np.random.default_rng(seed).integers(0, 16, picture.shape, np.uint8)
    return cv2.add(picture, grain)


def shown(rgb: RgbImage) -> np.ndarray:
    return (rgb[..., 0] > 128).astype(np.float32)


def test_a_subject_inside_the_rectangle_is_found(matte: ClipMatter) -> None:
    (alpha,) = matte((Frame.from_rgb(disc()),))
    assert set(np.unique(alpha).tolist()) == {0, 1}
    assert overlap(alpha, shown(disc())).iou > 0.95


def test_what_lies_outside_the_rectangle_is_background() -> None:
    picture = disc()
    cv2.circle(picture, (15, 40), 8, (60, 90, 230), -1)
    mask = grabcut(picture, (0.25, 0.1, 0.9, 0.9))
    assert not mask[:, :30].any()
    assert mask[40, 60] == 1


def test_a_picture_has_one_matte_whatever_was_cut_before_it(matte: ClipMatter) -> None:
    rough = np.random.default_rng(2).integers(0, 256, (80, 120, 3), np.uint8)
    first, _, again = matte([Frame.from_rgb(rgb) for rgb in (rough, disc(), rough)])
    assert np.array_equal(first, again)


def test_a_large_picture_is_cut_small_and_its_mask_brought_to_size(matte: ClipMatter) -> None:
    size = 2 * LONGEST_SIDE, LONGEST_SIDE
    (alpha,) = matte((Frame.from_rgb(disc(size)),))
    assert alpha.shape == (size[1], size[0])
    assert overlap(alpha, shown(disc(size))).iou > 0.95
    assert 0 < np.mean((alpha > 0) & (alpha < 1)) < 0.05


def test_a_picture_of_one_colour_has_a_matte_without_an_error(matte: ClipMatter) -> None:
    (alpha,) = matte((Frame.from_rgb(np.full((80, 120, 3), 90, np.uint8)),))
    assert alpha.shape == (80, 120)


def test_a_rectangle_that_leaves_nothing_outside_is_the_central_one() -> None:
    assert rectangle_of((0, 0, 1, 1), 100, 40) == rectangle_of(MIDDLE, 100, 40) == (5, 2, 90, 36)
    assert rectangle_of((0, 0.5, 1, 1), 100, 40) == (0, 20, 100, 20)


def test_a_box_holds_what_was_found_with_some_room_and_stays_in_the_picture() -> None:
    alpha = np.zeros((50, 100), np.float32)
    alpha[25:, 40:60] = 0.9
    assert box_of(alpha) == pytest.approx((0.38, 0.48, 0.62, 1.0))


def test_the_box_of_nothing_is_the_middle() -> None:
    assert box_of(np.zeros((50, 100), np.float32)) == MIDDLE


def test_without_the_model_only_the_one_that_needs_it_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEMATTE_MODELS", str(tmp_path))
    with by_rectangle().open():
        pass
    with pytest.raises(AbsentError, match="u2netp is not there"), by_box().open():
        pass

"""Which of several subjects is kept, and that it stays the same over a video."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.choice import Keep, SubjectChoice, parse_keep
from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte, Frame
from pipeline.matte_options import MatteOptions
from pipeline.matting import Matting
from stream.checkpoint import Checkpoint, load, save
from tests.scenes import KnownSegmenter, disc_alpha, matted, paint

WIDTH, HEIGHT = 320, 180
LARGE, MIDDLE, SPECK = (60, 90, 40), (175, 80, 22), (160, 150, 4)
"""Discs: x, y, radius."""
Disc = tuple[float, float, float]


def seen(*discs: Disc) -> AlphaMatte:
    """What a network saw: float32 (HEIGHT, WIDTH)."""
    alphas = [disc_alpha(WIDTH, HEIGHT, *disc) for disc in discs]
    return np.max(alphas, axis=0, initial=0) if alphas else np.zeros((HEIGHT, WIDTH), np.float32)


def kept(keep: Keep, *discs: Disc) -> AlphaMatte:
    return SubjectChoice(keep)(seen(*discs), aspect=WIDTH / HEIGHT)


@pytest.mark.parametrize(
    ("keep", "wanted"),
    [
        ("largest", LARGE),
        ("centre", MIDDLE),
        ((0.2, 0.5), LARGE),
        ((0.55, 0.4), MIDDLE),
        ((0.9, 0.1), MIDDLE),
        ((0.5, 150 / HEIGHT), SPECK),
        ((0.5, 0.98), MIDDLE),
    ],
)
def test_one_of_several_is_kept_and_nothing_of_the_others(keep: Keep, wanted: Disc) -> None:
    """A speck is meant by a point that lies in it alone, and is never nearest."""
    assert np.allclose(kept(keep, LARGE, MIDDLE, SPECK), seen(wanted), atol=1e-5)


def test_all_are_kept_by_default_at_no_cost() -> None:
    alpha = seen(LARGE, MIDDLE)
    assert SubjectChoice()(alpha) is alpha


def test_a_subject_keeps_its_soft_edge_and_what_hangs_loose_goes_to_the_nearest() -> None:
    faint = 0.4 * seen((110, 90, 6))
    alpha = np.maximum(seen(LARGE, MIDDLE), faint)
    assert np.allclose(SubjectChoice("largest")(alpha), np.maximum(seen(LARGE), faint), atol=1e-5)


def test_where_nobody_is_there_is_nothing_to_choose() -> None:
    nobody = 0.3 * seen(LARGE)
    assert np.array_equal(SubjectChoice("largest")(nobody), nobody)


def test_over_a_video_the_first_choice_is_followed_until_it_is_gone() -> None:
    choice = SubjectChoice("largest")
    still = (60, 90, 40)
    for step in range(8):
        moving = (200 + 8 * step, 90, 45 - 4 * step)
        followed = choice(seen(still, moving))
        assert np.allclose(followed, seen(moving), atol=1e-5), "though the other is larger by now"
    choice(seen())
    assert np.allclose(choice(seen(still, (256, 90, 17))), seen((256, 90, 17)), atol=1e-5)
    assert np.allclose(choice(seen(still)), seen(still), atol=1e-5)


def test_after_a_cut_the_rule_chooses_anew() -> None:
    choice = SubjectChoice("largest")
    choice(seen((60, 90, 20), (200, 90, 30)))
    assert np.allclose(choice(seen(LARGE, (200, 90, 30)), anew=True), seen(LARGE), atol=1e-5)


def test_the_size_of_a_network_s_alpha_makes_no_difference_to_what_is_followed() -> None:
    choice = SubjectChoice("centre")
    choice(seen(LARGE, MIDDLE))
    small = seen(LARGE, MIDDLE)[::4, ::4]
    assert np.allclose(choice(small), seen(MIDDLE)[::4, ::4], atol=1e-5)


def test_all_that_the_pipeline_does_follows_the_chosen_subject_alone() -> None:
    """The composite, the matte, and the crop in which it is looked for next."""
    alpha = seen(LARGE, MIDDLE)
    frame = Frame.from_rgb(paint(alpha))
    matting = Matting(KnownSegmenter([alpha]), options=MatteOptions("centre"))
    for _ in range(16):
        last = matting.process(frame)
    assert last.alpha[90, 60] == 0
    assert last.alpha[80, 175] == 1
    crop = matting.begin(frame).look.crop
    assert crop is not None
    assert crop.left > 110


def test_frames_under_way_make_no_difference() -> None:
    alphas = [seen((60 + 5 * step, 90, 30), (240, 90, 12 + 3 * step)) for step in range(10)]
    frames = [Frame.from_rgb(paint(alpha), index) for index, alpha in enumerate(alphas)]

    def run(in_flight: int) -> np.ndarray:
        matting = Matting(KnownSegmenter(list(alphas)), options=MatteOptions("largest"))
        return matted(matting, frames, in_flight)

    assert np.array_equal(run(1), run(4))


def test_who_was_chosen_is_remembered_across_an_interruption(tmp_path: Path) -> None:
    options = MatteOptions("largest")
    before, after = (seen(LARGE, MIDDLE), seen(LARGE, (175, 80, 60)))
    first = Matting(KnownSegmenter([before]), options=options)
    first.process(Frame.from_rgb(paint(before)))
    save(Checkpoint(1, 1, first.state, [], []), tmp_path / "checkpoint")
    second = Matting(KnownSegmenter([after]), options=options)
    second.state = load(tmp_path / "checkpoint", Checkpoint).state
    alpha = second.process(Frame.from_rgb(paint(before))).alpha
    assert alpha[90, 60] == 1
    assert alpha[80, 200] < 0.5


def test_pictures_are_chosen_from_each_for_itself() -> None:
    pictures = [seen(LARGE, MIDDLE), seen((60, 90, 20), (220, 90, 50))]
    options = MatteOptions("largest")
    matting = Matting(KnownSegmenter(list(pictures)), smooth=False, follow=False, options=options)
    alphas = [matting.process(Frame.from_rgb(paint(picture))).alpha for picture in pictures]
    assert alphas[1][90, 60] == 0
    assert alphas[1][90, 220] == 1


@pytest.mark.parametrize(
    ("text", "keep"),
    [("all", "all"), ("centre", "centre"), ("0.25,0.5", (0.25, 0.5)), ("1,0", (1.0, 0.0))],
)
def test_a_choice_is_read_from_words(text: str, keep: Keep) -> None:
    assert parse_keep(text) == keep


@pytest.mark.parametrize("text", ["", "left", "0.5", "0.5,1.5", "-0.1,0", "nan,0", "0,5,0.5"])
def test_a_choice_that_makes_no_sense_is_named(text: str) -> None:
    with pytest.raises(OptionError, match=r"keep '.*': all, largest, centre, or a point X,Y"):
        parse_keep(text)

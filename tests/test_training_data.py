"""What training shows: whom, where, and what it believes of them."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is in the extra `train`")

from bench.photos import judged_photos
from tests.training_scenes import drawn_person, drawn_scenes
from training import scenes as scenes_module
from training.geometry import STRETCH, in_own_photo, placed, warped
from training.light import camouflaged
from training.more_media import catalogue, name_of
from training.people import (
    UNSURE_PX,
    above_the_cut,
    from_matte,
    grown_colour,
    person_of_mask,
    rejected_portraits,
    street_split,
)
from training.previous import NONE, previous_alpha, united
from training.slits import slit

SIZE = 64
DATA = Path(os.environ.get("LIVEMATTE_DATA", Path(__file__).parents[2] / "shared" / "data"))
needs_media = pytest.mark.skipif(not DATA.is_dir(), reason=f"no shared media at {DATA}")


def test_no_street_photo_that_judges_is_trained_on_or_chosen_by() -> None:
    splits = [street_split(number) for number in range(1, 1005)]
    assert all((split == "test") == (n % 5 == 3) for n, split in enumerate(splits, 1))
    assert splits.count("train") > 14 * splits.count("validation")
    assert splits.count("validation") > 45


@pytest.mark.shared
@needs_media
def test_the_photos_that_bench_judges_by_are_the_test_split() -> None:
    assert {street_split(int(photo.stem)) for photo in judged_photos()} == {"test"}


def test_the_same_seed_gives_the_same_sample_and_another_seed_another() -> None:
    scenes = drawn_scenes()
    once, again, other = (scenes.sample(SIZE, np.random.default_rng(n)) for n in (3, 3, 4))
    for name in ("picture", "alpha", "previous", "weight"):
        assert np.array_equal(getattr(once, name), getattr(again, name))
    assert not np.array_equal(once.picture, other.picture)


def test_a_sample_is_a_square_of_bytes() -> None:
    rng = np.random.default_rng(1)
    for sample in (drawn_scenes().sample(SIZE, rng) for _ in range(30)):
        assert sample.picture.shape == (SIZE, SIZE, 3)
        for one in (sample.alpha, sample.previous, sample.weight):
            assert one.shape == (SIZE, SIZE)
            assert one.dtype == np.uint8
        assert 8 < sample.picture.mean() < 250


def test_where_nobody_is_nothing_is_wanted_and_that_is_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scenes_module, "NOBODY", 1.1)
    rng = np.random.default_rng(1)
    samples = [drawn_scenes().sample(SIZE, rng) for _ in range(20)]
    assert all(not sample.alpha.any() and sample.weight.min() == 255 for sample in samples)
    assert any(sample.previous.any() for sample in samples)


def test_a_scene_to_validate_by_shows_somebody_and_the_alpha_just_before() -> None:
    rng = np.random.default_rng(1)
    samples = [drawn_scenes(clean=True).sample(SIZE, rng) for _ in range(20)]
    errors = [np.abs(s.alpha.astype(float) - s.previous).mean() / 255 for s in samples]
    assert min(sample.alpha.mean() for sample in samples) > 5
    assert 0 < np.mean(errors) < 0.08


def test_a_body_that_the_photo_cuts_off_goes_on_to_the_pictures_border() -> None:
    person, rng = drawn_person(), np.random.default_rng(1)
    assert person.cut == (False, False, False, True)
    for _ in range(50):
        aspect = rng.uniform(9 / 16, 16 / 9)
        alpha = warped(person.alpha, placed(person, SIZE, aspect, rng), SIZE)
        lowest = np.flatnonzero(alpha.max(axis=1) > 127)
        assert lowest.size == 0 or lowest[-1] == SIZE - 1


def test_a_photo_that_is_its_own_background_covers_the_picture() -> None:
    person, rng = drawn_person(), np.random.default_rng(1)
    for _ in range(50):
        matrix = in_own_photo(person, SIZE, rng.uniform(9 / 16, 16 / 9), rng)
        covered = warped(np.full_like(person.alpha, 255), matrix, SIZE)
        assert covered[2:-2, 2:-2].min() == 255


def test_nobody_is_much_wider_in_the_picture_than_in_the_photo() -> None:
    person, rng = drawn_person(), np.random.default_rng(1)
    for _ in range(50):
        aspect = rng.uniform(9 / 16, 16 / 9)
        for matrix in (
            in_own_photo(person, SIZE, aspect, rng),
            placed(person, SIZE, aspect, rng),
        ):
            wide, tall = (np.hypot(*matrix[:, axis] * (aspect, 1)) for axis in (0, 1))
            assert wide / tall < STRETCH + 0.03


def test_whom_the_photos_sides_cut_off_is_taken_from_above_that() -> None:
    alpha = np.zeros((100, 80), np.float32)
    alpha[10:40, 30:50] = alpha[40:70, 15:65] = alpha[70:] = 1
    grey = np.full((100, 80, 3), 128, np.uint8)
    person = from_matte("drawn", grey, grey, alpha)
    higher = above_the_cut(person)
    assert person.cut == (True, False, True, True)
    assert higher.cut == (False, False, False, True)
    assert higher.alpha.shape == higher.photo.shape[:2] == (70, 80)
    alpha[30:] = 1
    close = from_matte("drawn", grey, grey, alpha)
    assert above_the_cut(close) is close


def test_a_gap_lies_within_the_outline_and_below_the_neck() -> None:
    alpha = np.zeros((SIZE, SIZE), np.float32)
    alpha[4:20, 24:40] = alpha[20:, 12:52] = 1
    rng = np.random.default_rng(1)
    several = [slit(alpha, 20, rng) for _ in range(30)]
    gone = [alpha - one for one in several]
    assert all(np.array_equal(one[:20], alpha[:20]) for one in several)
    assert all(one.min() >= 0 and one[:, 12].tolist() == alpha[:, 12].tolist() for one in several)
    assert np.mean([0 < one.sum() < 0.4 * alpha.sum() for one in gone]) > 0.8
    assert np.array_equal(slit(alpha, SIZE, rng), alpha)


def test_clothes_can_have_the_colour_of_the_room() -> None:
    alpha = np.zeros((SIZE, SIZE), np.float32)
    alpha[:, 20:40] = 1
    person = np.full((SIZE, SIZE, 3), (0.8, 0.2, 0.2), np.float32)
    room = np.full_like(person, (0.1, 0.3, 0.5))
    dressed = camouflaged(person, SIZE / 2, alpha, room, np.random.default_rng(1))
    assert np.array_equal(dressed[:20], person[:20])
    assert np.abs(dressed[-20:] / room[-20:] - 1).max() < 0.5


def test_shrinking_keeps_a_matte_in_its_place() -> None:
    alpha = drawn_person(side=120).alpha
    matrix = np.array([[0.25, 0, 0.25 / 2 - 0.5], [0, 0.25, 0.25 / 2 - 0.5]])
    small = warped(alpha, matrix, 30).astype(float)
    averaged = cv2.resize(alpha, (30, 30), interpolation=cv2.INTER_AREA).astype(float)
    assert np.abs(small - averaged).mean() < 2


def test_a_binary_mask_is_believed_away_from_its_edge_only() -> None:
    mask = np.zeros((60, 60), np.uint8)
    mask[20:, 20:40] = 255
    photo = np.full((60, 60, 3), (0, 0, 255), np.uint8)
    photo[mask > 0] = (200, 0, 0)
    person = person_of_mask("drawn", photo, mask)
    row = person.trust[40]
    assert not row[20 - UNSURE_PX : 20 + UNSURE_PX].any()
    assert row[: 20 - UNSURE_PX].min() == row[20 + UNSURE_PX : 40 - UNSURE_PX].min() == 255
    assert np.all(np.diff(person.alpha[40, 15:25].astype(int)) >= 0)


def test_outside_the_mask_a_persons_colour_goes_on() -> None:
    known = np.zeros((60, 60), np.uint8)
    known[20:40, 20:40] = 255
    photo = np.full((60, 60, 3), (0, 0, 255), np.uint8)
    photo[known > 0] = (200, 0, 0)
    grown = grown_colour(photo, known)
    assert np.abs(grown.astype(int) - (200, 0, 0)).max() <= 2


def test_half_of_the_pictures_have_no_previous_alpha_and_some_a_wrong_one() -> None:
    rng = np.random.default_rng(1)
    alpha = drawn_person(side=128).alpha.astype(np.float32) / np.float32(255)
    stranger = np.ascontiguousarray(alpha[::-1])
    several = [previous_alpha([alpha], [], stranger, rng) for _ in range(400)]
    none = np.mean([not one.any() for one in several])
    errors = [np.abs(one - alpha).mean() for one in several if one.any()]
    assert none == pytest.approx(NONE, abs=0.08)
    assert np.median(errors) < 0.15
    assert np.mean(np.array(errors) > 0.3) == pytest.approx(0.2, abs=0.1)
    assert all(one.min() >= 0 and one.max() <= 1 for one in several)


def test_two_people_are_both_wanted() -> None:
    one, other = np.zeros((2, 8, 8), np.float32)
    one[:, :4], other[:, 3:] = 0.5, 0.5
    both = united([one, other], 8)
    assert both[0].tolist() == pytest.approx([0.5, 0.5, 0.5, 0.75, 0.5, 0.5, 0.5, 0.5])


def test_rejected_portraits_are_numbers_or_further_people_and_have_a_reason() -> None:
    further = [(kit, path) for kit, one in catalogue().items() for path in one.get("people", ())]
    known = {f"{number:03}" for number in range(1, 101)} | {name_of(*one) for one in further}
    assert rejected_portraits().keys() <= known
    assert all(rejected_portraits().values())

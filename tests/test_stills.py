"""Photographs judged one after another, on drawn ones, by rivals that need no network."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import cv2
import numpy as np

from bench.cutouts import Cutout
from bench.drawn import drawn_cutout, texture
from bench.methods import AbsentError
from bench.still_photos import StillPhoto, still_photo
from bench.still_rivals import PhotoMatter, Ready, Rival, rivals
from bench.stills import measure, report, scores_of, strip_of
from bench.stills_page import COMPARED, part
from pipeline.frame import AlphaMatte, RgbImage

_SIDE = 96


def photo(name: str = "portrait-a-1") -> StillPhoto:
    rng = np.random.default_rng(1)
    behind, backdrop = (texture((120, 80), rng) for _ in range(2))
    return still_photo(name, drawn_cutout(_SIDE, rng), behind, backdrop, rng)


def silent(line: str) -> None:
    """Where progress goes."""


def rival(
    name: str, matte: PhotoMatter, people_only: bool = False, absent: str | None = None
) -> Rival:
    @contextmanager
    def ready() -> Iterator[Ready]:
        if absent:
            raise AbsentError(absent)
        yield Ready(matte, "nothing")

    opened: Callable[[], AbstractContextManager[Ready]] = ready
    return Rival(name, f"the {name}", "it mattes", opened, people_only)


def true_alpha(rgb: RgbImage) -> AlphaMatte:
    return photo().truth


def no_alpha(rgb: RgbImage) -> AlphaMatte:
    return np.zeros(rgb.shape[:2], np.float32)


def measured(*chosen: Rival) -> dict[str, Any]:
    photos = [photo("portrait-a-1"), photo("animal-b-1")]
    return report("python -m it", measure(chosen, lambda: photos, silent))


def test_a_photo_comes_with_its_exact_alpha_and_its_subject_before_another_background() -> None:
    one = photo()
    sure, none = one.truth == 1, one.truth == 0
    assert one.photo.shape == one.composite.shape == (_SIDE, _SIDE, 3)
    assert np.array_equal(one.composite[none], one.backdrop[none])
    assert np.abs(one.composite[sure].astype(int) - one.photo[sure]).mean() < 5
    assert np.abs(one.composite[none].astype(int) - one.photo[none]).mean() > 20


def test_photos_are_the_same_each_time_they_are_made() -> None:
    assert np.array_equal(photo().photo, photo().photo)


def test_a_large_cut_out_is_reduced_with_its_alpha() -> None:
    wide = Cutout("wide", np.full((24, 2560, 3), 90, np.uint8), np.ones((24, 2560), np.float32))
    one = still_photo("wide", wide, photo().photo, photo().photo, np.random.default_rng(1))
    assert one.truth.shape == one.photo.shape[:2] == one.composite.shape[:2] == (12, 1280)


def test_the_true_alpha_has_the_best_scores_and_none_the_worst() -> None:
    best, worst = scores_of(photo().truth, photo()), scores_of(no_alpha(photo().photo), photo())
    assert (best["psnr"], best["ssim"]) == (100, 1)
    assert best["composite_psnr"] > 30  # the camera's noise and the estimate of colours remain
    assert all(best[metric] > worst[metric] for metric in best)


def test_before_every_photo_all_take_their_turn_and_the_first_is_taken_once_more() -> None:
    turns: list[str] = []

    def noting(name: str) -> PhotoMatter:
        def matte(rgb: RgbImage) -> AlphaMatte:
            turns.append(name)
            return no_alpha(rgb)

        return matte

    measured(rival("one", noting("one")), rival("two", noting("two")))
    assert turns == ["one", "two"] * 3


def test_one_that_is_absent_is_named_with_the_reason_and_the_others_are_measured() -> None:
    made = measured(rival("one", no_alpha, absent="it is out"), rival("two", true_alpha))
    assert made["absent"] == {"the one": "it is out"}
    assert set(made["rivals"]) == set(made["photos"]["animal-b-1"]) == {"two"}
    assert "- the one could not take part: it is out" in "\n".join(part(made))


def test_the_page_puts_the_best_first_and_says_what_a_step_does_and_costs() -> None:
    made = measured(rival("any-off", no_alpha), rival("any-on", true_alpha))
    for scores in made["photos"].values():
        scores["any-off"]["seconds"], scores["any-on"]["seconds"] = 0.5, 1.0
    page = "\n".join(part(json.loads(json.dumps(made))))
    rows = [line for line in page.splitlines() if line.startswith("| the ")]
    assert rows[0].startswith("| the any-on | 1.00 | **100** | **1.00** |")
    assert rows[1].startswith("| the any-off | **0.500** |")
    assert "`python -m it`" in page
    assert "→ 100 dB" in page
    assert "in 2.00 times the time" in page


def test_a_network_for_people_is_compared_on_people_alone() -> None:
    made = measured(rival("any-on", no_alpha), rival("person-on", true_alpha, people_only=True))
    texts = part(made)
    everything = texts[texts.index("All: 2 photos") + 1]
    people = texts[texts.index("People: 1 photos") + 1]
    assert "the person-on" not in everything
    assert "the person-on" in people


def test_photos_whose_subject_was_found_have_a_table_of_their_own() -> None:
    made = measured(rival("rembg", true_alpha), rival("any-on", no_alpha))
    made["photos"]["animal-b-1"]["rembg"]["iou"] = 0.5
    texts = part(made)
    assert "Found by rembg (IoU 0.9 or more): 1 photos" in texts
    assert "times rembg" in texts[texts.index("All: 2 photos") + 1]


def test_a_strip_shows_the_photo_the_truth_and_every_matte() -> None:
    one, chosen = photo(), [rival("one", no_alpha), rival("two", true_alpha)]
    shown = strip_of(one, {"one": no_alpha(one.photo), "two": one.truth}, chosen)
    tiles = [cv2.cvtColor(half, cv2.COLOR_RGB2GRAY) for half in np.array_split(shown, 2)]
    assert shown.shape[1] == 3 * 400
    assert tiles[0][30:, 800:].max() == 0
    assert tiles[1][30:, :400].max() == 255


def test_names_of_rivals_are_unique_and_those_the_words_rely_on_are_there() -> None:
    names = [one.name for one in rivals()]
    assert len(set(names)) == len(names)
    assert {name for _, *pair in COMPARED for name in pair} <= set(names)

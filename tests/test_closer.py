"""A second look: shown what the first one found, believed near the edge of that alone."""

import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.closer import MOVING, STILL, CloserLook, Say, near_edge
from pipeline.frame import AlphaMatte, Frame, Roi
from pipeline.matting import Matting
from pipeline.model_files import verify
from pipeline.models import CATALOGUE, CLOSER, DEFAULT_MODEL, MODEL_FOR, ModelEntry
from pipeline.network import Picture
from pipeline.patch_network import Refine
from pipeline.runtime import RuntimeOptions
from pipeline.segment import U2Net
from pipeline.subject import SMALLEST, WHOLE, Look
from pipeline.surer import surer

SIDE = 64
"""Of what the second look sees; what it gives has half of that."""
CLOSELY = Look(closer=STILL)


class Known:
    """Gives one alpha at half of its input's side, and keeps what it was shown."""

    runtime = device = precision = "test"

    def __init__(self, alpha: AlphaMatte | float) -> None:
        self.alpha, self.shown = alpha, list[Picture]()

    def __call__(self, picture: Picture) -> AlphaMatte:
        self.shown.append(picture)
        height, width = picture.shape[:2]
        return np.broadcast_to(np.float32(self.alpha), (height // 2, width // 2)).copy()


def disc(side: int, radius: float) -> AlphaMatte:
    rows, columns = (axis - (side - 1) / 2 for axis in np.ogrid[:side, :side])
    return (np.hypot(rows, columns) < radius * side).astype(np.float32)


def frame(side: int = SIDE) -> Frame:
    return Frame.from_rgb(np.full((side, side, 3), 7, np.uint8))


def looking(first: Known, second: Known) -> U2Net:
    return U2Net({SIDE: {(SIDE, SIDE): first}}, closer=CloserLook({(SIDE, SIDE): second}))


def test_it_is_shown_the_picture_and_the_first_alpha_beside_it() -> None:
    second = Known(0)
    CloserLook({(SIDE, SIDE): second})(frame().rgb, disc(16, 0.3))
    (shown,) = second.shown
    assert shown.shape == (SIDE, SIDE, 4)
    assert np.all(shown[..., :3] == 7)
    wanted = cv2.resize(disc(16, 0.3), (SIDE, SIDE))
    assert np.abs(shown[..., 3] / 255 - wanted).max() < 0.01


def test_near_the_edge_it_moves_the_outline() -> None:
    first, truth = disc(SIDE // 2, 0.36), disc(SIDE // 2, 0.3)
    found = CloserLook({(SIDE, SIDE): Known(truth)})(frame().rgb, first)
    assert np.abs(found - truth).mean() < 0.1 * np.abs(first - truth).mean()


def test_by_half_the_weight_it_moves_it_half_as_far() -> None:
    first = disc(SIDE // 2, 0.36)
    look = CloserLook({(SIDE, SIDE): Known(disc(SIDE // 2, 0.3))})
    half, whole = look(frame().rgb, first, replace(STILL, weight=0.5)), look(frame().rgb, first)
    assert np.allclose(half, (first + whole) / 2, atol=1e-6)
    lessened = CloserLook(look.networks, 0.5)(frame().rgb, first)
    assert np.allclose(lessened, half, atol=1e-6)


def test_what_it_says_far_from_the_edge_does_not_count() -> None:
    alpha = disc(SIDE, 0.4)
    found = CloserLook({(2 * SIDE, 2 * SIDE): Known(0)})(frame().rgb, alpha, MOVING)
    far = near_edge(alpha, MOVING.reach) == 0
    assert far[0, 0]
    assert far[SIDE // 2, SIDE // 2]
    assert np.array_equal(found[far], alpha[far])


@pytest.mark.parametrize("growth", [1, 3])
def test_it_moves_an_outline_outwards_by_no_more_than_it_may(growth: int) -> None:
    first = disc(SIDE // 2, 0.25)
    found = CloserLook({(SIDE, SIDE): Known(1)})(frame().rgb, first, Say(8, growth, 1.0))
    assert found.sum() > first.sum()
    widest = cv2.dilate(first, np.ones((2 * growth + 1,) * 2, np.uint8))
    assert np.all(found <= widest)
    assert np.allclose(found[widest == 1], 1)


@pytest.mark.parametrize("reach", [4, 9])
def test_an_edge_is_near_by_so_many_pixels(reach: int) -> None:
    alpha = np.zeros((8, 40), np.float32)
    alpha[:, 20:] = 1
    near = near_edge(alpha, reach)[4]
    assert near[20 - reach : 20 + reach].min() == 1
    assert near[: 20 - reach - 3].max() == near[20 + reach + 3 :].max() == 0


@pytest.mark.parametrize("level", [0.0, 0.4, 0.6, 1.0])
def test_where_there_is_no_edge_nobody_looks_again(level: float) -> None:
    second, alpha = Known(0.5), np.full((16, 16), level, np.float32)
    assert CloserLook({(SIDE, SIDE): second})(frame().rgb, alpha) is alpha
    assert second.shown == []


def test_only_the_closest_look_is_followed_by_a_closer_one() -> None:
    first, second = Known(disc(SIDE // 2, 0.3)), Known(0)
    segmenter = looking(first, second)
    segmenter(frame(), CLOSELY)
    assert len(second.shown) == 1
    for look in (WHOLE, replace(CLOSELY, smaller=1), replace(CLOSELY, smaller=SMALLEST)):
        segmenter(frame(), look)
    assert len(second.shown) == 1


def test_what_is_as_fine_as_it_can_see_is_not_taken_away_before() -> None:
    rgb = np.zeros((96, 96, 3), np.uint8)
    rgb[:, ::2] = 200
    first, second = Known(disc(16, 0.3)), Known(0)
    closer = CloserLook({(SIDE, SIDE): second})
    segmenter = U2Net({32: {(32, 32): first}}, closer=closer)
    segmenter(Frame.from_rgb(rgb), WHOLE)
    assert first.shown[0].std() == 0
    segmenter(Frame.from_rgb(rgb), CLOSELY)
    assert second.shown[0][..., 0].std() > 20


def test_in_a_crop_it_sees_the_crop() -> None:
    rgb = np.zeros((SIDE, SIDE, 3), np.uint8)
    rgb[16:48, 16:48] = 200
    first, second = Known(disc(SIDE // 2, 0.3)), Known(0)
    alpha = looking(first, second)(Frame.from_rgb(rgb), Look(Roi(16, 16, 48, 48), closer=STILL))
    assert alpha.shape == (SIDE, SIDE)
    assert alpha[:16].max() == 0
    assert second.shown[0][..., :3].min() == 200


@pytest.mark.parametrize(
    ("refine", "budget", "looks"),
    [("auto", math.inf, 2), ("on", 0.05, 2), ("auto", 0.05, 1), ("off", math.inf, 1)],
)
def test_where_all_of_the_edge_is_refined_it_is_looked_at_closer(
    refine: Refine, budget: float, looks: int
) -> None:
    first, second = Known(disc(SIDE // 2, 0.3)), Known(disc(SIDE // 2, 0.3))
    matting = Matting(looking(first, second), refine=refine, budget=budget)
    matting.process(frame())
    assert len(first.shown) + len(second.shown) == looks


def test_a_picture_may_be_moved_further_outwards_than_frames_are() -> None:
    first, found = disc(SIDE // 2, 0.25), []
    for moves in (True, False):
        segmenter = looking(Known(first), Known(1))
        matting = Matting(segmenter, smooth=moves, follow=moves)
        found.append(matting.segment(matting.begin(frame())).alpha)
    moving, still = found
    assert first.sum() < moving.sum() < still.sum()


@pytest.mark.parametrize(("weight", "gain"), [(1.0, 2.0), (0.5, 2**0.5)])
def test_as_far_as_it_counts_what_both_say_is_made_surer(weight: float, gain: float) -> None:
    first = disc(SIDE // 2, 0.3)
    look = CloserLook({(SIDE, SIDE): Known(0.7 * first + 0.1)}, weight)
    plain = look(frame().rgb, first, Say(8, 8, 1.0))
    found = look(frame().rgb, first, Say(8, 8, 1.0, gain=2.0))
    assert np.allclose(found, surer(plain, gain), atol=1e-6)
    assert np.abs(found - plain).max() > 0.03


@pytest.mark.parametrize(("model", "weight"), [(DEFAULT_MODEL, 1.0), (MODEL_FOR["any"], 0.5)])
def test_outlines_are_looked_at_again_unless_time_is_short(
    model: str, weight: float, u2netp: ModelEntry, tmp_path: Path
) -> None:
    options = RuntimeOptions(cache_dir=tmp_path)
    closer = U2Net.load(model, options).closer
    assert closer is not None
    assert closer.weight == weight
    assert list(closer.networks) == [(704, 384), (512, 512)]
    assert U2Net.load(model, options, (192, 160)).closer is None
    assert U2Net.load(model, options, closer=False).closer is None


def test_both_files_together_are_as_small_as_they_were_to_be() -> None:
    verify(CLOSER)
    assert CATALOGUE[DEFAULT_MODEL].path.stat().st_size + CLOSER.path.stat().st_size <= 6_000_000

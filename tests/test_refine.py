"""The edge refined in patches: which of them, in what order, and what becomes of alpha."""

import math
from itertools import pairwise

import numpy as np
import pytest

from pipeline.edges import PATCH, feather_plane, tiling
from pipeline.frame import Frame
from pipeline.refine import AT_ONCE, EdgeView, GanRefiner
from tests.edge_scenes import KnownPatches, all_edge, disc, view_of
from tests.scenes import as_yuv420, disc_alpha, noisy, paint

SEAM = 2 / 255


def refiner_of(network: KnownPatches | None = None) -> GanRefiner:
    """With a clock that only the network turns."""
    network = network or KnownPatches()
    return GanRefiner(network, network.clock)


@pytest.mark.parametrize("size", [(640, 360), (1920, 1080), (333, 257), (97, 700), (20, 12)])
def test_the_windows_of_all_patches_add_up_to_one(size: tuple[int, int]) -> None:
    width, height = size
    tiles = tiling(width, height)
    total = np.zeros((height + PATCH, width + PATCH))
    for number in range(tiles.shape[0] * tiles.shape[1]):
        roi = tiles.roi(number)
        total[roi.top : roi.bottom, roi.left : roi.right] += tiles.window(number)
    assert np.allclose(total[:height, :width], 1, atol=1e-5)


def test_patches_lie_where_the_edge_is_and_nowhere_else() -> None:
    view, network = view_of(disc()), KnownPatches()
    result = refiner_of(network)(view)
    count = math.prod(tiling(640, 480).shape)
    assert 0 < result.stats.found == result.stats.refined < count
    assert result.stats.share == pytest.approx(result.stats.refined / count)
    assert all((patch[..., 4].min(), patch[..., 4].max()) != (0, 0) for patch in network.seen[0])


def test_a_patch_shows_the_frames_own_pixels_and_both_alphas() -> None:
    view, network = view_of(disc(), Frame.from_rgb(paint(disc()))), KnownPatches()
    refiner_of(network)(view)
    tiles = tiling(640, 480)
    for patch in network.seen[0]:
        rois = [tiles.roi(number) for number in range(math.prod(tiles.shape))]
        same = [
            np.array_equal(
                view.frame.rgb[roi.top : roi.bottom, roi.left : roi.right], patch[..., :3]
            )
            for roi in rois
            if roi.right <= 640 and roi.bottom <= 480
        ]
        assert any(same)
    guided = view.matte.full
    assert {0, 255} <= set(np.unique(network.seen[0][..., 4]).tolist())
    assert np.abs(guided - disc()).mean() < 0.02


def test_nothing_outside_the_band_is_touched() -> None:
    view = view_of(disc())
    before, after = view.matte.full, refiner_of(KnownPatches(0.3))(view).matte.full
    outside = feather_plane(view.matte) == 0
    assert np.array_equal(before[outside], after[outside])
    assert np.abs(after - before).max() > 0.1


@pytest.mark.parametrize("left", [math.inf, 0.0061])
def test_no_seam_is_left_where_patches_meet_or_end(left: float) -> None:
    """Alpha of 0.5 everywhere, corrected by a constant in some patches or in all."""
    view = all_edge()
    after = refiner_of(KnownPatches(0.1))(view, left).matte.full[16:-16, 16:-16]
    steps = max(np.abs(np.diff(after, axis=axis)).max() for axis in (0, 1))
    assert after.max() == pytest.approx(0.6, abs=1e-4)
    assert steps < SEAM


def test_the_most_uncertain_patches_come_first() -> None:
    """One hard edge at the left, a wide soft one at the right: time for one patch is for that."""
    columns = np.arange(640, dtype=np.float32)
    line = np.clip((columns - 80) / 2, 0, 1) * np.clip((600 - columns) / 110, 0, 1)
    view, network = view_of(np.tile(line, (480, 1)), blur=160), KnownPatches()
    after = refiner_of(network)(view, left=0.0025).matte.full
    changed = np.abs(after - view.matte.full).sum(0)
    assert network.calls == [1]
    assert changed[400:].sum() > 0
    assert changed[:300].sum() == 0


def test_among_edges_alike_the_one_that_changed_most_comes_first() -> None:
    def two(left: float, right: float) -> EdgeView:
        rim = disc(640, 480, left, 60) + disc(640, 480, right, 60)
        return view_of(np.clip(rim, 0, 1))

    network = KnownPatches()
    refiner = refiner_of(network)
    refiner(two(160, 480))
    network.calls.clear()
    before = dict(refiner.carried.findings)
    refiner(two(163, 500), left=0.0025)
    assert network.calls == [1]
    found = refiner.carried.findings
    (new,) = (number for number in found if found[number] is not before.get(number))
    assert tiling(640, 480).roi(new).left >= 320


def test_as_many_patches_as_fit_into_the_time_left_and_no_more() -> None:
    network = KnownPatches(seconds=0.004)
    refiner = refiner_of(network)
    view = view_of(disc(), is_cut=True)
    for _ in range(30):  # its first guess of the cost is half of what it is
        refiner(view, left=0.03)
    assert refiner.cost == pytest.approx(0.004, rel=0.05)
    began = network.now
    stats = refiner(view, left=0.03).stats
    assert stats.refined == 6
    assert network.now - began <= 0.03
    assert stats.seconds == pytest.approx(0.024)


@pytest.mark.parametrize("left", [0.0, -0.01, 1e-6])
def test_with_a_budget_of_nothing_there_is_no_patch_and_no_error(left: float) -> None:
    view, network = view_of(disc()), KnownPatches()
    result = refiner_of(network)(view, left)
    assert network.calls == []
    assert result.colour is None
    assert np.array_equal(result.matte.full, view.matte.full)
    assert result.stats.found > 0


def test_a_cost_that_was_once_too_high_is_tried_again() -> None:
    network = KnownPatches()
    refiner = refiner_of(network)
    refiner.cost, view = 0.2, view_of(disc())
    for _ in range(200):
        refiner(view, left=0.02)
    assert network.calls


def test_what_stands_still_is_carried_and_coverage_grows() -> None:
    refiner = refiner_of()
    random, counts = np.random.default_rng(5), []
    for _ in range(12):
        frame = as_yuv420(noisy(paint(disc()), 2, random))
        stats = refiner(view_of(disc(), frame), left=0.0061).stats
        counts.append((stats.refined, stats.carried))
    assert counts[0] == (2, 0)
    assert counts[1][1] >= 1
    assert counts[-1][0] <= 1
    assert counts[-1][1] >= 0.8 * stats.found


def test_what_is_carried_is_worth_as_much_as_what_is_new() -> None:
    refiner, view = refiner_of(), view_of(disc())
    first, second = refiner(view), refiner(view)
    assert second.stats.refined == 0
    assert np.allclose(first.matte.full, second.matte.full, atol=1e-6)


def test_an_edge_that_moved_is_refined_anew() -> None:
    network = KnownPatches()
    refiner = refiner_of(network)
    refiner(view_of(disc()))
    moved = refiner(view_of(disc(x=332))).stats
    assert moved.refined > 0.5 * moved.found


def test_what_is_found_anew_each_frame_flickers_less_than_it_differs() -> None:
    network = KnownPatches()
    refiner, views = refiner_of(network), [view_of(disc(x=320 + 12 * (n % 2))) for n in range(2)]
    shown = []
    for number in range(12):
        network.amount = 0.2 if number % 2 else -0.2
        view = views[number % 2]
        shown.append(np.abs(refiner(view).matte.full - view.matte.full).max())
    assert shown[0] == pytest.approx(0.2, abs=0.01)
    assert max(shown[6:]) < 0.7 * shown[0]


def test_corrections_that_are_no_longer_found_fade_and_then_are_gone() -> None:
    network = KnownPatches()
    refiner = refiner_of(network)
    refiner(view_of(disc()))
    network.amount = 0.0
    view = view_of(disc(x=332))
    seen = [np.abs(refiner(view).matte.full - view.matte.full).max() for _ in range(20)]
    assert seen[0] > 0.1
    assert all(later < earlier for earlier, later in pairwise(seen[:10]))
    assert seen[-1] < 0.002


def test_a_cut_and_another_size_carry_nothing_over() -> None:
    refiner = refiner_of()
    refiner(view_of(disc()))
    assert refiner(view_of(disc(), is_cut=True)).stats.carried == 0
    assert refiner(view_of(disc_alpha(320, 240, 160, 120, 60))).stats.carried == 0


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_frame_without_an_edge_is_left_as_it_is(value: float) -> None:
    view, network = view_of(np.full((240, 320), value, np.float32)), KnownPatches()
    result = refiner_of(network)(view)
    assert network.calls == []
    assert result.stats.found == 0
    assert np.array_equal(result.matte.full, view.matte.full)


def test_a_frame_that_is_all_edge_is_refined_in_calls_of_bounded_size() -> None:
    network = KnownPatches()
    result = refiner_of(network)(all_edge(1600, 900))
    assert result.stats.refined == result.stats.found == math.prod(tiling(1600, 900).shape)
    assert set(network.calls) <= set(AT_ONCE)
    assert network.calls[0] == 32
    assert result.stats.share == 1


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (17, 33), (127, 129), (641, 361), (60, 500)])
def test_any_size_of_frame_is_taken(size: tuple[int, int]) -> None:
    width, height = size
    view = view_of(disc_alpha(width, height, width / 2, height / 2, min(size) / 3), blur=32)
    after = refiner_of()(view).matte.full
    assert after.shape == (height, width)
    assert after.min() >= 0
    assert after.max() <= 1

"""The quality ladder, and what is kept free of a frame's time."""

import math

import numpy as np
import pytest

from pipeline.budget import DOWN_AFTER, LADDER, MISSES, UP_AFTER, Quality, QualityLadder, Reserve


def run(ladder: QualityLadder, seconds: float, frames: int) -> int:
    """Note the same time so often; the step it ends on."""
    for _ in range(frames):
        ladder.note(seconds)
    return ladder.step


def test_without_a_budget_nothing_is_ever_given_up() -> None:
    assert run(QualityLadder(), 1e9, 1000) == 0


def test_refinement_goes_first_and_the_networks_size_after_it() -> None:
    ladder, seen = QualityLadder(0.033), []
    for _ in LADDER:
        seen.append(ladder.quality)
        run(ladder, 0.05, DOWN_AFTER)
    assert seen == [Quality(True, 0), Quality(False, 0), Quality(False, 1), Quality(False, 2)]
    assert ladder.downs == len(LADDER) - 1


def test_one_slow_frame_changes_nothing() -> None:
    ladder = QualityLadder(0.033)
    for _ in range(20):
        assert run(ladder, 0.2, DOWN_AFTER - 1) == 0
        run(ladder, 0.02, 1)


def test_it_climbs_back_once_there_has_been_room_for_a_while() -> None:
    ladder = QualityLadder(0.033)
    run(ladder, 0.05, DOWN_AFTER)
    assert run(ladder, 0.02, UP_AFTER - 1) == 1
    assert run(ladder, 0.02, 1) == 0
    assert ladder.ups == 1


def test_between_room_and_lateness_it_stays() -> None:
    ladder = QualityLadder(0.033)
    run(ladder, 0.05, DOWN_AFTER)
    assert run(ladder, 0.028, 1000) == 1


def test_a_climb_that_did_not_last_makes_the_next_one_wait_twice_as_long() -> None:
    ladder = QualityLadder(0.033)
    run(ladder, 0.05, DOWN_AFTER)
    run(ladder, 0.02, UP_AFTER)
    run(ladder, 0.05, DOWN_AFTER)
    assert run(ladder, 0.02, 2 * UP_AFTER - 1) == 1
    assert run(ladder, 0.02, 1) == 0


def test_of_frames_that_vary_so_much_is_kept_free_that_few_are_late() -> None:
    """They take what is planned for and some time more, as often 0 as 10 ms: late are the few that
    exceed what is kept, however much that is at first."""
    rng, reserve, late = np.random.default_rng(1), Reserve(), []
    for _ in range(4000):
        taken = 0.033 - reserve.seconds + rng.uniform(0, 0.010)
        late.append(taken > 0.033)
        reserve.note(taken, 0.033)
    assert np.mean(late[1000:]) == pytest.approx(MISSES, abs=0.01)
    assert 0.006 < reserve.seconds < 0.012


def test_no_more_is_kept_free_than_there_is_and_nothing_without_a_budget() -> None:
    reserve = Reserve()
    for _ in range(100):
        reserve.note(1.0, 0.033)
    assert reserve.seconds == 0.033
    for _ in range(1000):
        reserve.note(0.01, 0.033)
    assert reserve.seconds == 0
    reserve.note(1.0, math.inf)
    assert reserve.seconds == 0

"""The quality ladder."""

from pipeline.budget import DOWN_AFTER, LADDER, UP_AFTER, Quality, QualityLadder


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

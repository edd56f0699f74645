"""The crop that follows the subject."""

import numpy as np
import pytest

from pipeline.frame import AlphaMatte, Frame, Roi
from pipeline.matte import EdgeMatte
from pipeline.matting import Matting
from pipeline.segment import U2Net
from pipeline.subject import CHECK_EVERY, LAG, WHOLE, Look, SubjectCrop, contains
from tests.scenes import disc_alpha, matted, paint

WIDTH, HEIGHT = 640, 360
FIRST = 2 * LAG
"""The frame that is first looked at through a crop, which is checked."""
KNOWN = FIRST + 1 + LAG
"""From this frame on a still subject is followed."""
FRAME = Frame.from_rgb(np.zeros((HEIGHT, WIDTH, 3), np.uint8))


def follow(mattes: list[AlphaMatte]) -> list[Look]:
    """Where it looks in each frame, the mattes being those of the frames."""
    subject, looks = SubjectCrop(), []
    for alpha in mattes:
        looks.append(subject.next(is_cut=False))
        subject.learn(FRAME, EdgeMatte.from_alpha(alpha))
    return looks


def disc(x: float, y: float = 180, radius: float = 50) -> AlphaMatte:
    return disc_alpha(WIDTH, HEIGHT, x, y, radius)


def test_a_still_subject_is_looked_at_with_a_margin_once_it_is_known() -> None:
    looks = follow([disc(320)] * (KNOWN + 9))
    assert all(look.crop is None for look in looks[:FIRST])
    assert all(look.crop is None for look in looks[FIRST + 1 : KNOWN])
    crop = looks[FIRST].crop
    assert crop is not None
    assert contains(crop, Roi(260, 120, 380, 240))
    assert crop.width < WIDTH / 2
    assert all(look.crop == crop for look in looks[KNOWN:])


def test_a_moving_subject_stays_inside_the_crop() -> None:
    """It moves 6 pixels a frame; the crop is LAG frames behind and holds it all the same."""
    mattes = [disc(120 + 6 * i) for i in range(60)]
    for i, look in enumerate(follow(mattes)):
        if look.crop is not None:
            x = 120 + 6 * i
            assert contains(look.crop, Roi(x - 50, 130, x + 50, 230))


def test_a_crop_is_not_moved_for_every_little_move() -> None:
    mattes = [disc(320 + 3 * np.sin(i)) for i in range(40)]
    assert len({look.crop for look in follow(mattes) if look.crop}) == 1


def test_two_subjects_are_one_region() -> None:
    both = np.maximum(disc(200, radius=30), disc(400, radius=30))
    crop = follow([both] * (KNOWN + 1))[-1].crop
    assert crop is not None
    assert contains(crop, Roi(170, 150, 430, 210))


@pytest.mark.parametrize("alpha", [disc(320, radius=0) * 0, disc(320, radius=400)])
def test_nobody_or_everybody_is_looked_for_in_the_whole_frame(alpha: AlphaMatte) -> None:
    assert all(look.crop is None for look in follow([alpha] * 10))


def test_a_subject_that_leaves_and_returns_is_found_again() -> None:
    here, gone = disc(320), np.zeros((HEIGHT, WIDTH), np.float32)
    looks = follow([here] * (KNOWN + 1) + [gone] * 12 + [here] * (KNOWN + 1))
    assert looks[KNOWN].crop is not None
    assert looks[KNOWN + 1 + LAG].crop is None
    assert looks[-1].crop is not None


def test_a_crop_is_checked_at_first_and_on_a_schedule() -> None:
    looks = follow([disc(320)] * (2 * CHECK_EVERY + 1))
    assert [i for i, look in enumerate(looks) if look.checked] == [
        FIRST,
        CHECK_EVERY - 1,
        2 * CHECK_EVERY - 1,
    ]


def test_a_new_scene_is_looked_at_as_a_whole() -> None:
    subject = SubjectCrop()
    for _ in range(12):
        subject.next(is_cut=False)
        subject.learn(FRAME, EdgeMatte.from_alpha(disc(320)))
    looks = []
    for i in range(2 * LAG + 1):
        looks.append(subject.next(is_cut=i == 0))
        subject.learn(FRAME, EdgeMatte.from_alpha(disc(100)), is_cut=i == 0)
    assert all(look == WHOLE for look in looks[:-1])
    crop = looks[-1].crop
    assert crop is not None
    assert crop.right < 270, "the scene before is not in it"


class RedNetwork:
    """Sees red: alpha is the red channel of what it is shown; counts its looks."""

    runtime = device = precision = "test"
    calls = 0

    def __call__(self, picture: np.ndarray) -> AlphaMatte:
        self.calls += 1
        return (picture[..., 0] > 128).astype(np.float32)


def red_scene(*discs: AlphaMatte) -> Frame:
    return Frame.from_rgb(paint(np.maximum.reduce(discs), (255, 0, 0), (0, 0, 90)))


def test_a_subject_that_reaches_over_the_crop_is_seen_in_the_whole_frame() -> None:
    network = RedNetwork()
    alpha = U2Net({64: {(64, 64): network}})(red_scene(disc(320)), Look(Roi(0, 0, 330, 360)))
    assert network.calls == 2
    assert alpha[:, alpha.shape[1] * 340 // WIDTH].max() == 1


def test_somebody_who_comes_in_elsewhere_is_found_when_the_crop_is_checked() -> None:
    matting, alone = Matting(U2Net({64: {(64, 64): RedNetwork()}})), red_scene(disc(150))
    both = red_scene(disc(150), disc(550, radius=40))
    for _ in range(KNOWN + 1):
        assert matting.process(alone).alpha[:, 550].max() == 0
    mattes = [matting.process(both).alpha for _ in range(CHECK_EVERY + LAG)]
    assert mattes[0][:, 550].max() == 0, "nobody looks there yet"
    assert mattes[-1][:, 550].max() > 0.9


class HalfBlind(RedNetwork):
    """Sees but the left half of a subject that fills its view."""

    def __call__(self, picture: np.ndarray) -> AlphaMatte:
        alpha = super().__call__(picture)
        if alpha.mean() > 0.1:
            alpha[:, alpha.shape[1] // 2 :] = 0
        return alpha


def test_a_crop_that_shows_less_than_the_whole_frame_is_given_up() -> None:
    matting, frame = Matting(U2Net({64: {(64, 64): HalfBlind()}})), red_scene(disc(320))
    mattes = [matting.process(frame).alpha for _ in range(2 * LAG + CHECK_EVERY)]
    assert np.abs(mattes[-1] - disc(320)).mean() < 0.01
    assert all(alpha[180, 340] > 0.9 for alpha in mattes), "no frame shows the half"


def test_the_result_is_the_same_however_many_frames_are_in_flight() -> None:
    frames = [red_scene(disc(150 + 5 * i)) for i in range(20)]
    results = [
        matted(Matting(U2Net({64: {(64, 64): RedNetwork()}})), frames, in_flight)
        for in_flight in (1, 2, LAG)
    ]
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])

"""Small subjects seen closer: what is looked at again, and what is made of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest

from pipeline.composite import Transparent
from pipeline.frame import AlphaMatte, Frame, Roi
from pipeline.scales import MOST_CROPS, SMALL, SeveralScales, small_crops
from pipeline.subject import WHOLE, Look
from stream.loaded_networks import LoadedNetworks
from tests.api_serving import api, encode, fetch, make
from tests.scenes import disc_alpha, paint

SIZE = 640, 360


@dataclass
class Coarse:
    """Sees red, as 32 by 32 pixels whatever it is shown."""

    seen: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        self.seen.append((frame.width, frame.height))
        red = cv2.resize(frame.rgb[..., 0], (32, 32), interpolation=cv2.INTER_AREA)
        return np.clip((red.astype(np.float32) - 40) / 160, 0, 1)


def discs(*places: tuple[float, float, float]) -> AlphaMatte:
    """Discs by x, y and radius."""
    return np.max([disc_alpha(*SIZE, *place) for place in places], axis=0)


def frame_of(alpha: AlphaMatte) -> Frame:
    return Frame.from_rgb(paint(alpha))


def error(found: AlphaMatte, truth: AlphaMatte) -> float:
    return float(np.abs(cv2.resize(found, SIZE) - truth).mean())


def test_something_small_is_seen_better_when_it_is_looked_at_closer() -> None:
    truth, segmenter = discs((200, 150, 30)), Coarse()
    once, closer = segmenter(frame_of(truth)), SeveralScales(segmenter)(frame_of(truth))
    assert error(closer, truth) < 0.5 * error(once, truth)
    assert segmenter.seen[0] == segmenter.seen[1] == SIZE
    assert segmenter.seen[2] < (160, 160)


def test_something_large_is_looked_at_once() -> None:
    truth, segmenter = discs((320, 180, 150)), Coarse()
    once, closer = Coarse()(frame_of(truth)), SeveralScales(segmenter)(frame_of(truth))
    np.testing.assert_array_equal(once, closer)
    assert segmenter.seen == [SIZE]


def test_what_is_near_each_other_is_one_crop_and_what_is_not_is_two() -> None:
    frame = frame_of(discs((100, 100, 25)))
    near, far = discs((100, 100, 25), (160, 100, 25)), discs((100, 100, 25), (500, 250, 25))
    (one,) = small_crops(near, frame)
    assert one.left < 75
    assert one.right > 185
    assert len(small_crops(far, frame)) == 2


def test_crops_that_grow_together_to_something_large_are_none() -> None:
    row = discs(*((x, 180, 60) for x in (80, 200, 320, 440, 560)))
    assert small_crops(row, frame_of(row)) == []


def test_specks_are_no_subjects_and_crops_are_few() -> None:
    frame = frame_of(discs((1, 1, 1)))
    assert small_crops(discs((50, 50, 1)), frame) == []
    many = discs(*((x, y, 12) for x in (60, 220, 380, 540) for y in (60, 180, 300)))
    crops = small_crops(many, frame)
    assert len(crops) == MOST_CROPS
    assert all(crop.width * crop.height < SMALL * SIZE[0] * SIZE[1] for crop in crops)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (17, 33), (3000, 9)])
def test_any_size_of_picture_is_taken(size: tuple[int, int]) -> None:
    width, height = size
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:, : max(1, width // 5), 0] = 255
    segmenter = Coarse()
    found = SeveralScales(segmenter)(Frame.from_rgb(rgb))
    assert found.shape == (32, 32)
    assert segmenter.seen == [size]


def test_a_closer_look_that_sees_something_else_does_not_count() -> None:
    truth = discs((200, 150, 30))

    def fickle(frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        whole = (frame.width, frame.height) == SIZE
        return cv2.resize(truth, (32, 32)) if whole else np.zeros((32, 32), np.float32)

    found = SeveralScales(fickle)(frame_of(truth))
    assert error(found, truth) < 0.01


def test_the_joint_between_both_looks_has_no_step() -> None:
    """The closer look finds haze all over its crop; the whole has none."""
    truth = discs((320, 180, 40))

    def hazy(frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        if (frame.width, frame.height) == SIZE:
            return cv2.resize(truth, (64, 64))
        disc = disc_alpha(64, 64, 32, 32, 19)
        return np.maximum(disc, np.float32(0.4))

    found = SeveralScales(hazy)(frame_of(truth))
    ring = found[found < 0.41]
    assert ring.max() > 0.3
    steps = [
        np.abs(np.diff(found, axis=axis))[found[1:, :] < 0.41 if axis == 0 else found[:, 1:] < 0.41]
        for axis in (0, 1)
    ]
    assert max(step.max() for step in steps) < 0.3


def test_a_crop_that_is_asked_for_is_looked_at_as_it_is() -> None:
    segmenter = Coarse()
    SeveralScales(segmenter)(frame_of(discs((200, 150, 30))), Look(crop=Roi(0, 0, 300, 300)))
    assert segmenter.seen == [SIZE]


def test_pictures_are_looked_at_closer_and_frames_are_not() -> None:
    frame, seen = frame_of(discs((200, 150, 30))), []
    for pictures in (True, False):
        segmenter = Coarse()
        networks = LoadedNetworks(cast(Any, segmenter))
        way = networks.picture_matting if pictures else networks.matting
        way(Transparent()).process(frame)
        seen.append(len(segmenter.seen))
    assert seen == [2, 1]


async def test_a_picture_by_request_is_looked_at_closer_too(tmp_path: Path) -> None:
    truth, segmenter = discs((200, 150, 30)), Coarse()
    async with api(tmp_path, segmenter) as client:
        _, answer = await make(client, encode(frame_of(truth).rgb))
        matte = await fetch(client, answer["matte_url"]) / 255
    assert len(segmenter.seen) == 2
    assert np.abs(matte - truth).mean() < 0.001

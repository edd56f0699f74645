"""Mattes for portraits: where networks agree, and what was drawn by hand."""

import numpy as np
import pytest

from pipeline.frame import Frame
from pipeline.segment import U2Net
from pipeline.subject import WHOLE, Look
from training import portraits
from training.people import portrait_split, rejected_portraits

SQUARE = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))


@pytest.mark.parametrize(("kind", "level"), [("inside", 255), ("outside", 0)])
def test_what_is_drawn_by_hand_is_certain_and_beside_it_nothing_is_that_contradicts_it(
    kind: portraits.Kind, level: int
) -> None:
    trimap = np.full((200, 200), 255 - level, np.uint8)
    result = portraits.hinted(trimap, {kind: [SQUARE]})
    assert (result[60:140, 60:140] == level).all()
    assert result[100, 45] == 128
    assert (result[:30] == 255 - level).all()
    assert (trimap == 255 - level).all()


def test_what_agrees_with_the_hand_stays_certain_beside_it() -> None:
    trimap = np.full((200, 200), 255, np.uint8)
    assert (portraits.hinted(trimap, {"inside": [SQUARE]}) == 255).all()


def test_every_outline_is_of_a_portrait_that_is_used_and_lies_in_it() -> None:
    for name, hints in portraits.portrait_hints().items():
        assert name not in rejected_portraits()
        assert set(hints) <= {"inside", "outside"}
        points = np.concatenate([outline for one in hints.values() for outline in one])
        assert points.min() >= 0
        assert points.max() <= 1


def test_a_network_looks_at_every_size_and_in_a_mirror() -> None:
    seen = []

    class Network:
        sizes = (64, 32)

        def __call__(self, frame: Frame, look: Look = WHOLE) -> np.ndarray:
            seen.append(look.smaller)
            return (frame.rgb[..., 0] > 127).astype(np.float32)

    photo = np.zeros((40, 40, 3), np.uint8)
    photo[:, 20:] = 255
    networks: list[U2Net] = [Network()]  # type: ignore[list-item]
    mean, deviation = portraits.certain_alpha(photo, networks)
    assert seen == [0, 0, 1, 1]
    assert mean.tolist() == (photo[..., 0] / 255).tolist()
    assert not deviation.any()


def test_no_portrait_is_kept_apart_and_a_tenth_validates() -> None:
    splits = [portrait_split(number) for number in range(100)]
    assert set(splits) == {"train", "validation"}
    assert splits.count("validation") == 10

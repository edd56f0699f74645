"""What is looked at in a mirror, too."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.frame import AlphaMatte, Frame
from pipeline.models import ModelEntry
from pipeline.network import Picture
from pipeline.segment import U2Net
from pipeline.subject import Look
from tests.running import Command

SIDE = 64


class LeftHanded:
    """Finds red, and doubts what is in its right half; keeps what it was shown."""

    runtime = device = precision = "test"

    def __init__(self) -> None:
        self.shown: list[Picture] = []

    def __call__(self, picture: Picture) -> AlphaMatte:
        self.shown.append(picture)
        alpha = (picture[..., 0] > 128).astype(np.float32)
        alpha[:, SIDE // 2 :] *= 0.2
        return alpha


def striped() -> Frame:
    rgb = np.zeros((SIDE, SIDE, 3), np.uint8)
    rgb[:, 8:16, 0] = rgb[:, 40:56, 0] = 255
    return Frame.from_rgb(rgb)


def twice() -> tuple[LeftHanded, U2Net]:
    network = LeftHanded()
    return network, U2Net({SIDE: {(SIDE, SIDE): network}}, takes_previous=True, mirror=True)


def test_what_one_look_finds_and_the_other_doubts_is_found_by_the_mean_of_their_logits() -> None:
    _, network = twice()
    alpha = network(striped())
    row = alpha[30]
    assert np.ptp(alpha, axis=0).max() == 0
    assert row[[10, 45]].min() > 0.9  # logits of 1 and of 0.2
    assert row[[2, 30, 60]].max() == pytest.approx(0, abs=1e-3)
    assert np.allclose(row[8:16], row[40], atol=1e-6)


def test_a_network_that_rounds_beyond_1_gives_alpha_all_the_same() -> None:
    class Rounding(LeftHanded):
        def __call__(self, picture: Picture) -> AlphaMatte:
            return super().__call__(picture) * np.float32(1.001) - np.float32(0.0005)

    alpha = U2Net({SIDE: {(SIDE, SIDE): Rounding()}}, mirror=True)(striped())
    assert 0 <= alpha.min() <= alpha.max() <= 1


def test_picture_and_previous_alpha_are_both_mirrored() -> None:
    recorder, network = twice()
    before = np.zeros((SIDE, SIDE), np.float32)
    before[:, :10] = 1
    network(striped(), Look(previous=before))
    first, second = recorder.shown
    assert np.array_equal(second, first[:, ::-1])
    assert first[:, :10, 3].min() == 255


def test_one_look_is_the_default_and_two_are_named(livematte: Command, tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    cv2.imwrite(str(source), np.full((48, 64, 3), 99, np.uint8))
    line = (
        "image",
        source,
        tmp_path / "out.png",
        "--subject",
        "person",
        "--threads",
        "1",
        "--json",
    )
    for more, mirrored in (((), False), (("--overwrite", "--mirror"), True)):
        told = json.loads(livematte(*line, *more).out)
        assert told["network"]["mirror"] is mirrored


def test_the_published_network_sees_no_other_shape_in_a_mirror(u2netp: ModelEntry) -> None:
    """A picture that is its own mirror image gets a matte that is, too."""
    rgb = np.random.default_rng(1).integers(0, 256, (72, 64, 3), np.uint8)
    rgb = np.concatenate((rgb, rgb[:, ::-1]), 1)
    alpha = U2Net.load("u2netp", mirror=True)(Frame.from_rgb(rgb))
    assert np.allclose(alpha, alpha[:, ::-1], atol=1e-6)

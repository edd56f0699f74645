"""Networks that are shown the alpha of a frame before."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.frame import AlphaMatte, Frame, Roi
from pipeline.matte import EdgeMatte
from pipeline.matting import Matting
from pipeline.network import Picture, RuntimeOptions
from pipeline.runtime import load_network
from pipeline.segment import U2Net
from pipeline.subject import LAG, Look, SubjectCrop
from tests.scenes import disc_alpha, matted, paint
from tests.tiny_network import SPEC, make_picture, save_tiny_network

WIDTH, HEIGHT = 640, 360
RED, BLUE = (255, 0, 0), (0, 0, 90)


class FadingNetwork:
    """Sees red, and half of what it is told was there before; keeps what it was shown."""

    runtime = device = precision = "test"

    def __init__(self) -> None:
        self.shown: list[Picture] = []

    def __call__(self, picture: Picture) -> AlphaMatte:
        self.shown.append(picture)
        red = (picture[..., 0] > 128).astype(np.float32)
        return np.maximum(red, np.float32(0.5 / 255) * picture[..., 3])


def frame_of(alpha: AlphaMatte) -> Frame:
    return Frame.from_rgb(paint(alpha, RED, BLUE))


def disc(x: float, radius: float = 60) -> AlphaMatte:
    return disc_alpha(WIDTH, HEIGHT, x, 180, radius)


def fading() -> tuple[FadingNetwork, U2Net]:
    network = FadingNetwork()
    return network, U2Net({64: {(64, 64): network}}, takes_previous=True)


def test_without_one_the_previous_alpha_is_all_zeros() -> None:
    network, segmenter = fading()
    segmenter(frame_of(disc(320)))
    assert network.shown[0].shape == (64, 64, 4)
    assert not network.shown[0][..., 3].any()


def test_it_lies_where_the_picture_does() -> None:
    network, segmenter = fading()
    before = EdgeMatte.from_alpha(disc(320)).low
    segmenter(frame_of(disc(320)), Look(Roi(200, 60, 440, 300), previous=before))
    red, alpha = network.shown[0][..., 0] > 128, network.shown[0][..., 3] > 128
    assert np.mean(red == alpha) > 0.97


def test_it_is_that_of_some_frames_before_and_none_after_a_cut() -> None:
    subject, frame = SubjectCrop(), frame_of(disc(320))
    mattes = [EdgeMatte.from_alpha(disc(100 + 10 * i)) for i in range(3 * LAG)]
    previous = []
    for i, matte in enumerate(mattes):
        previous.append(subject.next(is_cut=i == 2 * LAG).previous)
        subject.learn(frame, matte)
    assert all(one is None for one in previous[:LAG])
    assert all(previous[i] is mattes[i - LAG].low for i in range(LAG, 2 * LAG))
    assert all(one is None for one in previous[2 * LAG :])


def test_the_result_is_the_same_however_many_frames_are_in_flight() -> None:
    frames = [frame_of(disc(150 + 5 * i)) for i in range(20)]
    one, all_at_once = (matted(Matting(fading()[1]), frames, in_flight) for in_flight in (1, LAG))
    assert np.array_equal(one, all_at_once)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return save_tiny_network(tmp_path, channels=4)


def test_a_network_of_four_channels_is_run(tiny: Path, tmp_path: Path) -> None:
    spec = replace(SPEC, takes_previous=True)
    network = load_network(tiny, spec, RuntimeOptions("openvino", "f32", cache_dir=tmp_path))
    picture = make_picture(64)
    zeros = np.zeros((64, 64, 1), np.uint8)
    without, with_all = (np.concatenate([picture, zeros + one], axis=2) for one in (0, 255))
    assert np.abs(network(without) - network(with_all)).max() > 0.01
    with pytest.raises(ModelError, match=r"\(64, 64, 4\), got \(64, 64, 3\)"):
        network(picture)

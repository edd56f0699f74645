"""A wide picture is shown to a network as a wide one: it is squeezed as little as can be."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.frame import AlphaMatte, Frame, Roi
from pipeline.models import CATALOGUE, DEFAULT_MODEL, MODEL_FOR
from pipeline.network import Picture
from pipeline.runtime import NetworkSpec, RuntimeOptions, load_network
from pipeline.segment import U2Net
from pipeline.subject import Look
from tests.tiny_network import SPEC, make_picture, save_tiny_network

WIDE, SQUARE = (96, 64), (64, 64)
FRAME = Frame.from_rgb(np.zeros((360, 640, 3), np.uint8))


class RecordingNetwork:
    """Keeps the shapes of what it is shown, and finds nothing."""

    runtime = device = precision = "test"

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []

    def __call__(self, picture: Picture) -> AlphaMatte:
        self.shown.append(picture.shape)
        return np.zeros(picture.shape[:2], np.float32)


@pytest.fixture
def networks() -> dict[tuple[int, int], RecordingNetwork]:
    return {WIDE: RecordingNetwork(), SQUARE: RecordingNetwork()}


@pytest.mark.parametrize(
    ("size", "aspect", "shape"),
    [
        (256, 1, (256, 256)),
        (256, 16 / 9, (352, 192)),
        (256, 9 / 16, (192, 352)),
        (192, 16 / 9, (256, 160)),
        (32, 16 / 9, (64, 32)),
    ],
)
def test_an_input_is_as_wide_as_multiples_of_32_let_it(
    size: int, aspect: float, shape: tuple[int, int]
) -> None:
    assert NetworkSpec(size, SPEC.mean, SPEC.std, aspect=aspect).shape == shape


def test_a_network_of_another_shape_takes_and_gives_that(tmp_path: Path) -> None:
    spec = NetworkSpec(64, SPEC.mean, SPEC.std, aspect=16 / 9, output=1)
    options = RuntimeOptions("openvino", "f32", cache_dir=tmp_path)
    network = load_network(save_tiny_network(tmp_path), spec, options)
    assert network(make_picture(96)[:64]).shape == (64, 96)
    with pytest.raises(ModelError, match=r"\(64, 96, 3\), got \(64, 64, 3\)"):
        network(make_picture(64))


def test_the_shape_is_that_nearest_to_what_is_looked_at(
    networks: dict[tuple[int, int], RecordingNetwork],
) -> None:
    segmenter = U2Net({64: networks})
    segmenter(FRAME)
    segmenter(FRAME, Look(Roi(100, 0, 440, 340)))
    segmenter(FRAME, Look(Roi(100, 0, 200, 360)))
    assert networks[WIDE].shown == [(64, 96, 3)]
    assert networks[SQUARE].shown == [(64, 64, 3)] * 2


def test_the_alpha_of_a_frame_before_has_the_same_shape(
    networks: dict[tuple[int, int], RecordingNetwork],
) -> None:
    before = np.zeros((36, 64), np.float32)
    U2Net({64: networks}, takes_previous=True)(FRAME, Look(previous=before))
    assert networks[WIDE].shown == [(64, 96, 4)]


def test_people_are_looked_at_in_two_shapes_and_anything_else_in_one(tmp_path: Path) -> None:
    shapes = U2Net.load(DEFAULT_MODEL, RuntimeOptions(cache_dir=tmp_path), (64,)).networks[64]
    assert list(shapes) == [WIDE, SQUARE]
    larger = U2Net.load(DEFAULT_MODEL, RuntimeOptions(cache_dir=tmp_path), (288,)).networks[288]
    assert list(larger) == [(288, 288)], "wider than any that it was trained on"
    assert CATALOGUE[MODEL_FOR["any"]].aspects == (1.0,)


def test_runtimes_agree_on_a_wide_picture() -> None:
    entry = CATALOGUE[DEFAULT_MODEL]
    spec = NetworkSpec(
        128, entry.spec.mean, entry.spec.std, takes_previous=True, aspect=entry.aspects[0]
    )
    width, height = spec.shape
    picture = np.dstack([make_picture(width), np.zeros((width, width), np.uint8)])[:height]
    one, other = (
        load_network(entry.path, spec, RuntimeOptions(runtime, "f32"))(picture)
        for runtime in ("openvino", "onnxruntime")
    )
    assert one.shape == (height, width)
    np.testing.assert_allclose(one, other, atol=1e-3)

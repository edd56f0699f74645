"""Matting networks of the user's own: what they are given, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import ModelError, ModelMissingError
from pipeline.frame import RgbImage, Trimap
from pipeline.matting_network import MattingNetwork
from pipeline.runtime import RuntimeName, RuntimeOptions
from pipeline.trimap import UNKNOWN
from tests.matting_models import PLAIN, RED, UNKNOWN_OF_THREE, save_matting_model

OPTIONS = RuntimeOptions(threads=1)


def picture(height: int = 50, width: int = 70) -> tuple[RgbImage, Trimap]:
    """Red from left to right; known above and below."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[..., 0] = np.linspace(0, 255, width)
    trimap = np.full((height, width), UNKNOWN, np.uint8)
    trimap[:10], trimap[-10:] = 0, 255
    return rgb, trimap


def found(path: Path, *, runtime: RuntimeName = "auto") -> Any:
    options = RuntimeOptions(runtime, threads=1)
    return MattingNetwork(path, options)(*picture())


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("channels", [(4,), (3, 1), (3, 3)])
def test_a_network_gets_the_picture_in_each_form(
    tmp_path: Path, channels: tuple[int, ...], runtime: RuntimeName
) -> None:
    path = save_matting_model(tmp_path / "own.onnx", channels)
    np.testing.assert_allclose(found(path, runtime=runtime), picture()[0][..., 0] / 255, atol=1e-5)


@pytest.mark.parametrize("channels", [(4,), (3, 1)])
def test_in_one_channel_the_trimap_is_a_level(tmp_path: Path, channels: tuple[int, ...]) -> None:
    path = save_matting_model(tmp_path / "own.onnx", channels, takes={3: 1.0})
    np.testing.assert_allclose(found(path), picture()[1] / 255, atol=1e-5)


def test_in_three_channels_each_of_its_values_has_one(tmp_path: Path) -> None:
    path = save_matting_model(tmp_path / "own.onnx", (3, 3), takes={UNKNOWN_OF_THREE: 1.0})
    np.testing.assert_array_equal(found(path), picture()[1] == UNKNOWN)


@pytest.mark.parametrize("names", [("trimap", "picture"), ("a", "b")])
def test_which_of_two_inputs_is_the_trimap_is_seen_by_name_and_then_by_order(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    """Channel 3 is the second input's first: red of a picture, or background of a trimap."""
    path = save_matting_model(tmp_path / "own.onnx", (3, 3), takes={3: 1.0}, names=names)
    rgb, trimap = picture()
    wanted = rgb[..., 0] / 255 if names[0] == "trimap" else trimap == 0
    np.testing.assert_allclose(found(path), wanted, atol=1e-5)


def test_a_network_of_one_size_is_given_that(tmp_path: Path) -> None:
    path = save_matting_model(tmp_path / "own.onnx", sides=(64, 96))
    network = MattingNetwork(path, OPTIONS)
    assert network.most_pixels == 64 * 96
    alpha = network(*picture())
    assert alpha.shape == (50, 70)
    assert np.abs(alpha - picture()[0][..., 0] / 255).mean() < 0.01


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_a_file_says_how_its_pictures_are_normalised(tmp_path: Path, runtime: RuntimeName) -> None:
    metadata = {"mean": "-51,0,0", "std": "510,1,1", "scale": "1"}
    path = save_matting_model(tmp_path / "own.onnx", metadata=metadata)
    wanted = (picture()[0][..., 0] / 255 + 0.2) / 2
    np.testing.assert_allclose(found(path, runtime=runtime), wanted, atol=1e-5)


def test_where_it_does_not_say_they_are_as_imagenet_s(tmp_path: Path) -> None:
    path = save_matting_model(tmp_path / "own.onnx", metadata={}, takes={RED: 0.229, 3: 0.485})
    rgb, trimap = picture()
    wanted = rgb[..., 0] / 255 - 0.485 + 0.485 * (trimap / 255)
    alpha = MattingNetwork(path, OPTIONS)(rgb, np.full_like(trimap, 255))
    np.testing.assert_allclose(alpha[-10:], wanted[-10:], atol=1e-5)


@pytest.mark.parametrize(
    ("channels", "sides", "said"),
    [
        ((3,), ("h", "w"), r"takes picture \(1, 3, any, any\), not one float32 input"),
        ((5,), ("h", "w"), "picture"),
        ((1, 1), ("h", "w"), "trimap"),
        ((4,), (64, "w"), "both fixed or both free"),
    ],
)
def test_a_form_that_is_not_understood_is_named(
    tmp_path: Path, channels: tuple[int, ...], sides: Any, said: str
) -> None:
    path = save_matting_model(tmp_path / "own.onnx", channels, sides)
    with pytest.raises(ModelError, match=said):
        MattingNetwork(path, OPTIONS)


@pytest.mark.parametrize("bad", [{"mean": "0.5"}, {"std": "1,0,1"}, {"scale": "much"}])
def test_numbers_that_make_no_sense_are_named(tmp_path: Path, bad: dict[str, str]) -> None:
    path = save_matting_model(tmp_path / "own.onnx", metadata=PLAIN | bad)
    with pytest.raises(ModelError, match=next(iter(bad))):
        MattingNetwork(path, OPTIONS)


def test_a_picture_that_a_network_fails_on_is_named(tmp_path: Path) -> None:
    path = save_matting_model(tmp_path / "own.onnx", only=(1, 1, 32, 32))
    with pytest.raises(ModelError, match=r"own\.onnx: cannot take a picture of 96 by 64: export"):
        found(path, runtime="onnxruntime")


def test_what_is_no_alpha_is_an_error(tmp_path: Path) -> None:
    logits = save_matting_model(tmp_path / "logits.onnx", takes={RED: 9.0})
    with pytest.raises(ModelError, match=r"gives 0 to 9: alpha is 0 to 1: export"):
        found(logits)
    colours = save_matting_model(tmp_path / "colours.onnx", outputs=3)
    with pytest.raises(ModelError, match=r"gives \(1, 3, 64, 96\)"):
        found(colours)


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_a_file_that_is_missing_or_broken_is_named(tmp_path: Path, runtime: RuntimeName) -> None:
    with pytest.raises(ModelMissingError, match=r"none\.onnx.*check the path"):
        MattingNetwork(tmp_path / "none.onnx", OPTIONS)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network at all")
    with pytest.raises(ModelError, match=r"broken\.onnx cannot be read"):
        MattingNetwork(broken, RuntimeOptions(runtime, threads=1))

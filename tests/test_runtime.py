"""Choosing and running networks, on a tiny one that the tests make."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from pipeline.errors import ModelError, ModelMissingError, OptionError
from pipeline.onnx_network import PROVIDERS, check_provider
from pipeline.openvino_network import OpenVinoNetwork, prune
from pipeline.runtime import NetworkSpec, RuntimeOptions, RuntimeUnavailableError, load_network
from tests.tiny_network import SPEC, make_graph, make_picture, save_tiny_network


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return save_tiny_network(tmp_path)


@pytest.fixture
def options(tmp_path: Path) -> RuntimeOptions:
    """OpenVINO in f32, with a cache of the test's own."""
    return RuntimeOptions("openvino", "f32", cache_dir=tmp_path / "compiled")


@pytest.mark.parametrize("output", [0, 1, "side"])
def test_the_cut_graph_gives_the_whole_ones_output(
    tiny: Path, options: RuntimeOptions, output: int | str
) -> None:
    picture = make_picture(64)
    normalised = (picture / 255 - np.array(SPEC.mean)) / np.array(SPEC.std)
    whole = ov.Core().compile_model(make_graph(), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    wanted = whole(normalised.astype(np.float32).transpose(2, 0, 1)[None])[output]
    alpha = load_network(tiny, replace(SPEC, output=output), options)(picture)
    assert alpha.shape == (64, 64)
    assert alpha.dtype == np.float32
    np.testing.assert_allclose(alpha, wanted[0, 0], atol=1e-4)


def test_another_size_than_the_files_own_is_run(tiny: Path, options: RuntimeOptions) -> None:
    network = load_network(tiny, replace(SPEC, size=96, output=1), options)
    assert network(make_picture(96)).shape == (96, 96)


def test_a_logit_offset_moves_the_logits(tiny: Path, options: RuntimeOptions) -> None:
    picture = make_picture(64)
    plain = load_network(tiny, SPEC, options)(picture).astype(np.float64)
    moved = load_network(tiny, replace(SPEC, logit_offset=-0.5), options)(picture)
    odds = plain / (1 - plain + 1e-12) * np.exp(-0.5)
    np.testing.assert_allclose(moved, odds / (1 + odds), atol=1e-4)


def test_float_pictures_are_taken_as_bytes_are(tiny: Path, options: RuntimeOptions) -> None:
    network, picture = load_network(tiny, SPEC, options), make_picture(64)
    np.testing.assert_array_equal(network(picture), network(picture.astype(np.float32)))


def test_calls_in_flight_give_what_single_calls_give(tiny: Path, options: RuntimeOptions) -> None:
    pictures = [make_picture(64, seed) for seed in range(12)]
    alone = load_network(tiny, SPEC, options)
    together = load_network(tiny, SPEC, replace(options, parallel=3))
    with ThreadPoolExecutor(6) as threads:
        alphas = list(threads.map(together, pictures))
    for picture, alpha in zip(pictures, alphas, strict=True):
        np.testing.assert_array_equal(alpha, alone(picture))


def test_a_second_load_comes_from_the_cache(tiny: Path, options: RuntimeOptions) -> None:
    first, second = (OpenVinoNetwork(tiny, SPEC, options) for _ in range(2))
    assert not first.loaded_from_cache
    assert second.loaded_from_cache
    np.testing.assert_array_equal(first(make_picture(64)), second(make_picture(64)))


def test_the_cache_keeps_the_newest_networks_alone(tmp_path: Path) -> None:
    for age in range(5):
        (tmp_path / f"{age}.blob").touch()
        os.utime(tmp_path / f"{age}.blob", (0, 1000 - age))
    prune(tmp_path, keep=2)
    assert sorted(blob.stem for blob in tmp_path.iterdir()) == ["0", "1"]


def test_a_cache_that_cannot_be_written_is_done_without(
    tiny: Path, options: RuntimeOptions
) -> None:
    network = load_network(tiny, SPEC, replace(options, cache_dir=tiny / "below a file"))
    assert network.runtime == "openvino"


def test_what_runs_is_reported(tiny: Path, options: RuntimeOptions) -> None:
    network = load_network(tiny, SPEC, options)
    assert (network.runtime, network.precision) == ("openvino", "f32")
    assert network.device


def test_a_processor_runs_what_no_gpu_can(tiny: Path, options: RuntimeOptions) -> None:
    network = load_network(tiny, SPEC, replace(options, runtime="auto", precision="auto"))
    assert network.precision in {"f32", "bf16"}, "there is no calibration for this network"


@pytest.mark.parametrize("runtime", ["cuda", "tensorrt"])
def test_a_forced_gpu_that_is_not_there_is_refused(tiny: Path, runtime: str) -> None:
    _skip_where_there_is(runtime)
    with pytest.raises(RuntimeUnavailableError, match=rf"{runtime}.*livematte\[gpu\]"):
        load_network(tiny, SPEC, RuntimeOptions(runtime))  # type: ignore[arg-type]


def test_a_required_gpu_is_not_replaced_by_the_processor(tiny: Path) -> None:
    _skip_where_there_is("cuda")
    with pytest.raises(RuntimeUnavailableError, match="cuda"):
        load_network(tiny, SPEC, RuntimeOptions(require_gpu=True))


def test_a_required_gpu_contradicts_a_runtime_of_the_processor(tiny: Path) -> None:
    with pytest.raises(OptionError, match="choose cuda or tensorrt"):
        load_network(tiny, SPEC, RuntimeOptions("openvino", require_gpu=True))


def test_a_silent_fall_back_to_the_processor_is_refused() -> None:
    with pytest.raises(RuntimeUnavailableError, match="fell back to CPUExecutionProvider"):
        check_provider(PROVIDERS["cuda"], ["CPUExecutionProvider"])


def test_int8_without_calibration_is_refused(tiny: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match=r"calibration.*precision auto"):
        load_network(tiny, SPEC, RuntimeOptions("openvino", "int8"))


def test_what_is_no_model_is_refused(tmp_path: Path, options: RuntimeOptions) -> None:
    with pytest.raises(ModelMissingError, match="fetch it"):
        load_network(tmp_path / "none.onnx", SPEC, options)
    (tmp_path / "text.onnx").write_text("not a network")
    with pytest.raises(ModelError, match="cannot be read"):
        load_network(tmp_path / "text.onnx", SPEC, options)


def test_an_output_that_is_not_there_is_named(tiny: Path, options: RuntimeOptions) -> None:
    with pytest.raises(ModelError, match="no output 7; it has fused, side"):
        load_network(tiny, replace(SPEC, output=7), options)


def test_a_picture_of_another_size_is_refused(tiny: Path, options: RuntimeOptions) -> None:
    with pytest.raises(ModelError, match=r"\(64, 64, 3\), got \(32, 64, 3\)"):
        load_network(tiny, SPEC, options)(make_picture(64)[:32])


@pytest.mark.parametrize(
    "wrong", [lambda: NetworkSpec(100, SPEC.mean, SPEC.std), lambda: RuntimeOptions(threads=-1)]
)
def test_options_that_make_no_sense_are_refused(wrong: object) -> None:
    with pytest.raises(OptionError, match=r"got (100|-1)"):
        wrong()  # type: ignore[operator]


def _skip_where_there_is(runtime: str) -> None:
    try:
        import onnxruntime
    except ImportError:
        return
    if PROVIDERS[runtime].name in onnxruntime.get_available_providers():
        pytest.skip(f"{runtime} is here")

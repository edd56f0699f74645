"""The published U²-Netp on every runtime that is here; skipped where its file is not."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from platformdirs import user_cache_path

from pipeline.onnx_graph import cut_model
from pipeline.openvino_network import has_vnni
from pipeline.runtime import NetworkSpec, RuntimeOptions, load_network
from tests.tiny_network import make_picture

F32_TOLERANCE = 1e-3
"""Greatest difference of alpha between runtimes in f32."""
HALF_TOLERANCE = 0.02
MEAN_TOLERANCE = {"bf16": 0.005, "int8": 0.01}
"""Mean difference of alpha from f32."""


@pytest.fixture(scope="module")
def u2netp() -> Path:
    chosen = os.environ.get("LIVEMATTE_MODELS")
    path = (Path(chosen) if chosen else user_cache_path("livematte") / "models") / "u2netp.onnx"
    if not path.is_file():
        pytest.skip(f"no {path}: fetch the model, or set LIVEMATTE_MODELS to its folder")
    return path


@pytest.mark.parametrize("size", [320, 192])
@pytest.mark.parametrize("output", [0, 2, 3])
def test_runtimes_agree(u2netp: Path, tmp_path: Path, output: int, size: int) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    one, other = (
        load_network(u2netp, _spec(output, size), RuntimeOptions(name, "f32", cache_dir=tmp_path))
        for name in ("openvino", "onnxruntime")
    )
    picture = make_picture(size)
    np.testing.assert_allclose(one(picture), other(picture), atol=F32_TOLERANCE)


@pytest.mark.parametrize("output", [0, 2, 3])
def test_cutting_an_onnx_file_changes_nothing(u2netp: Path, output: int) -> None:
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    picture, spec = make_picture(320), _spec(output)
    whole = onnxruntime.InferenceSession(u2netp, providers=["CPUExecutionProvider"])
    normalised = (picture / 255 - np.array(spec.mean)) / np.array(spec.std)
    batch = normalised.astype(np.float32).transpose(2, 0, 1)[None]
    wanted = whole.run(None, {whole.get_inputs()[0].name: batch})[output][0, 0]
    alpha = load_network(u2netp, spec, RuntimeOptions("onnxruntime"))(picture)
    np.testing.assert_allclose(alpha, wanted, atol=F32_TOLERANCE)


def test_the_half_precision_file_for_gpus_is_sound(u2netp: Path) -> None:
    """On the processor, which computes it in float32 piece by piece: slow, and the same graph."""
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    batch = make_picture(320)[None].astype(np.float32)
    full, half = (
        onnxruntime.InferenceSession(
            cut_model(u2netp, _spec(3), half)[0], providers=["CPUExecutionProvider"]
        ).run(None, {"picture": batch})[0]
        for half in (False, True)
    )
    np.testing.assert_allclose(half, full, atol=HALF_TOLERANCE)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
@pytest.mark.parametrize("output", [0, 2, 3])
def test_lower_precision_stays_close(
    u2netp: Path, tmp_path: Path, output: int, precision: str
) -> None:
    if precision == "bf16" and not _has_bf16():
        pytest.skip("the processor has no bf16")
    exact, fast = (_alpha(u2netp, tmp_path, output, one) for one in ("f32", precision))
    assert np.abs(exact - fast).mean() < MEAN_TOLERANCE[precision]


@pytest.mark.skipif(not has_vnni(), reason="the processor has no VNNI")
def test_int8_is_what_auto_means_for_a_calibrated_file(u2netp: Path, tmp_path: Path) -> None:
    options = RuntimeOptions("openvino", cache_dir=tmp_path)
    assert load_network(u2netp, _spec(3), options).precision == "int8"


def _spec(output: int, size: int = 320) -> NetworkSpec:
    return NetworkSpec(size, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), output)


def _alpha(path: Path, cache: Path, output: int, precision: str) -> NDArray[np.float32]:
    options = RuntimeOptions("openvino", precision, cache_dir=cache)  # type: ignore[arg-type]
    return load_network(path, _spec(output), options)(make_picture(320))


def _has_bf16() -> bool:
    import openvino as ov

    return "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")

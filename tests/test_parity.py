"""The network against its authors' own results."""

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import skimage.data
from numpy.typing import NDArray

from pipeline.frame import Frame
from pipeline.models import CATALOGUE, ModelEntry
from pipeline.runtime import Network, RuntimeOptions, load_network
from pipeline.segment import U2Net

DATA = Path(os.environ.get("LIVEMATTE_DATA", Path(__file__).parents[2] / "shared" / "data"))
FUSED = replace(CATALOGUE["u2netp"].spec, size=320, output=0, logit_offset=0.0)
EXACT = RuntimeOptions(precision="f32")
Floats = NDArray[np.float32]


def stretched(alpha: Floats) -> Floats:
    """The authors' last step, which video is better without: each matte brought to 0 … 1."""
    low, high = alpha.min(), alpha.max()
    return (alpha - low) / (high - low)


@pytest.mark.shared
@pytest.mark.skipif(not (DATA / "parity").is_dir(), reason=f"no shared media at {DATA}")
def test_the_authors_18_results_are_met(u2netp: ModelEntry) -> None:
    network = load_network(u2netp.path, FUSED, EXACT)
    errors = [_error(network, image) for image in sorted((DATA / "parity/images").iterdir())]
    assert len(errors) == 18
    assert np.mean(errors) <= 0.008


def _error(network: Network, image: Path) -> float:
    rgb = cv2.imread(str(image), cv2.IMREAD_COLOR_RGB)
    scaled = cv2.resize(rgb, (320, 320), interpolation=cv2.INTER_AREA).astype(np.float32)
    alpha = stretched(network(scaled * (255 / scaled.max())))
    truth = cv2.imread(str(DATA / "parity/u2netp" / f"{image.stem}.png"), cv2.IMREAD_GRAYSCALE)
    assert truth is not None
    mine = cv2.resize(alpha, truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return float(np.abs(mine - truth.astype(np.float32) / 255).mean())


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
def test_the_segmenter_agrees_with_the_published_file_run_by_onnx_runtime(
    u2netp: ModelEntry, name: str
) -> None:
    """An independent way: the plain file, plain NumPy normalisation, another runtime."""
    rgb = getattr(skimage.data, name)()
    session = onnxruntime.InferenceSession(u2netp.path)
    mean, std = np.array((0.485, 0.456, 0.406)), np.array((0.229, 0.224, 0.225))
    small = cv2.resize(rgb, (320, 320), interpolation=cv2.INTER_AREA) / 255
    tensor = ((small - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)
    expected = session.run(None, {session.get_inputs()[0].name: tensor})[0][0, 0]
    segmenter = U2Net({320: {(320, 320): load_network(u2netp.path, FUSED, EXACT)}})
    assert np.abs(segmenter(Frame.from_rgb(rgb)) - expected).mean() <= 0.008

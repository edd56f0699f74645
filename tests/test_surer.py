"""Alpha made surer."""

import numpy as np
import pytest

from pipeline.frame import Frame
from pipeline.matting import GAIN, Matting
from pipeline.surer import surer
from tests.scenes import KnownSegmenter

ALPHA = np.linspace(0, 1, 257, dtype=np.float32)


def test_what_is_certain_and_what_is_even_stay() -> None:
    assert np.array_equal(surer(ALPHA, 2)[[0, 128, 256]], [0, 0.5, 1])


@pytest.mark.parametrize("gain", [1.0, 1.5, 3.0])
def test_the_logit_grows_by_the_gain(gain: float) -> None:
    inner = ALPHA[1:-1].astype(np.float64)
    found = surer(ALPHA, gain)[1:-1].astype(np.float64)
    assert np.allclose(found, 1 / (1 + (1 / inner - 1) ** gain), atol=1e-6)


def test_it_is_symmetric_and_never_beyond_its_range() -> None:
    found = surer(ALPHA, 1.5)
    assert np.allclose(found + found[::-1], 1, atol=1e-6)
    assert np.all(np.diff(found) >= 0)
    assert found.dtype == np.float32


def test_alpha_is_made_surer_where_it_is_steadied() -> None:
    coarse = np.full((32, 32), 0.3, np.float32)
    frame = Frame.from_rgb(np.full((90, 160, 3), 90, np.uint8))
    plain, steadied = (
        Matting(KnownSegmenter([coarse]), smooth=smooth).process(frame).alpha
        for smooth in (False, True)
    )
    assert np.allclose(steadied, surer(plain, GAIN), atol=1e-6)
    assert np.abs(steadied - plain).min() > 0.05

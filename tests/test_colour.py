"""YCbCr and RGB."""

import numpy as np
import pytest

from pipeline.colour import (
    BT709,
    FULL_RANGE,
    LIMITED_RANGE,
    ColourTags,
    rgb_from_yuv,
    yuv_from_rgb,
    yuv_to_rgb_map,
)
from pipeline.errors import OptionError
from pipeline.frame import Frame

RANDOM = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
@pytest.mark.parametrize("levels", [LIMITED_RANGE, FULL_RANGE])
def test_colours_survive_the_way_to_ycbcr_and_back(matrix: int, levels: int) -> None:
    tags = ColourTags(matrix, range=levels)
    planes = yuv_from_rgb(RANDOM, tags, 720, ((20, 30),) * 3)
    back = rgb_from_yuv(planes, tags, 720)
    assert np.abs(back.astype(int) - RANDOM).max() <= 2


def test_bt709_white_and_red_have_the_values_of_the_standard() -> None:
    """ITU-R BT.709, 8 bits: white is (235, 128, 128), red (63, 102, 240)."""
    rgb = np.array([[[255, 255, 255], [255, 0, 0]]], np.uint8)
    y, cb, cr = yuv_from_rgb(rgb, BT709, 1080, ((1, 2),) * 3)
    assert y.tolist() == [[235, 63]]
    assert cb.tolist() == [[128, 102]]
    assert cr.tolist() == [[128, 240]]


def test_untagged_video_is_read_as_players_read_it() -> None:
    untagged = ColourTags()
    assert np.array_equal(yuv_to_rgb_map(untagged, 480), yuv_to_rgb_map(ColourTags(6), 480))
    assert np.array_equal(yuv_to_rgb_map(untagged, 720), yuv_to_rgb_map(ColourTags(1), 720))


def test_reduced_planes_are_close_to_the_reduced_rgb_picture() -> None:
    smooth = np.dstack([np.tile(np.linspace(0, 255, 64), (48, 1))] * 3).astype(np.uint8)
    planes = yuv_from_rgb(smooth, BT709, 48, ((48, 64), (24, 32), (24, 32)))
    small = Frame(planes, colour=BT709).reduced(4)
    expected = Frame.from_rgb(smooth).reduced(4)
    assert small.shape == (12, 16, 3)
    assert np.abs(small.astype(int) - expected).max() <= 3


def test_a_picture_that_is_not_rgb_is_refused_with_its_shape() -> None:
    with pytest.raises(OptionError, match=r"uint8 \(4, 4\)"):
        Frame.from_rgb(np.zeros((4, 4), np.uint8))

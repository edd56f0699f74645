"""What may change while a pipeline works: the frames' size, and what is set between two of them."""

import cv2
import numpy as np

from pipeline.composite import solid
from pipeline.frame import Frame
from pipeline.matting import Matting
from stream.session import _one_thread_each
from tests.clips import RedSegmenter, paint


def frame(width: int, height: int, index: int = 0) -> Frame:
    return Frame.from_rgb(paint(width, height, index % 10), index)


def test_frames_of_other_sizes_begin_a_new_scene() -> None:
    matting = Matting(RedSegmenter(), solid(0, 255, 0))
    sizes = [(320, 240), (160, 120), (640, 480), (161, 121), (320, 240)]
    for number, size in enumerate(sizes):
        for index in range(12):
            matted = matting.process(frame(*size, number * 12 + index))
            assert matted.alpha.shape == size[::-1]
    assert matted.frame.planes[0][2, 2].tolist() == [0, 255, 0]


def test_a_new_size_is_taken_as_if_it_were_the_first() -> None:
    used, fresh = (Matting(RedSegmenter(), solid(0, 255, 0)) for _ in range(2))
    for index in range(8):
        used.process(frame(320, 240, index))
    for index in range(8):
        alpha = used.process(frame(160, 120, index)).alpha
        assert np.array_equal(alpha, fresh.process(frame(160, 120, index)).alpha)


def test_settings_hold_from_the_next_frame_on() -> None:
    matting = Matting(RedSegmenter(), solid(0, 255, 0))
    assert matting.begin(frame(64, 48)).refine == "auto"
    matting.process(frame(64, 48))
    matting.background = solid(0, 0, 255)
    assert matting.process(frame(64, 48)).frame.planes[0][2, 2].tolist() == [0, 0, 255]
    matting.refine = "off"
    assert matting.begin(frame(64, 48)).refine == "off"
    matting.smooth = False
    assert matting.temporal is None
    matting.smooth = True
    before = matting.temporal
    matting.smooth = True
    assert matting.temporal is before


def test_sessions_side_by_side_lift_the_limit_of_threads_together() -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        with _one_thread_each:
            with _one_thread_each:
                assert cv2.getNumThreads() == 1
            assert cv2.getNumThreads() == 1
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)

"""Trimaps, and what is made of them where the edge is uncertain."""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from pipeline.closed_form import ClosedForm
from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte, Frame, RgbImage, Trimap
from pipeline.matte import EdgeMatte
from pipeline.matting import Matting
from pipeline.second_stage import TrimapRefiner
from pipeline.trimap import UNKNOWN, certain_trimap, trimap_of
from tests.edge_scenes import disc, view_of
from tests.scenes import KnownSegmenter, as_yuv420, coarse, disc_alpha, paint

REDDISH, BLACK = (255, 60, 40), (0, 80, 160)
"""Foreground and background whose red is alpha."""


@dataclass
class Red:
    """Takes red for alpha, and notes what it was shown."""

    name: str = "red"
    most_pixels: int = 10**6
    margin: int = 2
    seen: list[Trimap] = field(default_factory=list)

    def __call__(self, rgb: RgbImage, trimap: Trimap) -> AlphaMatte | None:
        self.seen.append(trimap)
        return np.float32(1 / 255) * rgb[..., 0].astype(np.float32)


def soft_disc(radius: float = 100) -> AlphaMatte:
    return cv2.GaussianBlur(disc(radius=radius), (0, 0), 4)


def shown(truth: AlphaMatte, as_frame: Callable[[RgbImage], Frame] = Frame.from_rgb) -> Frame:
    return as_frame(paint(truth, REDDISH, BLACK))


def test_a_trimap_is_known_where_the_matte_is_plain() -> None:
    truth = soft_disc()
    trimap = trimap_of(view_of(truth).matte)
    assert set(np.unique(trimap)) == {0, UNKNOWN, 255}
    assert truth[trimap == 255].min() > 0.95
    assert truth[trimap == 0].max() < 0.05


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_the_unknown_grows_with_the_frame(scale: int) -> None:
    alpha = disc_alpha(480 * scale, 270 * scale, 240 * scale, 135 * scale, 80 * scale)
    trimap = trimap_of(EdgeMatte.from_alpha(alpha))
    outward = np.count_nonzero((trimap == UNKNOWN)[135 * scale] & (alpha[135 * scale] < 0.5)) / 2
    assert 0.01 < outward / (270 * scale) < 0.03


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_of_a_plain_matte_all_is_known(value: float) -> None:
    matte = EdgeMatte.from_alpha(np.full((120, 160), value, np.float32))
    assert (trimap_of(matte) == 255 * value).all()


@pytest.mark.parametrize("eroded", [0, 1, 2, 3, 10, 11, 5000])
def test_thresholds_and_erosion_are_rembg_s(eroded: int) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    levels = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (70, 90)) / 255, (0, 0), 6)
    levels = cv2.normalize(levels, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    square = np.ones((min(eroded, 200),) * 2) if eroded else None
    wanted = np.full(levels.shape, UNKNOWN, np.uint8)
    wanted[ndimage.binary_erosion(levels > 160, square)] = 255
    wanted[ndimage.binary_erosion(levels < 90, square, border_value=1)] = 0
    np.testing.assert_array_equal(certain_trimap(levels, 160, 90, eroded), wanted)


def test_a_wide_erosion_of_a_long_picture_takes_no_more_memory() -> None:
    levels = np.zeros((4, 30_000), np.uint8)
    tracemalloc.start()
    trimap = certain_trimap(levels, 240, 10, 10_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (trimap == 0).all()
    assert peak < 20 * levels.size


@pytest.mark.parametrize("as_frame", [Frame.from_rgb, as_yuv420])
def test_what_is_unknown_is_found_and_the_rest_stays(
    as_frame: Callable[[RgbImage], Frame],
) -> None:
    truth = soft_disc()
    view, matting = view_of(truth, shown(truth, as_frame)), Red()
    before, refined = view.matte.full, TrimapRefiner(matting)(view)
    after, unknown = refined.matte.full, trimap_of(view.matte) == UNKNOWN
    np.testing.assert_array_equal(after[~unknown], before[~unknown])
    assert np.abs(after - truth)[unknown].mean() < 0.2 * np.abs(before - truth)[unknown].mean()
    assert (refined.stats.found, refined.stats.refined) == (1, 1)
    assert refined.stats.share == pytest.approx(unknown.mean())
    (box,) = matting.seen
    assert box.size < 0.5 * unknown.size


@pytest.mark.parametrize("as_frame", [Frame.from_rgb, as_yuv420])
def test_a_large_edge_is_solved_reduced_and_brought_up(
    as_frame: Callable[[RgbImage], Frame],
) -> None:
    truth = soft_disc()
    view, matting = view_of(truth, shown(truth, as_frame)), Red(most_pixels=5000)
    after = TrimapRefiner(matting)(view).matte.full
    unknown = trimap_of(view.matte) == UNKNOWN
    assert matting.seen[0].size <= 5000
    np.testing.assert_array_equal(after[~unknown], view.matte.full[~unknown])
    assert np.abs(after - truth)[unknown].mean() < 0.05


@pytest.mark.parametrize("most_pixels", [50, 10**6])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (17, 33), (641, 361), (60, 500)])
def test_any_size_of_frame_is_taken(size: tuple[int, int], most_pixels: int) -> None:
    width, height = size
    truth = disc_alpha(width, height, width / 2, height / 2, min(size) / 3)
    view = view_of(truth, shown(truth, as_yuv420), blur=32)
    after = TrimapRefiner(Red(most_pixels=most_pixels))(view).matte.full
    assert after.shape == (height, width)
    assert after.min() >= 0
    assert after.max() <= 1


def test_where_time_is_bounded_nothing_is_begun() -> None:
    view, matting = view_of(soft_disc()), Red()
    refined = TrimapRefiner(matting)(view, left=10.0)
    assert refined.matte is view.matte
    assert (refined.stats.found, refined.stats.refined, matting.seen) == (1, 0, [])


def test_without_an_edge_there_is_nothing_to_solve() -> None:
    view, matting = view_of(np.ones((240, 320), np.float32)), Red()
    assert TrimapRefiner(matting)(view).stats.found == 0
    assert matting.seen == []


def test_what_has_no_solution_stays_as_it_is() -> None:
    class Unsolvable(Red):
        def __call__(self, rgb: RgbImage, trimap: Trimap) -> None:
            return None

    view = view_of(soft_disc())
    after = TrimapRefiner(Unsolvable())(view).matte.full
    np.testing.assert_array_equal(after, view.matte.full)


def test_in_the_pipeline_it_stands_where_the_generator_does() -> None:
    truth = soft_disc()
    segmenter, frame = KnownSegmenter([coarse(truth, 40)]), shown(truth)
    plain = Matting(segmenter, smooth=False).process(frame).alpha
    matting = Matting(segmenter, smooth=False, edges=TrimapRefiner(Red()))
    alpha = matting.process(frame).alpha
    assert np.abs(alpha - truth).mean() < 0.5 * np.abs(plain - truth).mean()
    assert matting.rois.means()["refined"] == 1


def hairs() -> AlphaMatte:
    """A disc with thin soft lines that leave it."""
    alpha = np.zeros((240, 320), np.float32)
    cv2.circle(alpha, (160, 120), 50, 1.0, -1, cv2.LINE_AA)
    for angle in np.linspace(0, 2 * np.pi, 40, endpoint=False):
        end = 160 + 62 * np.cos(angle), 120 + 62 * np.sin(angle)
        cv2.line(alpha, (160, 120), tuple(map(round, end)), 1.0, 1, cv2.LINE_AA)
    return cv2.GaussianBlur(alpha, (0, 0), 0.6)


@pytest.mark.filterwarnings("default")  # numba's own
def test_closed_form_finds_hair_that_the_guided_filter_blurs() -> None:
    pytest.importorskip("pymatting")
    truth = hairs()
    view = view_of(truth, Frame.from_rgb(paint(truth)), blur=60)
    after = TrimapRefiner(ClosedForm())(view).matte.full
    unknown = trimap_of(view.matte) == UNKNOWN
    before = np.abs(view.matte.full - truth)[unknown].mean()
    assert np.abs(after - truth)[unknown].mean() < 0.6 * before


@pytest.mark.filterwarnings("default")
def test_closed_form_writes_nothing_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """pymatting prints where its factor fails at first, as it does on plain colour."""
    pytest.importorskip("pymatting")
    trimap = np.full((90, 90), UNKNOWN, np.uint8)
    trimap[:3], trimap[-3:] = 0, 255
    alpha = ClosedForm()(np.full((90, 90, 3), 128, np.uint8), trimap)
    assert capfd.readouterr().out == ""
    assert alpha is None or 0.3 < alpha[45].mean() < 0.7


def test_without_pymatting_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.closed_form.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"pip install 'livematte\[matting\]'"):
        ClosedForm()

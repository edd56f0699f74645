"""What is wanted of a matte, in the pipeline: shape and colours in the composite and beyond it."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.blend import EdgeColour
from pipeline.carry import Carried
from pipeline.composite import Background, Transparent, solid
from pipeline.frame import Frame, RgbImage
from pipeline.matte_options import AS_FOUND, MatteOptions
from pipeline.matted import Matted
from pipeline.matting import Matting
from pipeline.refine import EdgeView, Refined
from pipeline.refine_stats import RefineStats
from pipeline.shape import Shape
from stream.convert import to_bytes
from tests.scenes import DISC, WALL, KnownSegmenter, as_yuv420, coarse, disc_alpha, paint

GREEN = (0, 177, 64)
WIDTH, HEIGHT, RADIUS = 320, 240, 60
SOFT = cv2.GaussianBlur(disc_alpha(WIDTH, HEIGHT, 160, 120, RADIUS), (0, 0), 2)
RGB = paint(SOFT)
UNCORRECTED = replace(AS_FOUND, correct_colours=False)


def matted(frame: Frame, options: MatteOptions, behind: Background | None = None) -> Matted:
    matting = Matting(KnownSegmenter([coarse(SOFT)]), behind, options=options)
    return matting.process(frame)


class Knowing:
    """Leaves the matte as it is, and says that foreground is redder than background by 200."""

    name = "knowing"

    def __init__(self) -> None:
        self.carried = Carried()

    def __call__(self, view: EdgeView, left: float = math.inf) -> Refined:
        difference = np.zeros((3, *view.matte.inside.shape), np.float32)
        difference[0] = 200
        weight = np.ones(view.matte.inside.shape, np.float32)
        return Refined(view.matte, EdgeColour(difference, weight), RefineStats())


def ring(inner: float, outer: float) -> np.ndarray:
    """Pixels so far from the disc's middle."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    distance = np.hypot(columns - 160, rows - 120)
    return (distance >= inner) & (distance < outer)


def off(rgb: RgbImage, colour: tuple[int, int, int], where: np.ndarray) -> float:
    """The mean distance from a colour."""
    return float(np.abs(rgb[where].astype(int) - colour).mean())


def test_colours_that_are_not_corrected_stay_those_of_the_frame() -> None:
    made = matted(Frame.from_rgb(RGB), UNCORRECTED)
    seen = to_bytes(made.alpha) > 0
    assert np.array_equal(made.frame.rgb[seen], RGB[seen])
    corrected = matted(Frame.from_rgb(RGB), AS_FOUND)
    edge = (made.alpha > 0.2) & (made.alpha < 0.6)
    assert np.array_equal(made.alpha, corrected.alpha)
    assert off(corrected.frame.rgb, DISC, edge) < 0.3 * off(made.frame.rgb, DISC, edge)


def test_nor_does_the_room_come_along_with_them_where_alpha_is_0() -> None:
    rgb = RGB.copy()
    rgb[:, 240:] = np.random.default_rng(3).integers(0, 256, (HEIGHT, 80, 3))
    made = matted(Frame.from_rgb(rgb), UNCORRECTED)
    assert made.alpha[:, 240:].max() == 0
    assert made.frame.rgb[:, 240:].std(axis=(0, 1)).max() < 3


def test_before_a_background_they_are_plainly_blended() -> None:
    made = matted(Frame.from_rgb(RGB), UNCORRECTED, solid(*GREEN))
    weight = made.alpha[..., None]
    assert np.abs(made.frame.rgb - (weight * RGB + (1 - weight) * np.array(GREEN))).max() < 1.5


@pytest.mark.parametrize("behind", [Transparent(), solid(*GREEN)])
def test_an_edge_that_is_moved_outward_gets_the_foreground_s_colours(behind: Background) -> None:
    """Not a rim of the old wall."""
    made = matted(Frame.from_rgb(RGB), MatteOptions(shape=Shape(shift=12)), behind)
    rim = ring(RADIUS + 3, RADIUS + 8)
    assert made.alpha[rim].min() > 0.9
    assert off(made.frame.rgb, DISC, rim) < 20 < off(RGB, DISC, rim)


def test_an_edge_that_is_moved_inward_has_the_frame_s_own_pixels() -> None:
    made = matted(Frame.from_rgb(RGB), MatteOptions(shape=Shape(shift=-15, feather=-8)))
    inside = ring(RADIUS - 30, RADIUS - 14) & (made.alpha > 0)
    assert np.array_equal(made.frame.rgb[inside], RGB[inside])
    assert made.alpha[ring(RADIUS - 12, RADIUS)].max() < 0.1


@pytest.mark.parametrize("colours", [True, False])
@pytest.mark.parametrize("inward", [Shape(shift=-14), Shape(shift=-12, feather=-6, gamma=2)])
def test_nothing_of_the_frame_is_left_where_the_edge_was_moved_inward(
    inward: Shape, colours: bool
) -> None:
    """A fringe that is taken off is not to be had back by whoever reads the colours alone."""
    rgb, fringe = RGB.copy(), ring(RADIUS - 6, RADIUS)
    rgb[fringe] = (20, 220, 30)
    made = matted(Frame.from_rgb(rgb), MatteOptions(shape=inward, correct_colours=colours))
    gone = ring(RADIUS - 4, RADIUS - 1)
    assert to_bytes(made.alpha)[gone].max() == 0
    assert off(made.frame.rgb, (20, 220, 30), gone) > 60


def test_what_a_generator_knows_of_colours_holds_in_any_shape() -> None:
    """It is told the colours at the edge; a shape that changes nearly nothing changes no colour."""
    made = [
        Matting(
            KnownSegmenter([coarse(SOFT)]), edges=Knowing(), refine="on", options=options
        ).process(Frame.from_rgb(RGB))
        for options in (AS_FOUND, MatteOptions(shape=Shape(gamma=1.01)))
    ]
    plain = matted(Frame.from_rgb(RGB), AS_FOUND).frame.rgb.astype(int)
    edge = (made[0].alpha > 0.2) & (made[0].alpha < 0.6)
    told, shaped = (one.frame.rgb[edge].astype(int) for one in made)
    assert np.abs(told - plain[edge]).mean() > 10
    assert np.abs(told - shaped).mean() < 1


def test_what_is_taken_away_is_gone_from_the_colours_too() -> None:
    lamp = np.maximum(SOFT, disc_alpha(WIDTH, HEIGHT, 290, 30, 12))
    rgb = paint(lamp)
    rgb[10:50, 270:310][lamp[10:50, 270:310] > 0.5] = (20, 220, 30)
    matting = Matting(
        KnownSegmenter([coarse(lamp)]), options=MatteOptions(shape=Shape(smallest=2, shift=-1))
    )
    made = matting.process(Frame.from_rgb(rgb))
    assert made.alpha[30, 290] == 0
    assert np.abs(made.frame.rgb[25:35, 285:295].astype(int) - DISC).max() < 15


def test_alpha_that_a_frame_has_of_its_own_is_multiplied_into_the_shape() -> None:
    own = np.full((HEIGHT, WIDTH), 255, np.uint8)
    own[:, :160] = 51
    options = MatteOptions(shape=Shape(feather=8))
    alone = matted(Frame.from_rgb(RGB), options, solid(*GREEN))
    both = matted(replace(Frame.from_rgb(RGB), alpha=own), options, solid(*GREEN))
    assert np.allclose(both.alpha, alone.alpha * (own / 255), atol=0.01)
    wanted = 0.2 * np.array(DISC) + 0.8 * np.array(GREEN)
    assert np.abs(both.frame.rgb[120, 130] - wanted).max() < 3


def test_rgb_and_ycbcr_frames_are_shaped_alike() -> None:
    options = MatteOptions(shape=Shape(opening=3, shift=5, feather=6, gamma=1.5))
    plain, video = (
        matted(frame, options, solid(*GREEN)).frame.rgb.astype(int)
        for frame in (Frame.from_rgb(RGB), as_yuv420(RGB))
    )
    assert np.abs(plain - video).mean() < 2.5


def test_the_shape_leaves_no_trace_in_what_is_remembered() -> None:
    """The unshaped matte is carried over time: else each frame would grow on the one before."""
    shift = MatteOptions(shape=Shape(shift=6))
    matting = Matting(KnownSegmenter([coarse(SOFT)]), options=shift)
    alphas = [matting.process(as_yuv420(RGB)).alpha for _ in range(6)]
    assert np.abs(alphas[-1] - alphas[0]).max() < 0.1
    assert matting.found is not None
    plain = matted(as_yuv420(RGB), AS_FOUND)
    assert np.abs(matting.found.matte.full - plain.alpha).max() < 0.1
    assert off(RGB, WALL, matting.found.matte.full == 0) < 5

"""The generator's file: what runs it, what is refused; and what the pipeline does with it."""

import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.blend import EdgeColour
from pipeline.budget import DOWN_AFTER, EDGE_LADDER, UP_AFTER, QualityLadder
from pipeline.composite import composite
from pipeline.edges import PATCH
from pipeline.errors import ModelError, ModelMissingError
from pipeline.frame import Frame
from pipeline.matte import EdgeMatte
from pipeline.matting import Matting
from pipeline.model_files import verify
from pipeline.models import EDGE, ModelEntry
from pipeline.openvino_network import has_vnni
from pipeline.patch_network import (
    Refine,
    blank_patches,
    load_patch_network,
    wanted_patch_network,
)
from pipeline.refine import GanRefiner, warm_up
from pipeline.runtime import RuntimeName, RuntimeOptions
from tests.edge_scenes import KnownPatches, disc, save_tiny_patch_network, view_of
from tests.running import Command, assert_refused
from tests.scenes import WALL, KnownSegmenter, as_yuv420, coarse, paint

F32 = RuntimeOptions("openvino", "f32", threads=1)
INT8_SHARE = 0.1
"""Of the correction: how far that of 8 bits may be from that of 32."""


def test_a_network_takes_any_number_of_patches(tmp_path: Path) -> None:
    network = load_patch_network(save_tiny_patch_network(tmp_path), F32)
    random = np.random.default_rng(1)
    patches = random.integers(0, 256, (5, *blank_patches(1).shape[1:]), dtype=np.uint8)
    correction, colour = network(patches)
    assert correction.shape == (5, PATCH, PATCH)
    assert colour.shape == (5, 3, PATCH // 4, PATCH // 4)
    alone, _ = network(patches[3:4])
    assert np.allclose(alone[0], correction[3], atol=1e-5)
    assert (network.runtime, network.precision) == ("openvino", "f32")


def test_other_weights_run_in_the_fastest_of_the_rest_where_8_bits_are_asked_for(
    tmp_path: Path,
) -> None:
    options = RuntimeOptions("openvino", "int8", threads=1)
    network = load_patch_network(save_tiny_patch_network(tmp_path), options)
    assert network.precision in {"bf16", "f32"}


@pytest.mark.skipif(not has_vnni(), reason="the processor has no VNNI")
def test_the_packages_weights_run_in_8_bits_where_the_processor_can() -> None:
    network = wanted_patch_network("on", RuntimeOptions("openvino", threads=1))
    assert network is not None
    assert network.precision == "int8"


@pytest.mark.skipif(not has_vnni(), reason="the processor has no VNNI")
def test_8_bits_correct_an_edge_as_32_do() -> None:
    view, found = view_of(disc()), []
    for precision in ("f32", "int8"):
        network = wanted_patch_network("on", RuntimeOptions("openvino", precision, threads=1))
        assert network is not None
        found.append(GanRefiner(network)(view).matte.full)
    exact, fast = found
    corrected = np.abs(exact - view.matte.full)
    assert 0 < np.abs(fast - exact).sum() < INT8_SHARE * corrected.sum()


def test_the_whole_edge_is_refined_by_a_network(tmp_path: Path) -> None:
    network = load_patch_network(save_tiny_patch_network(tmp_path), F32)
    refiner = GanRefiner(network)
    warm_up(network)
    view = view_of(disc())
    result = refiner(view)
    assert result.colour is not None
    assert result.stats.refined == result.stats.found
    assert np.abs(result.matte.full - view.matte.full).max() > 0.01


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"edge\.onnx.*check the path"):
        load_patch_network(tmp_path / "edge.onnx")


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_a_file_that_is_no_network_is_refused(tmp_path: Path, runtime: RuntimeName) -> None:
    broken = tmp_path / "edge.onnx"
    broken.write_bytes(b"no network at all")
    with pytest.raises(ModelError, match="cannot be read as a network"):
        load_patch_network(broken, RuntimeOptions(runtime, threads=1))


def test_a_network_of_another_kind_is_refused(tmp_path: Path) -> None:
    other = save_tiny_patch_network(tmp_path, ("alpha", "colour"))
    with pytest.raises(ModelError, match="no network for edges"):
        load_patch_network(other, F32)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the package's weights should be, and are not."""
    monkeypatch.setattr("pipeline.patch_network.EDGE", replace(EDGE, name=str(tmp_path / "edge")))
    return tmp_path / "edge.onnx"


def test_the_package_has_the_weights_that_were_published() -> None:
    verify(EDGE)
    assert EDGE.path.stat().st_size <= 4_000_000
    network = wanted_patch_network("on", F32)
    assert network is not None
    correction, _ = network(blank_patches(1))
    assert np.isfinite(correction).all()


def test_without_weights_one_line_says_that_edges_are_not_refined(
    weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert wanted_patch_network("auto", F32) is None
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert re.search(r"not refined: .*edge\.onnx.*install", record.getMessage())


def test_without_weights_insisting_is_an_error(weights: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"edge\.onnx.*install"):
        wanted_patch_network("on", F32)


@pytest.mark.parametrize("refine", ["auto", "on"])
def test_weights_that_are_damaged_are_always_an_error(weights: Path, refine: Refine) -> None:
    weights.write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"edge\.onnx: damaged, its SHA-256 is wrong.*install"):
        wanted_patch_network(refine, F32)


def test_where_nothing_is_to_be_refined_weights_are_not_looked_at(
    weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    weights.write_bytes(b"damaged")
    assert wanted_patch_network("off") is None
    assert not caplog.records


def test_commands_say_what_is_wrong_with_the_weights(
    livematte: Command, u2netp: ModelEntry, weights: Path, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    cv2.imwrite(str(source), paint(disc(64, 48, 32, 12)))
    line = ("image", source, target, "--threads", "1", "--refine")
    assert_refused(livematte(*line, "on"), 1, str(weights), "install")
    weights.write_bytes(b"damaged")
    assert_refused(livematte(*line, "auto"), 1, str(weights), "damaged")
    assert livematte(*line, "off").status == 0


@pytest.mark.parametrize("command", ["file", "live", "serve"])
def test_what_takes_frames_in_time_takes_a_budget(livematte: Command, command: str) -> None:
    shown = livematte(command, "--help").out
    assert "--refine" in shown
    assert "--budget" in shown


def scene(budget: float = float("inf"), clock: KnownPatches | None = None) -> Matting:
    network = clock or KnownPatches()
    edges = GanRefiner(network, network.clock)
    segmenter = KnownSegmenter([coarse(disc(), 40)])
    return Matting(segmenter, edges=edges, budget=budget, clock=network.clock)


def test_the_pipeline_refines_every_patch_where_time_is_no_matter() -> None:
    matting = scene()
    frame = as_yuv420(paint(disc()))
    plain = Matting(KnownSegmenter([coarse(disc(), 40)])).process(frame)
    refined = matting.process(frame)
    assert matting.refined.found == matting.refined.refined > 0
    assert np.abs(refined.alpha - plain.alpha).max() > 0.1


def test_all_patches_are_refined_where_it_is_insisted_on() -> None:
    network = KnownPatches(seconds=0.01)
    matting, frame = scene(0.001, network), as_yuv420(paint(disc()))
    matting.process(frame)
    assert matting.refined.refined == 0
    matting.refine = "on"
    matting.process(frame)
    assert matting.refined.refined == matting.refined.found > 0


def test_switched_off_alpha_is_the_guided_one() -> None:
    network = KnownPatches()
    matting, frame = scene(clock=network), as_yuv420(paint(disc()))
    matting.refine = "off"
    alpha = matting.process(frame).alpha
    plain = Matting(KnownSegmenter([coarse(disc(), 40)])).process(frame).alpha
    assert np.array_equal(alpha, plain)
    assert network.calls == []
    assert matting.refined.found == 0


def test_patches_fill_the_budget_and_never_exceed_it() -> None:
    network = KnownPatches(seconds=0.004)
    matting, spent = scene(0.033, network), []
    for number in range(30):
        frame = as_yuv420(paint(disc(x=250 + 12 * (number % 10))))
        began = network.now
        matting.process(frame)
        spent.append(network.now - began)
    assert matting.ladder.step == 0
    assert max(spent[10:]) <= 0.033
    assert np.mean(spent[10:]) > 0.02


def test_where_frames_turn_out_late_less_is_planned_for() -> None:
    """Every fifth takes 8 ms after its patches: kept free is what all but few of them need."""
    network, late = KnownPatches(seconds=0.004), list[bool]()
    matting = scene(0.033, network)

    def background(frame: Frame, matte: EdgeMatte) -> None:
        network.now += 0.008 * (len(late) % 5 == 0)

    matting.background = background
    for number in range(300):
        began = network.now
        matting.process(as_yuv420(paint(disc(x=250 + 12 * (number % 10)))))
        late.append(network.now - began > 0.033)
    assert matting.ladder.step == 0
    assert np.mean(late[:10]) > 0.1
    assert np.mean(late[100:]) < 0.05
    assert matting.rois.means()["refined"] > 3


@pytest.mark.parametrize(
    ("waits", "patches", "found"), [(0, 10, 10), (0.024, 4, 10), (0.033, 0, 0)]
)
def test_a_frame_that_waited_has_less_time_for_patches(
    waits: float, patches: int, found: int
) -> None:
    network = KnownPatches(seconds=0.002)
    matting = scene(0.033, network)
    job = matting.begin(as_yuv420(paint(disc(radius=180))))
    network.now += waits
    matting.finish(matting.segment(job))
    assert (matting.refined.refined, matting.refined.found) == (patches, found)


def test_a_budget_may_be_lifted_while_quality_is_down() -> None:
    matting = scene(0.001)
    matting.ladder.step = 2
    matting.ladder.budget = float("inf")
    matting.process(as_yuv420(paint(disc())))
    assert matting.refined.refined == 0


def test_what_was_refined_is_carried_on_while_quality_is_down() -> None:
    matting, frame = scene(), as_yuv420(paint(disc()))
    matting.process(frame)
    matting.ladder.step = 2
    matting.process(frame)
    assert matting.refined.carried == matting.refined.found > 0
    assert matting.refined.refined == 0


def test_of_a_frame_for_itself_nothing_is_carried() -> None:
    matting = scene()
    matting.smooth = False
    frame = as_yuv420(paint(disc()))
    for _ in range(2):
        matting.process(frame)
        assert matting.refined.carried == 0


def test_fewer_patches_go_first_and_then_all_of_them() -> None:
    ladder, seen = QualityLadder(0.033, EDGE_LADDER), []
    for _ in EDGE_LADDER:
        seen.append((ladder.quality.rois, ladder.quality.refine, ladder.quality.smaller))
        for _ in range(DOWN_AFTER):
            ladder.note(0.05)
    assert seen[:4] == [(1, True, 0), (0.5, True, 0), (0, True, 0), (0, False, 0)]
    assert [smaller for *_, smaller in seen[4:]] == [1, 2]


def test_time_that_was_only_filled_does_not_keep_quality_down() -> None:
    ladder = QualityLadder(0.033, EDGE_LADDER)
    for _ in range(DOWN_AFTER):
        ladder.note(0.05)
    for _ in range(UP_AFTER):
        ladder.note(0.031, filled=0.012)
    assert ladder.step == 0


def test_a_known_foreground_colour_is_used_at_the_edge() -> None:
    """White hair over a blue wall: with F - B known, F is white where alpha is a half."""
    white = (255, 255, 255)
    truth = disc()
    view = view_of(truth, Frame.from_rgb(paint(truth, white)))
    difference = np.array(white, np.float32) - np.array(WALL, np.float32)
    shape = view.matte.inside.shape
    known = EdgeColour(
        np.broadcast_to(difference[:, None, None], (3, *shape)).copy(),
        np.ones(shape, np.float32),
    )
    edge = (truth > 0.3) & (truth < 0.9)
    exact = view.matte.from_alpha(truth)
    for frame in (view.frame, as_yuv420(paint(truth, white))):
        result = composite(frame, exact, None, known).rgb[edge]
        guessed = composite(frame, exact, None).rgb[edge]
        assert np.abs(result.astype(float) - 255).mean() < 12
        assert np.abs(result.astype(float) - 255).mean() <= np.abs(guessed - 255.0).mean() + 1

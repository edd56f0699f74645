"""The edge judged step by step, on a drawn picture."""

import hashlib
import json
from pathlib import Path

import numpy as np
import openvino as ov

from bench.calibrate import extremes_of, measure_ranges, write_calibration
from bench.calibrate_edges import LAST, patches_of
from bench.edges import as_coarse, rembg_trimap, report, scores_of, seen_once, strip, ways
from bench.edges_page import METRICS, means, page, part
from pipeline.frame import Frame
from pipeline.models import EDGE
from pipeline.openvino_network import read_graph
from pipeline.patch_network import load_patch_network
from pipeline.quantise import find_calibration
from pipeline.refine import GanRefiner
from pipeline.runtime import RuntimeOptions
from tests.edge_scenes import KnownPatches, disc, save_tiny_patch_network, view_of
from tests.scenes import coarse, paint

TRUTH = disc()


def test_every_way_is_judged_and_the_guided_one_beats_the_bilinear(tmp_path: Path) -> None:
    network = load_patch_network(
        save_tiny_patch_network(tmp_path), RuntimeOptions("openvino", "f32", 1)
    )
    view = view_of(TRUTH, Frame.from_rgb(paint(TRUTH)), is_cut=True)
    scores = scores_of(seen_once(view), TRUTH, ways(GanRefiner(network), closed_form=False))
    assert list(scores) == ["bilinear", "guided", "closer", "refined"]
    assert scores["guided"]["psnr_band"] > scores["bilinear"]["psnr_band"]
    assert scores["refined"] != scores["guided"]


def test_the_true_matte_at_a_size_has_lost_what_is_finer() -> None:
    width, height = 20, 12
    seen = as_coarse(TRUTH, (width, height))
    assert seen.shape == (height, width)
    assert abs(float(seen.mean() - TRUTH.mean())) < 0.02
    assert np.array_equal(as_coarse(TRUTH, TRUTH.shape[::-1]), TRUTH)


def test_without_weights_the_other_ways_are_judged() -> None:
    wanted = ["bilinear", "guided", "closer", "closed form", "second stage"]
    assert list(ways(None, closed_form=True)) == wanted


def test_closed_form_matting_is_given_the_trimap_of_its_peer() -> None:
    trimap = rembg_trimap(coarse(TRUTH, 160))
    assert set(np.unique(trimap).tolist()) == {0, 128, 255}


def test_means_are_over_pictures_and_not_over_pixels() -> None:
    one, other = ({"guided": dict.fromkeys(METRICS, value)} for value in (10.0, 20.0))
    assert means([one, other])["guided"]["psnr_band"] == 15
    assert means([]) == {}


def test_the_page_has_a_table_of_all_and_of_each_kind() -> None:
    bad, good = dict.fromkeys((*METRICS, "iou"), 0.5), dict.fromkeys((*METRICS, "iou"), 0.95)
    text = page({"portrait-1": {"bilinear": good}, "animal-2": {"bilinear": bad}})
    assert "All: 2 pictures" in text
    assert "0.9 or more): 1 pictures" in text
    assert "People: 1 pictures" in text


def test_a_run_becomes_a_part_of_the_page_of_quality() -> None:
    good = dict.fromkeys((*METRICS, "iou"), 0.95)
    judged = {"portrait-1": {"bilinear": good, "refined": good}}
    title, origin, tables = part(json.loads(json.dumps(report("python -m it", judged))))
    assert title.startswith("## ")
    assert "`python -m it`" in origin
    assert tables == page(judged)


def test_a_strip_shows_source_mattes_and_truth_side_by_side() -> None:
    view = view_of(TRUTH)
    picture = strip(seen_once(view), TRUTH, ways(None, closed_form=False))
    assert picture.shape == (2 * 192, 2 * 192 * 5, 3)


def test_the_8_bit_form_is_calibrated_with_what_the_refiner_shows() -> None:
    view, network = view_of(TRUTH), KnownPatches()
    GanRefiner(network)(view)
    shown = {patch.tobytes() for call in network.seen for patch in call}
    assert {patch.tobytes() for patch in patches_of(view)} == shown


def test_the_committed_ranges_are_those_of_the_packages_weights() -> None:
    names, extremes = extremes_of(read_graph(ov.Core(), EDGE.path), LAST)
    measured = measure_ranges(names, extremes, [patches_of(view_of(TRUTH))])
    calibration = find_calibration(EDGE.path)
    assert calibration is not None
    assert list(calibration.ranges) == list(measured)
    assert all(low <= 0 < high for low, high in measured.values())


def test_a_calibration_belongs_to_one_file(tmp_path: Path) -> None:
    model, result = tmp_path / "some.onnx", tmp_path / "some.json"
    model.write_bytes(b"weights")
    write_calibration(result, model, "measured here", {"node": (-0.123456, 2.0)})
    document = json.loads(result.read_text())
    assert document["model_sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert document["ranges"] == {"node": [-0.12346, 2.0]}

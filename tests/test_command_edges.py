"""`--edges`: what refines the edge, in pictures and files, and where that is refused."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline.errors import OptionError
from pipeline.models import ModelEntry
from pipeline.runtime import RuntimeOptions
from stream.loaded_networks import NetworkChoice
from tests.matting_models import RED, save_matting_model
from tests.running import Command, assert_refused
from tests.scenes import disc_alpha, paint

ONE_THREAD = ("--threads", "1")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    rgb = paint(disc_alpha(320, 240, 160, 120, 70), (255, 60, 40), (0, 80, 160))
    cv2.imwrite(str(path), rgb[..., ::-1])
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return save_matting_model(tmp_path / "own.onnx")


def test_a_picture_s_edge_is_found_by_a_network_of_one_s_own(
    livematte: Command, u2netp: ModelEntry, picture: Path, own: Path, tmp_path: Path
) -> None:
    made = tmp_path / "out.png"
    ran = livematte("image", picture, made, "--edges", own, "--json", *ONE_THREAD)
    assert ran.status == 0, ran.err
    report = json.loads(ran.out)
    assert report["network"]["edges"] == str(own)
    assert report["rois"]["refined"] == 1
    cut_out = cv2.imread(str(made), cv2.IMREAD_UNCHANGED)
    assert cut_out is not None
    alpha = cut_out[..., 3] / 255
    assert np.abs(alpha - disc_alpha(320, 240, 160, 120, 70)).mean() < 0.002


def test_a_report_names_what_refined(
    livematte: Command, u2netp: ModelEntry, picture: Path, tmp_path: Path
) -> None:
    said = {}
    for refine in ("auto", "off"):
        out = tmp_path / f"{refine}.png"
        ran = livematte("image", picture, out, "--refine", refine, "--json", *ONE_THREAD)
        said[refine] = json.loads(ran.out)["network"]["edges"]
    assert said == {"auto": "gan", "off": None}


def test_a_video_s_edge_is_found_by_it_too_and_a_work_goes_on_with_the_same_alone(
    livematte: Command, u2netp: ModelEntry, clip: Path, own: Path, tmp_path: Path
) -> None:
    broken = save_matting_model(tmp_path / "logits.onnx", takes={RED: 9.0})
    made = tmp_path / "out.mp4"
    line = ("file", clip, made, "--subject", "any", "--progress", "none", *ONE_THREAD)
    assert_refused(livematte(*line, "--resume", "--edges", broken), 1, "logits.onnx", "0 to 1")
    assert_refused(livematte(*line, "--resume", "--edges", own), 1, "out.mp4", "other options")
    ran = livematte(*line, "--json", "--edges", own)
    assert ran.status == 0, ran.err
    assert json.loads(ran.out)["network"]["edges"] == str(own)


def test_what_cannot_be_is_said_before_anything_is_read(
    livematte: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing, out = tmp_path / "nothing.mp4", tmp_path / "out.mp4"
    line = ("file", nothing, out, "--edges")
    assert_refused(livematte(*line, "closed-form", "--budget", "20"), 2, "--budget", "gan")
    assert_refused(livematte(*line, "closed-form", "--refine", "off"), 2, "leave one")
    assert_refused(livematte(*line, "best"), 2, "'best'", "closed-form", ".onnx")


def test_without_pymatting_the_extra_is_named(
    livematte: Command, u2netp: ModelEntry, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.closed_form.find_spec", lambda name: None)
    out = picture.with_name("out.png")
    ran = livematte("image", picture, out, "--edges", "closed-form", *ONE_THREAD)
    assert_refused(ran, 2, "pip install 'livematte[matting]'")


def test_a_network_that_is_missing_is_named(
    livematte: Command, u2netp: ModelEntry, picture: Path
) -> None:
    out = picture.with_name("out.png")
    ran = livematte("image", picture, out, "--edges", "none.onnx", *ONE_THREAD)
    assert_refused(ran, 1, "none.onnx", "check the path")


def test_it_may_be_insisted_on_within_a_budget() -> None:
    chosen: dict[str, Any] = {"edges": "closed-form", "budget": 0.02}
    NetworkChoice("u2netp", RuntimeOptions(), refine="on", **chosen)
    with pytest.raises(OptionError, match="whole frames"):
        NetworkChoice("u2netp", RuntimeOptions(), **chosen)


def test_other_machines_are_sent_whole_paths(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sent = NetworkChoice("u2netp", RuntimeOptions(), edges="own.onnx").resolved
    assert (sent.model, sent.edges) == ("u2netp", str(own))
    assert NetworkChoice("u2netp", RuntimeOptions()).resolved.edges == "gan"


@pytest.mark.parametrize("command", ["live", "serve"])
def test_what_is_live_has_no_time_for_it(livematte: Command, command: str) -> None:
    assert "--edges" not in livematte(command, "--help").out

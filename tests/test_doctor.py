"""`livematte doctor` names each lack, and what to do about it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.models import CATALOGUE, DEFAULT_MODEL, ModelEntry
from pipeline.network import usable_processors
from stream.doctor_command import onnx_runtime
from tests.running import Command


def test_both_builds_of_onnx_runtime_are_a_fault() -> None:
    finding = onnx_runtime("1.31", "1.30", "NVIDIA T4")
    assert not finding.ok
    assert "1.31" in finding.value
    assert "1.30" in finding.value
    assert "pip uninstall -y onnxruntime onnxruntime-gpu" in finding.remedy
    assert "livematte[gpu]" in finding.remedy
    assert "livematte[cpu]" in onnx_runtime("1.31", "1.30", None).remedy


def test_a_gpu_without_its_build_is_a_fault() -> None:
    finding = onnx_runtime("1.31", None, "NVIDIA T4")
    assert not finding.ok
    assert "pip install 'livematte[gpu]'" in finding.remedy


@pytest.mark.parametrize(
    ("plain", "gpu_build", "gpu"),
    [(None, None, None), ("1.31", None, None), (None, "1.31", "NVIDIA T4")],
)
def test_one_build_or_none_is_well(
    plain: str | None, gpu_build: str | None, gpu: str | None
) -> None:
    assert onnx_runtime(plain, gpu_build, gpu).ok


def test_it_counts_the_cores_of_this_process() -> None:
    assert usable_processors() >= 1


def test_all_is_well_with_a_model(livematte: Command, u2netp: ModelEntry) -> None:
    ran = livematte("doctor")
    assert "u2netp" in ran.out
    assert "h264" in ran.out
    assert "!! models" not in ran.out


def test_no_model_need_be_fetched(livematte: Command, no_models: Path) -> None:
    report = json.loads(livematte("doctor", "--json").out)
    (models,) = [finding for finding in report["findings"] if finding["what"] == "models"]
    assert models["ok"]
    assert models["value"] == "u2netp-people, livematte-closer, livematte-edge"


def test_a_damaged_model_is_a_lack_with_a_remedy(
    livematte: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = replace(CATALOGUE[DEFAULT_MODEL], digest="sha256:0")
    monkeypatch.setitem(CATALOGUE, DEFAULT_MODEL, entry)
    ran = livematte("doctor", "--json")
    findings = json.loads(ran.out)["findings"]
    (models,) = [finding for finding in findings if finding["what"] == "models"]
    assert ran.status == 1
    assert not models["ok"]
    assert "install" in models["remedy"]

"""`livematte file` from end to end, with the real network on small clips."""

import json
import os
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.models import ModelEntry
from stream.video_file import VideoFile
from tests.clips import Sound, make_clip, read_clip
from tests.running import Command

STAGES = {"decode", "segment", "smooth", "refine", "edges", "steady", "composite", "encode"}

pytestmark = pytest.mark.usefixtures("u2netp")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "in.mp4", sound=Sound())


def test_json_is_one_object_and_alone_on_standard_output(
    livematte: Command, clip: Path, tmp_path: Path
) -> None:
    ran = livematte("file", clip, tmp_path / "out.mp4", "--json", "--progress", "none")
    report = json.loads(ran.out)
    assert ran.status == 0
    assert ran.err == ""
    assert ran.out.count("\n") == 1
    assert report["frames_in"] == report["frames_out"] == 10
    assert (report["width"], report["height"]) == (64, 48)
    assert report["seconds"] > 0
    assert report["fps"] == pytest.approx(10 / report["seconds"], rel=0.05)
    assert report["audio"] == "copied"
    assert set(report["stages_ms"]) == STAGES
    assert all(report["stages_ms"][stage] > 0 for stage in STAGES - {"edges"})
    assert report["output"] == str(tmp_path / "out.mp4")
    assert report["losses"] == []


def test_a_person_reads_one_sentence(livematte: Command, clip: Path, tmp_path: Path) -> None:
    ran = livematte("file", clip, tmp_path / "out.webm", "--progress", "none")
    assert ran.status == 0
    assert ran.out.startswith(f"{tmp_path / 'out.webm'}: 10 frames of 64 by 48 in ")
    assert "sound: encoded, network: openvino" in ran.out


def test_progress_is_plain_lines_where_there_is_no_terminal(
    livematte: Command, clip: Path, tmp_path: Path
) -> None:
    ran = livematte("file", clip, tmp_path / "out.mp4")
    lines = ran.err.splitlines()
    assert lines[-1].startswith("10 of 10 frames, ")
    assert "\x1b" not in ran.err
    assert "\r" not in ran.err


def test_progress_can_be_read_by_programs(livematte: Command, clip: Path, tmp_path: Path) -> None:
    ran = livematte("file", clip, tmp_path / "out.mp4", "--progress", "json")
    lines = [json.loads(line) for line in ran.err.splitlines()]
    assert set(lines[0]) == {"frames", "total", "fps", "seconds_left"}
    assert lines[-1]["frames"] == lines[-1]["total"] == 10
    assert lines[-1]["seconds_left"] == 0


def test_a_part_with_its_matte_beside_it(livematte: Command, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=30, sound=Sound(seconds=1.2))
    ran = livematte(
        *("file", source, tmp_path / "out.mov", "-b", "transparent", "--start", "0.4"),
        *("--duration", "0.2", "--alpha-output", tmp_path / "matte.mp4", "--json"),
    )
    assert ran.status == 0
    assert json.loads(ran.out)["frames_out"] == 5
    for name in ("out.mov", "matte.mp4"):
        assert read_clip(tmp_path / name).times == [Fraction(i, 25) for i in range(5)]
    assert read_clip(tmp_path / "matte.mp4").sound == []


def test_what_was_there_is_replaced_on_request(
    livematte: Command, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.mp4").write_text("old")
    ran = livematte("file", clip, tmp_path / "out.mp4", "--overwrite", "--no-smooth")
    assert ran.status == 0
    assert len(read_clip(tmp_path / "out.mp4").times) == 10


@pytest.mark.parametrize("codec", ["h265", "av1"])
def test_encoders_keep_their_own_logs_to_themselves(
    livematte: Command, clip: Path, tmp_path: Path, codec: str
) -> None:
    options = ("--codec", codec, "--crf", "40", "--progress", "none")
    ran = livematte("file", clip, tmp_path / "out.mp4", *options)
    assert ran.status == 0
    assert ran.err == ""


@pytest.mark.skipif(
    not hasattr(os, "sched_getscheduler") or os.geteuid() != 0,
    reason="only root's threads can be made realtime",
)
def test_no_encoder_takes_the_machine_for_itself(
    livematte: Command, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[int]] = []

    def finish(file: VideoFile, *, to_the_end: bool) -> None:
        seen.append({os.sched_getscheduler(int(task)) for task in os.listdir("/proc/self/task")})
        finished(file, to_the_end=to_the_end)

    finished = VideoFile.finish
    monkeypatch.setattr(VideoFile, "finish", finish)
    ran = livematte("file", clip, tmp_path / "out.mp4", "--codec", "av1", "--progress", "none")
    assert ran.status == 0
    assert seen == [{os.SCHED_OTHER}]


@pytest.mark.parametrize("name", ["10:30 in.mp4", "100%d.mp4", "-in.mp4", "ünï.mp4"])
def test_names_that_look_like_something_else_are_files(
    livematte: Command, clip: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clip.rename(tmp_path / name)
    ran = livematte("file", "--progress", "none", "--duration", "0.04", "--", name, f"out {name}")
    assert ran.status == 0, ran.err
    assert len(read_clip(tmp_path / f"out {name}").times) == 1


def test_a_model_of_ones_own_is_taken_by_path(
    livematte: Command, clip: Path, tmp_path: Path, u2netp: ModelEntry
) -> None:
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(u2netp.path.read_bytes())
    ran = livematte("file", clip, tmp_path / "out.mp4", "--model", mine, "--progress", "none")
    assert ran.status == 0, ran.err


@pytest.mark.parametrize("arguments", [(), ("file",), ("models",), ("doctor",)])
def test_help_teaches(livematte: Command, arguments: tuple[str, ...]) -> None:
    ran = livematte(*arguments, "--help")
    assert ran.status == 0
    assert "Usage: livematte" in ran.out
    assert ran.err == ""


def test_without_arguments_help_is_shown(livematte: Command) -> None:
    ran = livematte()
    assert "Usage: livematte" in ran.out + ran.err
    assert ran.status == 2


def test_examples_are_in_the_help_of_file(livematte: Command) -> None:
    assert (
        "livematte file talk.mp4 out.webm --background transparent"
        in livematte("file", "--help").out
    )


def test_version(livematte: Command) -> None:
    ran = livematte("--version")
    assert ran.status == 0
    assert ran.out.startswith("livematte 0.")

"""`livematte bench`: the figures that it promises, the chart, and what it refuses."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bench.peer import conversation
from bench.peer_speed import PeerMatting, Rival, run_peer, take_turns
from bench.performance import write
from bench.performance_targets import targets
from pipeline.frame import Frame
from pipeline.models import ModelEntry
from stream.benchmark import peers
from stream.benchmark.case import Case, run_here
from stream.benchmark.clip import film, make_clip
from stream.benchmark.file_case import Laps
from stream.benchmark.live_case import PacedSource
from stream.file_source import FileSource
from tests.fakes import plain_frame
from tests.running import Command, assert_refused

STAGES = {"decode", "look", "segment", "refine", "smooth", "edges", "steady", "composite", "encode"}
PARTS = {"machine", "start", "file", "live", "overload", "edges", "absent"}


@pytest.fixture
def small_clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "small.mp4", (320, 180), 6)


def test_a_quick_run_measures_all_that_is_promised(
    livematte: Command, u2netp: ModelEntry, small_clip: Path, out: Path
) -> None:
    chart = out / "chart.png"
    clip = ("--video", small_clip)
    ran = livematte("bench", "--quick", *clip, "--frames", "4", "--json", "--chart", chart)
    report = json.loads(ran.out)
    assert set(report) == PARTS
    (file,) = report["file"]
    assert file["size"] == "320x180"
    assert file["frames"] == 6
    assert file["fps"] > 0
    assert set(file["stages_ms"]) == STAGES
    assert all(set(stage) == {"p50", "p95", "p99"} for stage in file["stages_ms"].values())
    assert {row["cache"] for row in report["start"]} == {"cold", "cached"}
    assert all(0 <= row["dropped_share"] < 1 for row in [*report["live"], *report["overload"]])
    assert report["overload"][0]["rate"] >= 2 * report["live"][0]["rate"]
    assert [(row["kind"], row["refine"]) for row in report["edges"]] == [
        *(("file", "off"), ("file", "auto")),
        *(("live", "off"), ("live", "auto")),
    ]
    assert all(row["rois"]["refined"] == 0 for row in report["edges"] if row["refine"] == "off")
    picture = cv2.imread(str(chart))
    assert picture is not None
    assert picture.shape[1] == 960
    assert "file 320x180" in ran.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sizes", "8k"), ("--sizes '8k'", "360p", "4k")),
        (("--runtimes", "abacus"), ("--runtimes 'abacus'", "openvino-int8")),
        (("--threads", "0"), ("--threads '0'", "from 1")),
        (("--threads", "two"), ("--threads 'two'",)),
        (("--frames", "1"), ("--frames 1", "from 2")),
        (("--chart", "chart.jpg"), ("--chart chart.jpg", ".png")),
    ],
)
def test_nonsense_is_refused_in_one_line(
    livematte: Command, u2netp: ModelEntry, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_refused(livematte("bench", *options), 2, *words)


def test_a_missing_model_is_said_before_anything_is_measured(
    livematte: Command, no_models: Path
) -> None:
    ran = livematte("bench", "--quick", "--model", "u2netp")
    assert_refused(ran, 1, "livematte models pull u2netp")


def test_peers_want_a_checkout(livematte: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "_RUNNER", "bench.no_such_module")
    assert_refused(livematte("bench", "--peers"), 2, "--peers", "checkout")


def test_a_runtime_that_is_not_here_is_absent_and_no_error(
    u2netp: ModelEntry, small_clip: Path
) -> None:
    figures = run_here(Case("file", str(small_clip), "small", "tensorrt"))
    if "absent" not in figures:
        pytest.skip("TensorRT is here")
    assert set(figures) == {"absent"}
    assert "tensorrt" in figures["absent"].lower()


async def test_a_paced_source_goes_to_and_fro_with_even_times() -> None:
    frames = [plain_frame(grey=grey) for grey in (10, 20, 30)]
    source = PacedSource(frames, rate=1000.0, count=6)
    given = [frame async for frame in source]
    assert [int(frame.rgb[0, 0, 0]) for frame in given] == [10, 20, 30, 20, 10, 20]
    assert [frame.pts for frame in given] == [0, 1000, 2000, 3000, 4000, 5000]


async def test_laps_are_what_a_sum_grew_by(small_clip: Path) -> None:
    source = FileSource(small_clip)
    laps = Laps(lambda: source.busy_seconds)
    count = len([frame async for frame in laps.each(aiter(source))])
    assert len(laps.seconds) == count == 6
    assert sum(laps.seconds) <= source.busy_seconds
    await source.aclose()


def test_a_peer_takes_part_frame_by_frame(small_clip: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fake_peer"]
    with conversation(command, tmp_path, {}) as talk:
        rivals = [
            Rival(name, name, talk.ran_as, "", partial(run_peer, talk)) for name in ("a", "b")
        ]
        fps = take_turns(rivals, small_clip, 2, lambda line: None)
    assert {name: len(rounds) for name, rounds in fps.items()} == {"a": 2, "b": 2}
    assert min(min(rounds) for rounds in fps.values()) > 0


def test_a_peers_composite_keeps_the_foreground_and_blurs_the_rest() -> None:
    frame = Frame.from_rgb(next(film((64, 36), 1)))
    left = np.zeros((36, 64), np.float32)
    left[:, :32] = 1
    result = PeerMatting(lambda rgb: left).process(frame).frame.rgb
    assert np.array_equal(result[:, :32], frame.rgb[:, :32])
    assert result[:, 32:].std() < frame.rgb[:, 32:].std()


def test_the_clip_is_the_same_each_time_and_moves() -> None:
    first, again = (list(film((64, 36), 3)) for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert (first[0] != first[2]).any()


def test_the_page_holds_every_target_and_who_is_faster(tmp_path: Path) -> None:
    report = drawn_report()
    write(report, tmp_path / "performance")
    text = (tmp_path / "performance.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "performance.json").read_text(encoding="utf-8")) == report
    assert cv2.imread(str(tmp_path / "performance.png")) is not None
    assert all(target.what in text for target in targets(report))
    assert "Faster than ours: MediaPipe selfie." in text
    assert "`cuda` is absent: no driver." in text
    assert "640×480" in text
    assert "No GPU was at hand" in text


def test_targets_are_met_missed_or_not_measured() -> None:
    verdicts = {target.what: target.verdict for target in targets(drawn_report())}
    assert verdicts["720p file to file with blur, frames a second"] == "met"
    assert verdicts["720p file to file with blur, faster than rembg's session"] == "**missed**"
    assert verdicts["Live 720p at 30 a second, dropped"] == "met"
    assert verdicts["1080p file, peak memory"] == "not measured"
    assert verdicts["1080p picture by request, refined"] == "met"
    assert verdicts["640×480 pictures by request"] == "**missed**"


def drawn_report() -> dict[str, Any]:
    """A report of a run that never was."""
    network: dict[str, Any] = {"size": "720p", "asked": "auto", "threads": 2, "runtime": "openvino"}
    network |= {"precision": "int8", "device": "a processor", "input": 256}
    stages = {name: {"p50": 1.0, "p95": 2.0, "p99": 3.0} for name in STAGES}
    file: dict[str, Any] = {"frames": 6, "fps": 41.0, "processor_ms": 40.0, "peak_mib": 400.0}
    file |= {"network_ms": 9.0, "outside_network_ms": 20.0, "stages_ms": stages}
    live: dict[str, Any] = {
        "offered": 150,
        "rate": 30.0,
        "fps": 30.0,
        "dropped_share": 0.01,
        "late_ms": 0.0,
    }
    live |= {"age_ms": {"p50": 40.0, "p95": 60.0, "p99": 70.0, "p100": 80.0}}
    live |= {"quality": {"step": 0, "downs": 0, "ups": 0}, "memory_growth_mib": 0.1}
    edges = {"kind": "live", "refine": "auto", "rois": {"found": 9, "refined": 2, "carried": 1}}
    start = {"cache": "cold", "imports_s": 0.5, "network_s": 1.0, "first_frame_s": 2.0}
    single = {"size": [1920, 1080], "count": 9, "seconds": 0.8}
    batch = {"size": [640, 480], "count": 40, "at_once": 4, "a_second": 4.5}
    pictures = {"single": single, "batch": batch, "first_answer_s": 6.0, "peak_mib": 500.0}
    rival = {"ran_as": "1.0", "does": "something else"}
    machine: dict[str, Any] = {
        "processor": "a processor",
        "cores": 2,
        "instructions": ["avx2"],
        "gpu": None,
    }
    machine |= {"system": "Linux", "python": "3.11", "versions": {"numpy": "2.0"}}
    return {
        "command": "python -m bench.performance",
        "commit": "0123456789",
        "date": "2026-01-01",
        "machine": machine,
        "start": [network | start],
        "file": [network | file],
        "live": [network | live],
        "overload": [network | live],
        "edges": [network | live | edges],
        "absent": {"cuda": "no driver"},
        "network": [],
        "pictures": pictures,
        "peers": {
            "rounds": 1,
            "rows": [
                {"name": name, "title": title, "fps": fps, "ours_is_times_faster": ratio, **rival}
                for name, title, fps, ratio in (
                    ("livematte", "livematte", 40.0, 1.0),
                    ("rembg", "rembg, u2netp", 5.0, 8.0),
                    ("mediapipe", "MediaPipe selfie", 80.0, 0.5),
                )
            ],
            "absent": {},
        },
    }

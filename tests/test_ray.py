"""`livematte file --engine ray` on a real cluster of two machines, as far as one can be two."""

import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from bench.spread import MACHINE, cluster_of
from stream.ray_cluster import Place, places_of
from tests.clips import Sound, make_clip, read_clip
from tests.running import Command, Ran, assert_refused

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.timeout(300)]

FRAMES = 60
IN_SHORT_PARTS = """
from stream import cli, plan
plan.SEGMENT_FRAMES, plan.WARM_UP = 15, 5
cli.main()
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with cluster_of(2) as started:
        yield started


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "in.mp4"
    return make_clip(path, frames=FRAMES, sound=Sound(seconds=2.4), options={"g": "25"})


def on_cluster(
    cluster: Any,
    *arguments: str | Path,
    at_first: Callable[[subprocess.Popen[str]], object] = lambda _: None,
) -> Ran:
    """The command in a process of its own; `at_first` is called when there is progress."""
    command = [sys.executable, "-c", IN_SHORT_PARTS, "file", *map(str, arguments)]
    command += ["--engine", "ray", "--ray-address", cluster.address, "--progress", "json"]
    pipe, told = subprocess.PIPE, list[str]()
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            told.append(line)
            if line.startswith("{") and json.loads(line)["frames"]:
                at_first(process)
                break
        out, err = process.communicate()
    lines = [line for line in ("".join(told) + err).splitlines(True) if not line.startswith("{")]
    return Ran(process.returncode, out, "".join(lines))


def packets(path: Path) -> list[tuple[Any, ...]]:
    with av.open(path) as container:
        found = [packet for packet in container.demux() if packet.size]
        return [(one.stream.index, one.pts, one.dts, bytes(one)) for one in found]


@pytest.fixture(scope="module")
def undisturbed(cluster: Any, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by both machines, with nobody in the way."""
    made = tmp_path_factory.mktemp("made") / "out.mkv"
    ran = on_cluster(cluster, source, made, "--codec", "ffv1", "-b", "transparent", "--json")
    assert ran.status == 0, ran.err
    report = json.loads(ran.out)
    assert report["frames_out"] == FRAMES
    assert report["audio"] == "copied"
    assert report["losses"] == []
    assert {one["precision"] for one in report["machines"].values()} == {
        report["network"]["precision"]
    }
    return made


@pytest.mark.slow
def test_it_is_what_one_machine_makes_alone(undisturbed: Path, source: Path, out: Path) -> None:
    """Byte for byte, for the parts are the same."""
    with cluster_of(1) as alone:
        ran = on_cluster(alone, source, out / "one.mkv", "--codec", "ffv1", "-b", "transparent")
    assert ran.status == 0, ran.err
    assert packets(out / "one.mkv") == packets(undisturbed)


def test_a_worker_that_is_killed_costs_nothing(
    cluster: Any, undisturbed: Path, source: Path, out: Path
) -> None:
    killed = []

    def kill_one(_: object) -> None:
        pid = workers()[0]
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    options = ("--codec", "ffv1", "-b", "transparent")
    ran = on_cluster(cluster, source, out / "out.mkv", *options, at_first=kill_one)
    assert ran.status == 0, ran.err
    assert killed
    assert ran.err == ""
    assert packets(out / "out.mkv") == packets(undisturbed)
    assert [path.name for path in out.iterdir()] == ["out.mkv"]


@pytest.mark.slow
def test_a_machine_that_is_lost_costs_nothing(
    cluster: Any, undisturbed: Path, source: Path, out: Path
) -> None:
    def lose_one(_: object) -> None:
        cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)

    options = ("--codec", "ffv1", "-b", "transparent")
    ran = on_cluster(cluster, source, out / "out.mkv", *options, at_first=lose_one)
    cluster.add_node(**MACHINE)
    assert ran.status == 0, ran.err
    assert packets(out / "out.mkv") == packets(undisturbed)


@pytest.mark.slow
def test_what_ctrl_c_leaves_is_gone_on_with(
    cluster: Any, undisturbed: Path, source: Path, out: Path
) -> None:
    options = (source, out / "out.mkv", "--codec", "ffv1", "-b", "transparent", "--json")

    def stop(process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGINT)

    ran = on_cluster(cluster, *options, at_first=stop)
    assert_refused(ran, 130, "the same command goes on")
    assert [path.name for path in out.iterdir()] == [".out.mkv.work"]
    assert on_cluster(cluster, *options).status == 0
    assert packets(out / "out.mkv") == packets(undisturbed)


def test_many_files_are_made_and_one_that_fails_stops_none(
    cluster: Any, tmp_path: Path, out: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        make_clip(folder / name, frames=8)
    (folder / "b.mp4").write_bytes(b"no video")
    ran = on_cluster(cluster, folder, "--output-dir", out)
    assert ran.status == 1
    assert "b.mp4: not a media file" in ran.line
    assert ran.out.splitlines()[-1] == f"2 done, 1 failed: {folder / 'b.mp4'}"
    assert sorted(path.name for path in out.iterdir()) == ["a.mp4", "c.mp4"]
    assert len(read_clip(out / "a.mp4").times) == 8


@pytest.mark.slow
def test_a_network_that_cannot_be_had_there_is_one_line(
    cluster: Any, source: Path, out: Path
) -> None:
    ran = on_cluster(cluster, source, out / "out.mp4", "--require-gpu")
    assert_refused(ran, 1, f"{platform.node()}: ", "built without cuda")


def test_an_address_where_nobody_answers(livematte: Command, source: Path, out: Path) -> None:
    there = ("--engine", "ray", "--ray-address", "127.0.0.1:9")
    assert_refused(livematte("file", source, out / "o.mp4", *there), 2, "127.0.0.1:9", "HOST:PORT")


def test_an_address_without_the_engine(livematte: Command, source: Path, out: Path) -> None:
    ran = livematte("file", source, out / "o.mp4", "--ray-address", "127.0.0.1:9")
    assert_refused(ran, 2, "--engine ray")


def test_without_ray_it_says_how_to_get_it(
    livematte: Command, source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    ran = livematte("file", source, out / "o.mp4", "--engine", "ray")
    assert_refused(ran, 2, "pip install 'livematte[ray]'")


@pytest.mark.parametrize(
    ("resources", "places"),
    [
        ({"CPU": 16.0}, [Place("a", "vm", 16)]),
        ({"CPU": 16.0, "GPU": 2.0}, [Place("a", "vm", 8, 1), Place("a", "vm", 8, 1)]),
        ({"CPU": 1.0, "GPU": 2.0}, [Place("a", "vm", 1, 1), Place("a", "vm", 1, 1)]),
        ({"memory": 1e9}, []),
    ],
)
def test_a_machine_has_a_worker_or_one_for_each_gpu(
    resources: dict[str, float], places: list[Place]
) -> None:
    node = {"NodeID": "a", "NodeManagerHostname": "vm", "Resources": resources}
    assert places_of(node | {"Alive": True}) == places
    assert places_of(node | {"Alive": False}) == []


def workers() -> list[int]:
    """Processes of this test's clusters that make parts."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and b"ray::PartMaker" in read(folder / "cmdline"):
            pid = int(folder.name)
            if os.getpid() in ancestors(pid):
                found.append(pid)
    return found


def ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        pid = int(read(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()[1] or 0)
        yield pid


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b") ? 0"

"""The report that compares methods: on drawn clips, with a peer that is a tiny script."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.drawn import drawn_clips
from bench.grabcut import by_box
from bench.kept import KeptResults
from bench.methods import (
    AbsentError,
    ClipMatter,
    Loaded,
    Method,
    network_alone,
    not_smoothed,
    own_switches,
    smoothed,
    without_places,
)
from bench.peer import Peer, all_peers, peer_process
from bench.peers.serve import Frames
from bench.quality import judge
from bench.quality_report import Made, figure, page, write_report
from bench.quality_words import Group, sentences
from bench.scoring import Material, Result
from bench.strips import write_strips
from pipeline.frame import AlphaMatte, Frame
from pipeline.segment import Segmenter
from pipeline.subject import WHOLE, Look

SIZE = (96, 56)
MADE = Made("python -m bench.quality", "abc", "2026-01-01", "a processor", "drawn clips")


def bright_is_foreground(frame: Frame, look: Look = WHOLE) -> AlphaMatte:
    grey = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey.astype(np.float32) / 255, (32, 32))


@dataclass(frozen=True)
class OwnMethod:
    """One of our switches round a segmenter that needs no model."""

    name: str
    matter: Callable[[Segmenter], ClipMatter]
    title: str = "ours"
    what: str = "bright is foreground"
    sources: tuple[str, ...] = ()

    @contextmanager
    def open(self) -> Iterator[Loaded]:
        yield Loaded(self.matter(bright_is_foreground), "nothing")


@dataclass(frozen=True)
class FakePeer:
    """The fake peer, on the interpreter that runs the tests: no environment is made."""

    folder: Path
    arguments: tuple[str, ...] = ()
    name: str = "fake"
    title: str = "a fake peer"
    what: str = "unlike the corner"
    sources: tuple[str, ...] = ("tests/fake_peer.py",)

    @contextmanager
    def open(self) -> Iterator[Loaded]:
        command = [sys.executable, "-m", "tests.fake_peer", *self.arguments]
        with peer_process(command, self.folder, {}) as loaded:
            yield loaded


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments are made here, and none of the user's is touched."""
    monkeypatch.setenv("LIVEMATTE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def material(tmp_path: Path) -> Material:
    return Material(
        {"of": "tests"}, lambda: drawn_clips(SIZE, seed=1, frames=3), [photo_with_mask(tmp_path)]
    )


@pytest.fixture
def kept(tmp_path: Path, material: Material) -> KeptResults:
    return KeptResults(tmp_path / "kept", material)


def photo_with_mask(folder: Path) -> Path:
    for kind in ("photos", "masks"):
        (folder / kind).mkdir()
    mask = np.zeros((48, 32), np.uint8)
    mask[8:40, 8:24] = 255
    cv2.imwrite(str(folder / "masks" / "0003.png"), mask)
    cv2.imwrite(str(folder / "photos" / "0003.jpg"), cv2.merge([mask, mask, mask]))
    return folder / "photos" / "0003.jpg"


def methods_of(folder: Path) -> list[Method]:
    return [
        OwnMethod("default", smoothed, "livematte"),
        OwnMethod("unsmoothed", not_smoothed, "livematte, not smoothed"),
        FakePeer(folder),
    ]


def silent(line: str) -> None:
    """Where progress goes."""


def test_every_method_is_measured_on_every_clip_and_photo(
    material: Material, kept: KeptResults, tmp_path: Path
) -> None:
    results = judge(methods_of(tmp_path), material, kept, silent)
    assert [result.name for result in results] == ["default", "unsmoothed", "fake"]
    for result in results:
        assert result.absent is None
        assert list(result.clips) == ["drawn-0", "drawn-1"]
        assert all(means["mad"] is not None for means in result.clips.values())
        assert list(result.photos) == ["0003"]
    assert results[2].ran_as == f"numpy {np.__version__}"
    assert results[0].clips != results[1].clips


def test_a_peer_gets_the_frames_upright_and_in_order(
    material: Material, kept: KeptResults, tmp_path: Path
) -> None:
    frames = [frame for frame, _ in next(iter(material.clips()))]
    with FakePeer(tmp_path).open() as loaded:
        mattes = list(loaded.matte(frames))
    for frame, matte in zip(frames, mattes, strict=True):
        expected = np.abs(frame.rgb.astype(np.float32) - frame.rgb[0, 0]).mean(axis=2) / 64
        assert matte == pytest.approx(np.clip(expected, 0, 1))


def test_the_page_puts_the_best_first_and_in_bold(tmp_path: Path) -> None:
    good = result_of("default", "livematte", mad=4.0)
    bad = result_of("fake", "a fake peer", mad=40.0)
    text = page(MADE, [bad, good])
    rows = [line for line in text.splitlines() if line.startswith(("| livematte", "| a fake"))]
    assert rows[0].startswith("| livematte | **4.00** |")
    assert rows[1].startswith("| a fake peer | 40.0 |")


def test_what_is_not_kept_is_taken_from_the_page_if_it_is_of_the_same_material(
    material: Material, tmp_path: Path
) -> None:
    known = result_of("fake", "a fake peer", mad=40.0)
    write_report(tmp_path / "page", replace(MADE, label=material.label), [known])
    write_report(tmp_path / "other", replace(MADE, label={"of": "others"}), [known])
    file = tmp_path / "page.json"
    assert KeptResults(tmp_path, material, file).find("fake") == known
    assert KeptResults(tmp_path, material, file).find("default") is None
    assert KeptResults(tmp_path, material, tmp_path / "other.json").find("fake") is None
    assert KeptResults(tmp_path, material, tmp_path / "absent.json").find("fake") is None


def test_one_lost_clip_moves_no_median() -> None:
    good = result_of("default", "livematte", mad=4.0)
    (clip,) = good.clips
    good.clips |= {f"{clip}-{n}": {"mad": mad} for n, mad in ((2, 5.0), (3, 400.0))}
    bad = result_of("fake", "a fake peer", mad=40.0)
    assert "Medians of MAD: livematte 5.00, a fake peer 40.0." in page(MADE, [bad, good])


@pytest.mark.parametrize(
    ("value", "printed"),
    [(9.996, "10.0"), (135.48, "135"), (0.9444, "0.944"), (6.881, "6.88"), (0, "0.00")],
)
def test_figures_have_three_digits(value: float, printed: str) -> None:
    assert figure(value) == printed


def test_the_words_say_where_we_lose() -> None:
    ours = result_of("default", "livematte", mad=40.0)
    theirs = result_of("fake", "a fake peer", mad=4.0)
    said = next(sentences(Group.of("All clips", [ours, theirs])))
    assert said == (
        "MAD: a fake peer is best, 4; livematte has 40, 10 times as much (place 2 of 2)."
    )


def result_of(name: str, title: str, mad: float) -> Result:
    metrics = ["mad", "mse", "grad", "conn", "dtssd", "dtssd_relative", "mad_band", "psnr_band"]
    return Result(name, title, "", clips={"drawn-0": dict.fromkeys(metrics, mad)})


def test_the_files_hold_every_method_the_absent_too(
    material: Material, kept: KeptResults, tmp_path: Path
) -> None:
    bare = Peer("none", "without NumPy", "", "tests.fake_peer", ())
    results = judge([*methods_of(tmp_path)[:1], bare], material, kept, silent)
    assert results[1].absent == "it stopped: ModuleNotFoundError: No module named 'numpy'"
    write_report(tmp_path / "quality", MADE, results)
    document = json.loads((tmp_path / "quality.json").read_text())
    assert [method["name"] for method in document["methods"]] == ["default", "none"]
    assert set(document["mean"]["all"]) == {"default"}
    assert "python -m bench.quality" in (tmp_path / "quality.md").read_text()


def test_a_peer_whose_environment_cannot_be_made_is_absent_with_the_reason(
    material: Material, kept: KeptResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    peer = Peer("none", "no peer", "", "tests.fake_peer", (("no-such-peer==1",),))
    (result,) = judge([peer], material, kept, silent)
    assert result.absent is not None
    assert "environment cannot be made" in result.absent
    assert "no-such-peer==1" in result.absent
    assert f"- no peer: {result.absent}" in page(MADE, [result])


def test_a_peer_that_fails_is_absent_with_its_last_words(
    material: Material, kept: KeptResults, tmp_path: Path
) -> None:
    (result,) = judge([FakePeer(tmp_path, ("--fails",))], material, kept, silent)
    assert result.absent == "it stopped: out of paint"


def test_a_finished_method_is_not_measured_again(
    material: Material, kept: KeptResults, tmp_path: Path
) -> None:
    said: list[str] = []
    methods = methods_of(tmp_path)[:1]
    first = judge(methods, material, kept, silent)
    assert judge(methods, material, kept, said.append) == first
    assert said == ["default: already measured"]
    said.clear()
    judge(methods, material, kept, said.append, fresh=True)
    assert said[0].startswith("default: drawn-0 MAD")


def test_only_some_are_measured_and_others_are_taken_as_they_were(
    material: Material, kept: KeptResults, tmp_path: Path
) -> None:
    methods = methods_of(tmp_path)
    judge(methods[:1], material, kept, silent)
    said: list[str] = []
    results = judge(methods, material, kept, said.append, only=["unsmoothed"])
    assert {line.partition(":")[0] for line in said} == {"unsmoothed"}
    assert [bool(result.clips) for result in results] == [True, True, False]
    assert results[2].absent is not None


def test_a_method_whose_code_has_changed_is_measured_again(
    material: Material, kept: KeptResults, tmp_path: Path
) -> None:
    before = FakePeer(tmp_path, sources=("tests/test_quality.py",))
    judge([before], material, kept, silent)
    said: list[str] = []
    judge([FakePeer(tmp_path)], material, kept, said.append)
    assert said[0].startswith("fake: drawn-0 MAD")


def test_the_page_says_which_figures_are_of_another_commit() -> None:
    old = result_of("default", "livematte", mad=4.0)
    old.commit = "older"
    assert "measured at commit older" in page(MADE, [old])
    old.commit = MADE.commit
    assert "measured at commit" not in page(MADE, [old])


def test_pictures_show_every_method_that_has_a_matte(
    material: Material, kept: KeptResults, tmp_path: Path
) -> None:
    methods = methods_of(tmp_path)
    judge(methods, material, kept, silent)
    write_strips(tmp_path / "strips", material, kept, methods)
    sheet = cv2.imread(str(tmp_path / "strips" / "drawn-0.png"))
    assert sheet is not None
    tiles = [sheet[row : row + 100, column : column + 400] for row, column in grid_of(sheet)]
    assert sum(float(tile.max()) > 0 for tile in tiles) == 2 + len(methods)


def grid_of(sheet: Frames) -> Iterator[tuple[int, int]]:
    half = sheet.shape[0] // 2
    return ((row + 22, column) for row in (0, half) for column in (0, 400, 800))


def test_the_network_alone_is_its_matte_brought_to_size(material: Material) -> None:
    frame, _ = next(iter(next(iter(material.clips()))))
    (alpha,) = network_alone(bright_is_foreground)([frame])
    assert np.array_equal(alpha, cv2.resize(bright_is_foreground(frame), SIZE))


def test_a_model_that_is_not_there_is_absent_by_its_name_and_not_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEMATTE_MODELS", str(tmp_path))
    (fused,) = [switch for switch in own_switches() if switch.name == "published"]
    with pytest.raises(AbsentError, match="u2netp is not there") as caught, fused.open():
        pass
    assert str(tmp_path) not in str(caught.value)


def test_names_of_methods_are_unique_and_those_the_words_rely_on_are_there() -> None:
    methods: Sequence[Method] = [*own_switches(), by_box(), *all_peers()]
    names = [method.name for method in methods]
    assert len(set(names)) == len(names)
    assert {"default", "unsmoothed", "unrefined", "network", "published", "rembg"} <= set(names)


def test_a_reason_names_no_folder_and_no_host() -> None:
    said = "cannot open '/home/ann/.cache/x/model.onnx' from https://index.example/simple/x/: no"
    assert without_places(said) == "cannot open 'model.onnx' from the package index no"

"""Pictures in doubt, kept on this machine, and measured by `livematte eval`."""

import io
import json
import os
from pathlib import Path
from zipfile import ZipFile

import cv2
import numpy as np
import pytest

from pipeline.composite import Transparent
from pipeline.errors import SinkError
from pipeline.matting import Matting
from stream.doubt_log import DoubtLog
from stream.hard_cases import HardCase, HardCases
from stream.image_command import matte_all
from tests.clips import RedSegmenter
from tests.running import Command, assert_refused
from tests.test_alpha_metrics import disc
from tests.test_command_image import RED, photo, save

SIDE = 64
ALPHA = disc(SIDE, 20)


def grey(side: int = SIDE) -> np.ndarray:
    return np.full((side, side, 3), 128, np.uint8)


def kept(cases: HardCases, **changed: object) -> HardCase:
    wanted = {"rgb": grey(), "alpha": ALPHA, "kind": "hair", "reason": "marked"} | changed
    return cases.keep(**wanted)  # type: ignore[arg-type]


def draw_truth(case: HardCase, alpha: np.ndarray = ALPHA) -> None:
    levels = np.round(alpha * 255).astype(np.uint8)
    cv2.imwrite(str(case.folder / "truth.png"), levels)


def test_what_is_kept_is_found_again_the_newest_first(tmp_path: Path) -> None:
    cases = HardCases(tmp_path / "new", now=iter((10.0, 20.0)).__next__)
    old = kept(cases)
    new = kept(cases, kind="glass", reason="doubtful", doubts=("several",))
    assert list(HardCases(tmp_path / "new")) == [new, old]
    assert cases.find(old.id) == old
    assert (new.kind, new.reason, new.doubts) == ("glass", "doubtful", ("several",))
    assert new.created == "1970-01-01T00:00:20.000+00:00"
    assert new.bytes == sum(file.stat().st_size for file in new.folder.iterdir())


def test_others_on_this_machine_cannot_read_what_is_kept(tmp_path: Path) -> None:
    assert kept(HardCases(tmp_path)).folder.stat().st_mode & 0o077 == 0


def test_moving_a_folder_changes_its_kind(tmp_path: Path) -> None:
    case = kept(HardCases(tmp_path))
    (tmp_path / "shadow").mkdir()
    case.folder.rename(tmp_path / "shadow" / case.id)
    assert [one.kind for one in HardCases(tmp_path)] == ["shadow"]


def test_large_pictures_are_kept_smaller_with_a_matte_of_their_size(tmp_path: Path) -> None:
    case = kept(HardCases(tmp_path), rgb=grey(4096))
    for name in ("picture.png", "matte.png"):
        picture = cv2.imread(str(case.file(name)), cv2.IMREAD_UNCHANGED)
        assert picture is not None
        assert picture.shape[:2] == (2048, 2048)


def test_what_is_full_keeps_what_it_has_and_says_so(tmp_path: Path) -> None:
    first = kept(HardCases(tmp_path))
    with pytest.raises(SinkError, match="at most 0 MB are kept: export them and remove some"):
        kept(HardCases(tmp_path, most_bytes=first.bytes + 10))
    assert list(HardCases(tmp_path)) == [first]


def test_a_case_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    cases = HardCases(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", breaks)
        with pytest.raises(SinkError, match="hard cases: cannot be written: No space left"):
            kept(cases)
    assert list(tmp_path.iterdir()) == [tmp_path / "hair"]
    assert list(cases) == []


def test_what_a_crash_left_half_written_is_removed_later(tmp_path: Path) -> None:
    for age, name in ((0, ".part-fresh"), (4000, ".part-old")):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    kept(HardCases(tmp_path, now=lambda: 1e9))
    assert [path.name for path in tmp_path.glob(".part-*")] == [".part-fresh"]


def test_a_case_is_removed_once(tmp_path: Path) -> None:
    cases = HardCases(tmp_path)
    case = kept(cases)
    for _ in range(2):
        cases.remove(case)
        assert list(cases) == []
    assert list(tmp_path.rglob("*.png")) == []


@pytest.mark.parametrize("name", ["", "..", "*", "../hair", "0" * 15, "0" * 16])
def test_what_is_no_case_is_not_found(tmp_path: Path, name: str) -> None:
    kept(HardCases(tmp_path))
    assert HardCases(tmp_path).find(name) is None


def test_folders_that_hold_no_case_are_passed_over(tmp_path: Path) -> None:
    case = kept(HardCases(tmp_path))
    for folder, text in (("hair/a", "{"), ("hair/b", "[]"), ("hair/c", "{}"), ("others/d", "{}")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "case.json").write_text(text)
    assert list(HardCases(tmp_path)) == [case]


def test_a_zip_holds_a_folder_that_eval_reads(livematte: Command, tmp_path: Path) -> None:
    cases = HardCases(tmp_path / "cases")
    judged, other = kept(cases), kept(cases, alpha=None, kind="glass")
    draw_truth(judged)
    with ZipFile(io.BytesIO(b"".join(cases.zipped()))) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    ran = livematte("eval", tmp_path / "hard-cases", "--json")
    said = json.loads(ran.out)
    assert ran.status == 0
    assert said["per_frame"]["name"] == [f"hair/{judged.id}"]
    assert said["mean"]["mad"] < 1
    assert said["without_truth"] == [f"glass/{other.id}"]


def test_eval_names_what_nobody_has_drawn_a_true_matte_of(
    livematte: Command, tmp_path: Path
) -> None:
    case = kept(HardCases(tmp_path))
    report = tmp_path / "report.html"
    ran = livematte("eval", tmp_path, "--html", report)
    assert (ran.status, ran.err) == (0, "")
    assert f"hair/{case.id} not measured: put its true matte beside it, as truth.png" in ran.out
    assert f"hair/{case.id} was not measured" in report.read_text()
    draw_truth(case)
    assert "1 frame of 64x64" in livematte("eval", tmp_path).out


def test_eval_refuses_a_truth_without_our_matte_and_a_folder_without_cases(
    livematte: Command, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    assert_refused(livematte("eval", tmp_path / "empty"), 1, "empty holds no hard cases")
    case = kept(HardCases(tmp_path), alpha=None)
    draw_truth(case)
    assert_refused(livematte("eval", tmp_path), 1, f"hair/{case.id}: missing in")
    assert_refused(
        livematte("eval", tmp_path, "--html", "a.html", "--source", tmp_path), 2, "bring their own"
    )


def test_pictures_are_kept_that_the_pipeline_doubts(tmp_path: Path) -> None:
    sure = photo()
    unsure = photo()
    unsure[10:50, 60:90] = RED  # a second candidate
    pairs = [
        (save(tmp_path / f"{name}.png", rgb), tmp_path / f"{name}-out.png")
        for name, rgb in (("sure", sure), ("unsure", unsure))
    ]
    log = DoubtLog(tmp_path / "cases")
    matting = Matting(RedSegmenter(), Transparent(), smooth=False, follow=False)
    written, failed = matte_all(matting, pairs, 95, 10**6, log)
    assert (len(written), failed) == (2, [])
    (case,) = HardCases(tmp_path / "cases")
    assert log.kept == [
        {"source": str(pairs[1][0]), "doubts": case.doubts, "case": f"{case.kind}/{case.id}"}
    ]
    assert "several" in case.doubts
    seen = cv2.imread(str(case.file("picture.png")))
    assert seen is not None
    assert np.array_equal(seen[..., ::-1], unsure)

"""`livematte eval` on folders, pictures and videos."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
import pytest
import typer
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

from pipeline.frame import AlphaMatte
from stream.evaluate import evaluate_command
from tests.test_alpha_metrics import disc

SIDE = 64
app = typer.Typer()
app.command("eval")(evaluate_command)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def measured(*arguments: object) -> dict[str, Any]:
    """What `--json` prints, which must be alone on standard output."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def frames(count: int = 4) -> list[AlphaMatte]:
    return [disc(SIDE, 20, shift) for shift in range(count)]


def levels(matte: AlphaMatte, top: int = 255) -> NDArray[np.uint16]:
    return np.round(matte * top).astype(np.uint16)


def save(folder: Path, mattes: Sequence[AlphaMatte], first: int = 0) -> Path:
    """A folder of 8-bit PNG mattes."""
    folder.mkdir()
    for index, matte in enumerate(mattes, first):
        cv2.imwrite(str(folder / f"{index:03}.png"), levels(matte).astype(np.uint8))
    return folder


def save_video(
    file: Path, mattes: Sequence[AlphaMatte], codec: str, pix_fmt: str, **options: str
) -> Path:
    """A video of grey mattes, or of white pictures with these mattes as alpha."""
    with av.open(file, "w") as container:
        stream = cast(av.VideoStream, container.add_stream(codec, rate=25, options=options))
        stream.width = stream.height = SIDE
        stream.pix_fmt = pix_fmt
        for matte in mattes:
            grey = levels(matte).astype(np.uint8)
            white = np.full_like(grey, 255)
            has_alpha = pix_fmt not in ("gray", "yuv420p")
            picture = [white, white, white, grey] if has_alpha else [grey, grey, grey]
            frame = av.VideoFrame.from_ndarray(
                np.dstack(picture), format="rgba" if has_alpha else "rgb24"
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file


def test_a_folder_against_itself_has_no_error(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames())
    answer = measured(truth, truth)
    assert answer["frames"] == 4
    assert answer["paired_by"] == "name"
    assert answer["sizes"] == ["64x64"]
    for name in ("mad", "mse", "sad", "grad", "grad_normalised", "conn", "dtssd", "messddt"):
        assert answer["mean"][name] == answer["mean"][f"{name}_band"] == 0
    assert answer["mean"]["iou"] == 1
    assert answer["per_frame"]["dtssd"] == [None, 0, 0, 0]


def test_the_table_names_every_metric_and_says_what_was_not_measured(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames())
    result = run(truth, truth)
    assert result.exit_code == 0
    for word in ("MAD", "dtSSD", "IoU", "4 frames of 64x64, paired by name", "Band of 10 px"):
        assert word in result.stdout


def test_a_frozen_matte_scores_one_against_the_motion(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames())
    frozen = save(tmp_path / "frozen", [frames()[0]] * 4)
    assert measured(frozen, truth)["mean"]["dtssd_relative"] == 1


def test_band_and_threshold_are_passed_on(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames())
    other = save(tmp_path / "other", [matte * np.float32(0.6) for matte in frames()])
    narrow, wide = measured(other, truth, "--band", 2), measured(other, truth, "--band", 12)
    assert narrow["mean"]["sad_band"] < wide["mean"]["sad_band"]
    assert measured(other, truth, "--threshold", "0.7")["mean"]["recall"] == 0


def test_missing_extra_misshapen_and_corrupt_pictures_are_each_named(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames(6))
    prediction = save(tmp_path / "prediction", frames(6))
    (prediction / "001.png").unlink()
    cv2.imwrite(str(prediction / "002.png"), np.zeros((32, 48), np.uint8))
    (prediction / "003.png").write_bytes(b"no picture")
    (prediction / "extra.png").write_bytes((prediction / "004.png").read_bytes())
    result = run(prediction, truth)
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("001: missing in")
    assert lines[1].startswith("002: the prediction is 48x32 and the truth 64x64")
    assert lines[2].startswith("003: ")
    assert "damaged" in lines[2]
    assert lines[3].startswith("extra: missing in")


def test_folders_without_a_common_name_are_paired_by_index(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames(12))
    later = save(tmp_path / "later", frames(12), first=100)
    answer = measured(later, truth)
    assert answer["paired_by"] == "index"
    assert answer["mean"]["mad"] == 0


def test_names_are_ordered_as_numbers(tmp_path: Path) -> None:
    folder = save(tmp_path / "folder", frames(12))
    for file in folder.iterdir():
        file.rename(folder / f"frame{int(file.stem)}.png")
    names = measured(folder, folder)["per_frame"]["name"]
    assert names == [f"frame{index}" for index in range(12)]


def test_alpha_of_rgba_and_sixteen_bit_pictures_is_read(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames(2))
    for name, top, dtype in (("rgba", 255, np.uint8), ("deep", 65535, np.uint16)):
        folder = tmp_path / name
        folder.mkdir()
        for index, matte in enumerate(frames(2)):
            coloured = np.full((SIDE, SIDE, 4), 77, dtype)
            coloured[..., 3] = levels(matte, top).astype(dtype)
            cv2.imwrite(str(folder / f"{index:03}.png"), coloured)
        assert measured(folder, truth)["mean"]["mad"] < 1


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "options", "error"),
    [
        ("matte.mkv", "ffv1", "gray", {}, 0.01),
        ("matte.mp4", "libx264", "yuv420p", {"crf": "4"}, 4),
        ("alpha.mov", "qtrle", "argb", {}, 0.01),
        ("alpha.mov", "prores_aw", "yuva444p10le", {}, 2),
        ("alpha.webm", "libvpx-vp9", "yuva420p", {"auto-alt-ref": "0", "crf": "4"}, 6),
        ("alpha.webm", "libvpx", "yuva420p", {"auto-alt-ref": "0", "crf": "4"}, 6),
        ("alpha.mkv", "ffv1", "bgra", {}, 0.01),
    ],
)
def test_a_video_is_read_with_its_alpha_or_as_a_matte(
    tmp_path: Path, name: str, codec: str, pix_fmt: str, options: dict[str, str], error: float
) -> None:
    truth = save(tmp_path / "truth", frames())
    video = save_video(tmp_path / name, frames(), codec, pix_fmt, **options)
    answer = measured(video, truth)
    assert answer["frames"] == 4
    assert answer["mean"]["mad"] < error


def test_two_videos_are_paired_by_index(tmp_path: Path) -> None:
    truth = save_video(tmp_path / "a.mkv", frames(), "ffv1", "gray")
    prediction = save_video(tmp_path / "b.mov", frames(), "qtrle", "argb")
    assert measured(prediction, truth)["mean"]["mad"] == 0


def test_a_shorter_video_is_refused_frame_by_frame(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames(4))
    video = save_video(tmp_path / "short.mkv", frames(3), "ffv1", "gray")
    result = run(video, truth)
    assert result.exit_code == 1
    assert result.stderr.startswith("003: missing in")
    assert "short.mkv" in result.stderr


def test_a_colour_video_without_alpha_is_refused(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames(1))
    file = tmp_path / "colour.mkv"
    with av.open(file, "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        green = np.zeros((SIDE, SIDE, 3), np.uint8)
        green[..., 1] = 255
        container.mux(stream.encode(av.VideoFrame.from_ndarray(green, format="rgb24")))
        container.mux(stream.encode(None))
    result = run(file, truth)
    assert result.exit_code == 1
    assert "colour video without alpha" in result.stderr


def test_what_is_no_video_and_a_folder_without_pictures_are_refused_by_name(
    tmp_path: Path,
) -> None:
    truth = save(tmp_path / "truth", frames(1))
    text = tmp_path / "notes.txt"
    text.write_text("no video")
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (text, empty):
        result = run(path, truth)
        assert result.exit_code == 1
        assert path.name in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_wrong_usage_exits_with_two(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames(1))
    for arguments in (
        (tmp_path / "absent", truth),
        (truth, truth, "--band", "0"),
        (truth, truth, "--source", truth),
    ):
        assert run(*arguments).exit_code == 2


def test_stills_have_no_temporal_metrics_and_may_differ_in_size(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", [disc(48), disc(64)])
    answer = measured(truth, truth, "--stills")
    assert answer["sizes"] == ["48x48", "64x64"]
    assert answer["absent"]["dtssd"] == "these are stills"
    assert "dtssd" not in answer["mean"]


def test_the_report_holds_curves_worst_frames_and_the_summary_in_one_file(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames(20))
    prediction = save(tmp_path / "prediction", [matte.copy() for matte in frames(20)])
    cv2.imwrite(str(prediction / "013.png"), np.zeros((SIDE, SIDE), np.uint8))
    report = tmp_path / "report.html"
    result = run(prediction, truth, "--source", truth, "--html", report)
    assert result.exit_code == 0
    page = report.read_text()
    assert page.count("<svg") == 6
    assert page.count("data:image/jpeg;base64,") == 4
    assert "<h3>013 <span>MAD" in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_report_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames(1))
    report = tmp_path / "absent" / "report.html"
    result = run(truth, truth, "--html", report)
    assert result.exit_code == 1
    assert "report.html cannot be written" in result.stderr


def test_of_bad_neighbours_in_time_only_the_worst_is_shown(tmp_path: Path) -> None:
    truth = save(tmp_path / "truth", frames(20))
    wrong = [
        matte * np.float32(0.9 if index in (3, 4, 5, 15) else 1)
        for index, matte in enumerate(frames(20))
    ]
    wrong[4] = wrong[4] * np.float32(0.5)
    prediction = save(tmp_path / "prediction", wrong)
    report = tmp_path / "report.html"
    assert run(prediction, truth, "--html", report).exit_code == 0
    page = report.read_text()
    assert "<h3>004 <span>" in page
    assert "<h3>015 <span>" in page
    assert page.count("<article>") == 2

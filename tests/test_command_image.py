"""`livematte image`: pictures in, pictures out; with a segmenter that takes red for foreground."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.composite import Transparent, solid
from pipeline.errors import OptionError, SourceError
from pipeline.matting import Matting
from pipeline.models import ModelEntry
from stream.hard_cases import HardCases
from stream.image_command import check_formats, matte_all, pairs_of
from stream.picture_io import read_picture
from tests.clips import RedSegmenter
from tests.running import Command

RED, BLUE = (200, 30, 30), (30, 30, 200)


def photo(width: int = 96, height: int = 64) -> np.ndarray:
    """Left half red, right half blue: RGB uint8 (H, W, 3)."""
    rgb = np.full((height, width, 3), BLUE, np.uint8)
    rgb[:, : width // 2] = RED
    return rgb


def save(file: Path, rgb: np.ndarray) -> Path:
    cv2.imwrite(str(file), rgb[..., ::-1])
    return file


def load(file: Path | str) -> np.ndarray:
    """As OpenCV reads it: blue first."""
    picture = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture


def turned_jpeg(file: Path, orientation: int) -> Path:
    """A JPEG whose EXIF says how it is to be turned."""
    code = cv2.imencode(".jpg", photo()[..., ::-1])[1].tobytes()
    entry = b"\x12\x01\x03\x00\x01\x00\x00\x00" + bytes([orientation, 0, 0, 0])
    tiff = b"II*\x00\x08\x00\x00\x00\x01\x00" + entry + b"\x00\x00\x00\x00"
    body = b"Exif\x00\x00" + tiff
    file.write_bytes(code[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + code[2:])
    return file


def matting(transparent: bool = True) -> Matting:
    behind = Transparent() if transparent else solid(0, 200, 0)
    return Matting(RedSegmenter(), behind, smooth=False, follow=False)


@pytest.mark.parametrize("extension", [".png", ".webp"])
def test_a_transparent_picture_has_alpha_and_the_foregrounds_colour(
    tmp_path: Path, extension: str
) -> None:
    source, target = save(tmp_path / "in.png", photo()), tmp_path / f"out{extension}"
    written, failed = matte_all(matting(), [(source, target)], 95, 10**6)
    assert (written, failed) == ([str(target)], [])
    made = load(target)
    assert made.shape == (64, 96, 4)
    assert made[32, 8].tolist() == [30, 30, 200, 255]
    assert made[32, 88, 3] == 0
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_before_a_background_a_jpeg_is_written(tmp_path: Path) -> None:
    source, target = save(tmp_path / "in.png", photo()), tmp_path / "out.jpg"
    matte_all(matting(transparent=False), [(source, target)], 95, 10**6)
    made = load(target)
    assert made.shape == (64, 96, 3)
    assert np.abs(made[32, 88].astype(int) - (0, 200, 0)).max() < 12


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_picture_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    rgb = read_picture(turned_jpeg(tmp_path / "in.jpg", orientation), 10**6)
    turns = {3: 2, 6: 3, 8: 1}[orientation]
    wanted = np.rot90(photo(), turns)
    assert rgb.shape == wanted.shape
    assert np.abs(rgb.astype(int) - wanted).mean() < 6


def test_what_is_too_large_is_refused_by_its_header(tmp_path: Path) -> None:
    source = save(tmp_path / "in.png", photo())
    with pytest.raises(SourceError, match=r"96 by 64, more than 6143 pixels.*--max-pixels"):
        read_picture(source, 6143)


def test_one_bad_picture_stops_no_other(tmp_path: Path) -> None:
    good, bad = save(tmp_path / "good.png", photo()), tmp_path / "bad.png"
    bad.write_bytes(good.read_bytes()[:60])
    pairs = [(one, tmp_path / f"{one.stem}-out.png") for one in (bad, good)]
    written, failed = matte_all(matting(), pairs, 95, 10**6)
    assert written == [str(tmp_path / "good-out.png")]
    assert len(failed) == 1
    assert "bad.png" in failed[0]


@pytest.mark.parametrize("name", ["text.txt", "missing.png"])
def test_what_is_no_picture_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.txt").write_text("no picture")
    with pytest.raises(SourceError, match=name):
        read_picture(tmp_path / name, 10**6)


def test_a_folder_is_written_to_a_folder(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("b.jpg", "a.png"):
        save(folder / name, photo())
    (folder / "notes.txt").write_text("no picture")
    pairs = pairs_of([folder, out], ".webp", overwrite=False)
    assert pairs == [(folder / "a.png", out / "a.webp"), (folder / "b.jpg", out / "b.webp")]


def test_nothing_is_written_over_unless_it_is_asked_for(tmp_path: Path) -> None:
    source, target = save(tmp_path / "in.png", photo()), save(tmp_path / "out.png", photo())
    with pytest.raises(OptionError, match="--overwrite"):
        pairs_of([source, target], ".png", overwrite=False)
    assert pairs_of([source, target], ".png", overwrite=True) == [(source, target)]


def test_two_pictures_are_never_written_to_one(tmp_path: Path) -> None:
    sources = [save(tmp_path / f"in{end}", photo()) for end in (".png", ".jpg")]
    with pytest.raises(OptionError, match="two pictures"):
        pairs_of([*sources, tmp_path / "out"], ".png", overwrite=False)


def test_a_format_without_alpha_takes_no_transparent_picture(tmp_path: Path) -> None:
    check_formats([tmp_path / "a.jpg"], transparent=False)
    with pytest.raises(OptionError, match="JPEG has no alpha"):
        check_formats([tmp_path / "a.jpg"], transparent=True)
    with pytest.raises(OptionError, match=r"\.gif: written are"):
        check_formats([tmp_path / "a.gif"], transparent=False)


def test_the_command_mattes_a_picture(
    livematte: Command, u2netp: ModelEntry, tmp_path: Path
) -> None:
    source = save(tmp_path / "in.png", photo(320, 240))
    ran = livematte("image", source, tmp_path / "out.png", "--json", "--threads", "1")
    report = json.loads(ran.out)
    assert (ran.status, ran.err) == (0, "")
    assert report["written"] == [str(tmp_path / "out.png")]
    assert load(report["written"][0]).shape == (240, 320, 4)


def test_the_command_keeps_pictures_that_are_in_doubt(
    livematte: Command, u2netp: ModelEntry, tmp_path: Path
) -> None:
    source = save(tmp_path / "in.png", np.full((240, 320, 3), 90, np.uint8))
    wanted = (source, tmp_path / "out.png", "--log-doubtful", tmp_path / "cases", "--json")
    (entry,) = json.loads(livematte("image", *wanted).out)["doubtful"]
    (case,) = HardCases(tmp_path / "cases")
    assert entry == {"source": str(source), "doubts": [*case.doubts], "case": case.name}


def test_an_output_without_an_input_is_wrong_usage(livematte: Command, tmp_path: Path) -> None:
    ran = livematte("image", tmp_path / "out.png")
    assert ran.status == 2
    assert "what to read and then what to write" in ran.err

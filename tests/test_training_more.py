"""Rooms and people beyond the shared media: archives of others, taken apart and believed little."""

import hashlib
import io
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is in the extra `train`")

from pipeline.errors import SourceError
from training.more_media import KINDS, catalogue, fetched, name_of, unpack
from training.people import more_people
from training.rooms import Rooms


def picture(colour: tuple[int, int, int], side: int = 120) -> np.ndarray:
    return np.full((side, side, 3), colour, np.uint8)


def archive_of(folder: Path, files: dict[str, bytes]) -> Path:
    archive = folder / "kit.tgz"
    with tarfile.open(archive, "w:gz") as target:
        for path, content in files.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size = len(content)
            target.addfile(entry, io.BytesIO(content))
    return archive


def test_what_is_chosen_is_written_by_kind_and_nothing_else(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, {"img/sofa.jpg": b"sofa", "img/ann.jpeg": b"ann", "x.js": b"x"})
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    chosen = {"sha256": digest, "rooms": ["img/sofa.jpg"], "people": ["img/ann.jpeg"]}
    unpack(archive, "kit@1.0", chosen, tmp_path / "out")
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert {file.relative_to(tmp_path / "out").as_posix(): file.read_bytes() for file in files} == {
        "rooms/kit-sofa.jpg": b"sofa",
        "people/kit-ann.jpg": b"ann",
    }


def test_an_archive_that_is_another_is_refused_whole(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, {"img/sofa.jpg": b"not the sofa"})
    chosen = {"sha256": "0" * 64, "rooms": ["img/sofa.jpg"]}
    with pytest.raises(SourceError, match=r"kit@1\.0: its archive hashes to"):
        unpack(archive, "kit@1.0", chosen, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_npm_the_message_names_what_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match=r"install Node\.js"):
        fetched("kit@1.0", tmp_path)


def test_the_catalogue_names_a_version_a_digest_and_photographs() -> None:
    names = set()
    for package, chosen in catalogue().items():
        assert len(package.split("@")) == 2
        assert len(bytes.fromhex(chosen["sha256"])) == 32
        assert set(chosen) <= {"sha256", *KINDS}
        for kind in KINDS:
            paths = [Path(path) for path in chosen.get(kind, ())]
            names |= {(kind, name_of(package, str(path))) for path in paths}
            assert {path.suffix for path in paths} <= {".jpg", ".jpeg"}
    assert len(names) > 100, "each has a name of its own"


def test_further_rooms_and_people_are_shown(tmp_path: Path) -> None:
    for kind, colour in zip(KINDS, ((250, 0, 0), (0, 250, 0), (0, 0, 250)), strict=True):
        (tmp_path / kind).mkdir()
        cv2.imwrite(str(tmp_path / kind / "one.jpg"), picture(colour)[..., ::-1])
    (tmp_path / "mattes").mkdir()
    alpha = np.zeros((120, 120), np.uint8)
    alpha[40:, 30:90] = 255
    cv2.imwrite(str(tmp_path / "mattes" / "one-alpha.png"), alpha)
    cv2.imwrite(str(tmp_path / "mattes" / "one-foreground.png"), picture((9, 9, 9)))
    (person,) = more_people(tmp_path)
    assert person.name == "portraits/one"
    assert np.array_equal(person.alpha, alpha)
    rng = np.random.default_rng(1)
    rooms = Rooms.load([], [], more=tmp_path)
    seen = [rooms.behind(32, 1.0, rng)[0].mean((0, 1)).argmax() for _ in range(40)]
    assert seen.count(0) > seen.count(1) > 0, "rooms are shown oftener than what is outside"


def test_a_rejected_matte_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mattes").mkdir()
    cv2.imwrite(str(tmp_path / "mattes" / "one-alpha.png"), np.zeros((9, 9), np.uint8))
    monkeypatch.setattr("training.people.rejected_portraits", lambda: {"one": "fog"})
    assert not list(more_people(tmp_path))


def test_a_folder_that_lacks_something_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"run python -m training\.more_media"):
        Rooms.load([], [], more=tmp_path)
    with pytest.raises(SourceError, match=r"run python -m training\.portraits --photos"):
        more_people(tmp_path)

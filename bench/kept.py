"""Results of finished methods, so that an interrupted run goes on where it stopped."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from bench.methods import Method
from bench.scoring import Material, Result

_ROOT = Path(__file__).parents[1]
_JUDGES = (
    *(f"bench/{name}.py" for name in ("camera", "clip", "composites", "cutouts", "motion")),
    *(f"bench/{name}.py" for name in ("photos", "scoring")),
    "pipeline/metrics/*.py",
    "pipeline/colour.py",
    "pipeline/frame.py",
)
"""The files that make the clips and measure them: if one changes, everything is measured anew."""


class KeptResults:
    """A folder for each material, in it a file for each method."""

    def __init__(self, folder: Path, material: Material, page: Path | None = None) -> None:
        """What the folder lacks is taken from a `page` that was written of the same material.

        `page` is the JSON file beside it; it need not be there.
        """
        label = json.dumps(material.label, sort_keys=True)
        self.folder = folder / hashlib.sha256(label.encode()).hexdigest()[:12]
        self._published = _published(page, material) if page else {}

    def pictures(self, name: str) -> Path:
        """Where the mattes lie that are shown of a method."""
        return self.folder / name

    def find(self, name: str) -> Result | None:
        """The last result of a method, whatever the code was then."""
        file = self._file(name)
        if not file.is_file():
            return self._published.get(name)
        return Result(**json.loads(file.read_text()))

    def keep(self, result: Result) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self._file(result.name).with_suffix(".part")
        part.write_text(json.dumps(asdict(result)))
        part.replace(self._file(result.name))

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def _published(page: Path, material: Material) -> dict[str, Result]:
    """The results of a page's JSON file by method, if it is of this material."""
    if not page.is_file():
        return {}
    known = json.loads(page.read_text(encoding="utf-8"))
    if known["made"].get("label") != material.label:
        return {}
    results = [Result(**one) for one in known["methods"]]
    return {result.name: result for result in results if result.absent is None}


def fingerprint(method: Method) -> str:
    """Of all the code that a method's scores depend on; other packages are not looked at."""
    digest = hashlib.sha256()
    for file in _files((*_JUDGES, *method.sources)):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _files(globs: Iterable[str]) -> list[Path]:
    return sorted({file for each in globs for file in _ROOT.glob(each) if file.is_file()})

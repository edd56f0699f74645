"""Where a result is made, and how it comes to where it belongs once it is whole."""

import contextlib
import os
import shutil
from pathlib import Path
from typing import Protocol

from pipeline.errors import SinkError
from stream.formats import is_numbered, is_sequence, numbered


class Place(Protocol):
    """Nothing is where the user asked for it before `put`."""

    path: Path
    scratch: Path
    """Where to write meanwhile: beside it, under a hidden name."""
    partial: Path
    """Where unfinished work is kept."""

    def check(self, source: Path | None, *, overwrite: bool) -> None:
        """Refuse what cannot or should not be written, before any work is done."""

    def prepare(self) -> None:
        """Make room for what is written."""

    def put(self, target: Path) -> None:
        """Move what was written to `path` or `partial`."""

    def discard(self) -> None:
        """Throw away what was not moved."""


def place_of(path: Path) -> Place:
    return FramesPlace(path) if is_sequence(path) else FilePlace(path)


class FilePlace:
    """A single file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scratch = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        self.partial = path.with_name(f"{path.stem}.partial{path.suffix}")

    def check(self, source: Path | None, *, overwrite: bool) -> None:
        path = self.path
        _check_folder(path, path.parent)
        if path.is_dir():
            raise SinkError(f"{path}: is a folder: name a file in it")
        if source is not None and path.exists() and source.exists() and path.samefile(source):
            raise SinkError(f"{path}: is the input itself: choose another name")
        if path.exists() and not overwrite:
            raise SinkError(f"{path}: is there already: allow it with --overwrite, or rename")

    def prepare(self) -> None:
        """There is nothing to make: the folder was checked."""

    def put(self, target: Path) -> None:
        self.scratch.replace(target)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self.scratch.unlink(missing_ok=True)


class FramesPlace:
    """Numbered pictures in a folder, which is made if it is not there.

    They are written into a hidden folder within it and moved one by one; older ones go first.
    """

    def __init__(self, path: Path) -> None:
        self.path, folder = path, path.parent
        self.scratch = folder / f".{path.stem}.{os.getpid()}" / path.name
        self.partial = folder / "partial" / path.name

    def check(self, source: Path | None, *, overwrite: bool) -> None:
        folder = self.path.parent
        _check_folder(self.path, folder if folder.exists() else folder.parent)
        if source is not None and source.resolve() == self.path.resolve():
            raise SinkError(f"{self.path}: is the input itself: choose another name")
        old = numbered_files(self.path)
        if old and not overwrite:
            raise SinkError(
                f"{self.path}: {old[0].name} is there already: allow it with --overwrite, or rename"
            )

    def prepare(self) -> None:
        self.scratch.parent.mkdir(parents=True)

    def put(self, target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        for old in numbered_files(target):
            old.unlink()
        for made in numbered_files(self.scratch):
            made.replace(target.parent / made.name)
        self.discard()

    def discard(self) -> None:
        shutil.rmtree(self.scratch.parent, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()  # only if it is empty: nothing came of it


def is_there(path: Path) -> bool:
    """Whether a result is, be it a file or a sequence of them."""
    return path.exists() or (is_numbered(path) and bool(numbered_files(path)))


def numbered_files(path: Path) -> list[Path]:
    """The files of a sequence that are there, in order of their names."""
    looks = numbered(path)
    there = path.parent.iterdir() if path.parent.is_dir() else ()
    return sorted(one for one in there if looks.fullmatch(one.name))


def numbers_of(path: Path) -> list[int]:
    """Those of the files of a sequence that are there."""
    looks = numbered(path)
    return [int(found[1]) for one in numbered_files(path) if (found := looks.fullmatch(one.name))]


def _check_folder(path: Path, folder: Path) -> None:
    if not folder.is_dir():
        raise SinkError(f"{path}: its folder {folder} is not there: make it first")
    if not os.access(folder, os.W_OK):
        raise SinkError(f"{path}: its folder {folder} cannot be written: choose another")

"""The folder in which a long work is kept while it goes on: its segments, and how far it is."""

import fcntl
import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import SinkError
from stream.checkpoint import Checkpoint, load, save, sync_folder

T = TypeVar("T")

_ABOUT, _CHECKPOINT, _JOINING = "about.json", "checkpoint", "joining"


def work_folder(result: Path) -> Path:
    return result.parent / f".{result.name.replace('%', '_')}.work"


def is_joining(result: Path) -> bool:
    """Whether a work was interrupted while its result was being put in place."""
    return (work_folder(result) / _JOINING).exists()


class Work:
    """A hidden folder beside the result.

    `about` says what the work depends on: one that was begun with another is refused. Only one
    process works in it at a time.
    """

    def __init__(self, result: Path, about: dict[str, Any]) -> None:
        self.folder = work_folder(result)
        self._result, self._about = result, json.dumps(about, sort_keys=True, indent=1)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._claim()
            self.last = self._found(self.folder / _CHECKPOINT, Checkpoint)
            """Where to go on."""
        except BlockingIOError:
            os.close(self._lock)
            raise SinkError(f"{result}: another process is at work on it: wait for it") from None
        except BaseException:
            os.close(self._lock)
            raise

    def note(self, checkpoint: Checkpoint) -> None:
        """One more segment is done: from here on it is not made again."""
        save(checkpoint, self.folder / _CHECKPOINT)
        self.last = checkpoint

    def note_part(self, number: int, made: object) -> None:
        """A part is done, of a work whose parts are made in any order."""
        save(made, self._part(number))

    def part(self, number: int, kind: type[T]) -> T | None:
        """What was noted of it; None if it is still to be done."""
        return self._found(self._part(number), kind)

    def note_joining(self) -> None:
        """All segments are done: from here on what is in the result's place is ours."""
        (self.folder / _JOINING).touch()

    def close(self) -> None:
        """Let others work in it."""
        os.close(self._lock)

    def remove(self) -> None:
        """The result is in its place, and all this is no longer needed."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:06d}.part"

    def _claim(self) -> None:
        about = self.folder / _ABOUT
        if about.is_file() and about.read_text() != self._about:
            raise SinkError(
                f"{self._result}: what was begun in {self.folder} was of another input or with "
                "other options: use the same, or remove that folder"
            )
        scratch = about.with_suffix(".new")
        scratch.write_text(self._about)
        scratch.replace(about)
        sync_folder(self.folder)

    def _found(self, path: Path, kind: type[T]) -> T | None:
        try:
            return load(path, kind)
        except FileNotFoundError:
            return None
        except (pickle.UnpicklingError, EOFError, AttributeError) as error:
            raise SinkError(
                f"{self._result}: what was kept in {self.folder} cannot be used: {error}: remove "
                "that folder to begin anew"
            ) from None

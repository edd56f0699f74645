"""Pictures whose matte is in doubt, kept on this machine for `livematte eval`.

Each is a folder KIND/ID with `picture.png`, `matte.png` (ours, if it is known) and `case.json`.
Whoever draws the true matte puts it beside them as `truth.png`. Moving a folder changes its kind.
"""

import contextlib
import json
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Literal, get_args
from zipfile import ZipFile

import cv2

from pipeline.colour import Plane
from pipeline.doubt import Kind
from pipeline.errors import SinkError
from pipeline.frame import AlphaMatte, RgbImage, resize
from stream.convert import to_bytes

PICTURE, MATTE, TRUTH, NOTE = "picture.png", "matte.png", "truth.png", "case.json"
ROOT = "hard-cases"
"""The folder in a ZIP of them."""
KINDS: tuple[Kind, ...] = get_args(Kind)
Reason = Literal["marked", "doubtful"]
"""Who doubts: a person, or the pipeline."""
REASONS: tuple[Reason, ...] = get_args(Reason)
MOST_BYTES = 1 << 30
"""Of all that is kept. What is kept is never thrown away for what is new."""
KEPT_SIDE = 2048
"""Pixels of the longer side of a picture that is kept."""
_ID = re.compile(r"[0-9a-f]{16}")
_PART, _ABANDONED_S = ".part-", 3600.0
"""A folder that is being written, and the age from which on nobody writes it any more."""


@dataclass(frozen=True, slots=True)
class HardCase:
    """One picture. `created` is the time in UTC, ISO 8601; `bytes` what its files take."""

    id: str
    kind: Kind
    reason: Reason
    created: str
    doubts: tuple[str, ...]
    folder: Path
    bytes: int

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.id}"

    def file(self, name: str) -> Path | None:
        """One of its files; None if it has none of this name."""
        path = self.folder / name
        return path if path.is_file() else None


@dataclass(slots=True)
class HardCases:
    """All that a folder holds. It is made when there is something to keep. Blocks; thread-safe."""

    folder: Path
    most_bytes: int = MOST_BYTES
    now: Callable[[], float] = time.time
    """Seconds since 1970."""
    _lock: Lock = field(default_factory=Lock)

    def __iter__(self) -> Iterator[HardCase]:
        """The newest first."""
        found = [case for note in self.folder.glob(f"*/*/{NOTE}") if (case := _read(note))]
        return iter(sorted(found, key=lambda case: (case.created, case.id), reverse=True))

    def keep(
        self,
        rgb: RgbImage,
        alpha: AlphaMatte | None,
        kind: Kind,
        reason: Reason,
        doubts: Sequence[str] = (),
    ) -> HardCase:
        """Keep a picture and our matte of it, whole or not at all; SinkError if it cannot be.

        Both are made smaller if they are larger than what is kept. A picture keeps nothing of the
        file that it came from, neither its name nor where it was taken.
        """
        files = _files(rgb, alpha)
        created = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds")
        note = {"reason": reason, "created": created, "doubts": list(doubts)}
        files[NOTE] = json.dumps(note).encode()
        case_id = secrets.token_hex(8)
        try:
            with self._lock:
                self._make_room(sum(map(len, files.values())))
                self._write(files, self.folder / kind / case_id)
        except OSError as error:
            raise SinkError(f"hard cases: cannot be written: {error.strerror}") from None
        case = _read(self.folder / kind / case_id / NOTE)
        assert case
        return case

    def find(self, case_id: str) -> HardCase | None:
        if not _ID.fullmatch(case_id):
            return None
        return next(map(_read, self.folder.glob(f"*/{case_id}/{NOTE}")), None)

    def remove(self, case: HardCase) -> None:
        """It is gone at once, and whole; it may be gone already."""
        with self._lock:
            gone = Path(tempfile.mkdtemp(prefix=_PART, dir=self.folder))
            with contextlib.suppress(FileNotFoundError):
                case.folder.rename(gone / case.id)
            shutil.rmtree(gone, ignore_errors=True)

    def zipped(self) -> Iterator[bytes]:
        """A ZIP of the folder, file by file: no more than one is in memory."""
        out = _Outgoing()
        with ZipFile(out, "w") as archive:  # pictures do not become any smaller
            for case in self:
                for name in (PICTURE, MATTE, TRUTH, NOTE):
                    with contextlib.suppress(FileNotFoundError):  # or it has just been removed
                        archive.write(case.folder / name, f"{ROOT}/{case.name}/{name}")
                    if data := out.taken():
                        yield data
        yield out.taken()

    def _make_room(self, wanted: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for part in self.folder.glob(f"{_PART}*"):
            with contextlib.suppress(FileNotFoundError):  # another process has ended it
                if self.now() - part.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(part, ignore_errors=True)
        held = sum(case.bytes for case in self)
        if held + wanted > self.most_bytes:
            raise SinkError(
                f"hard cases: {held >> 20} of at most {self.most_bytes >> 20} MB are kept: "
                "export them and remove some"
            )

    def _write(self, files: dict[str, bytes], target: Path) -> None:
        """Beside, and moved into place."""
        part = Path(tempfile.mkdtemp(prefix=_PART, dir=self.folder))
        try:
            for name, data in files.items():
                (part / name).write_bytes(data)
            target.parent.mkdir(exist_ok=True)
            part.rename(target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise


def _files(rgb: RgbImage, alpha: AlphaMatte | None) -> dict[str, bytes]:
    height, width = rgb.shape[:2]
    scale = min(1.0, KEPT_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    files = {PICTURE: _png(cv2.cvtColor(resize(rgb, *size), cv2.COLOR_RGB2BGR))}
    if alpha is not None:
        files[MATTE] = _png(to_bytes(resize(alpha, *size)))
    return files


def _png(picture: Plane) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def _read(note: Path) -> HardCase | None:
    """What a folder holds; None if it is none of ours, or has just gone."""
    folder = note.parent
    kind = next((kind for kind in KINDS if kind == folder.parent.name), None)
    try:
        said = json.loads(note.read_bytes())
        held = sum(path.stat().st_size for path in folder.iterdir())
        made = said["reason"], str(said["created"]), tuple(said["doubts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return HardCase(folder.name, kind, *made, folder, held) if kind else None


class _Outgoing:
    """What a ZIP is written to, that cannot go back; gives what was written so far."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes, /) -> int:
        self._data += data
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def taken(self) -> bytes:
        data, self._data = bytes(self._data), bytearray()
        return data

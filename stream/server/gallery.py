"""The backgrounds that there are to choose from."""

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2

from pipeline.composite import Background, Picture
from pipeline.errors import OptionError
from pipeline.frame import RgbImage
from stream.background import PICTURES, open_background
from stream.server.picture_file import decode_picture, thumbnail
from stream.server.problems import Problem

logger = logging.getLogger(__name__)

VIDEOS = frozenset({".m4v", ".mkv", ".mov", ".mp4", ".webm"})
MOST_UPLOADS, MOST_OF_ONE = 64, 8
"""Uploads that are kept in all, and of one browser; the oldest go."""
UPLOAD_SECONDS = 12 * 3600.0
"""How long an upload is kept."""

Kind = Literal["blur", "colour", "picture", "video", "transparent"]
_OPEN: tuple[tuple[str, str, Kind], ...] = (
    ("blur", "Blur", "blur"),
    ("transparent", "Transparent", "transparent"),
    ("#202830", "Dark slate", "colour"),
    ("#f2efe9", "Warm white", "colour"),
    ("#00b140", "Green screen", "colour"),
)
"""What every server has: id, title, kind."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One background; `source` is the file or the upload that it is made of."""

    id: str
    title: str
    kind: Kind
    source: "Path | RgbImage | None" = None
    owner: str | None = None
    """Of an upload: the browser that brought it, which alone is shown it."""
    born: float = 0.0

    @property
    def value(self) -> str:
        """What chooses it among a call's options."""
        return f"picture:{self.id}" if self.kind in ("picture", "video") else self.id

    def as_dict(self) -> dict[str, Any]:
        path = f"backgrounds/{self.id}/thumbnail" if self.kind == "picture" else None
        return {
            "id": self.id,
            "value": self.value,
            "title": self.title,
            "kind": self.kind,
            "thumbnail": path,
            "mine": self.owner is not None,
        }


@dataclass
class Gallery:
    """Built-in backgrounds, those of a folder, and uploads, which live in memory for a while."""

    folder: Path | None = None
    clock: Callable[[], float] = time.monotonic
    _entries: dict[str, Entry] = field(default_factory=dict)
    _decoding: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        for entry in [*(Entry(*named) for named in _OPEN), *_of_folder(self.folder)]:
            self._entries[entry.id] = entry

    def entries(self, owner: str) -> list[dict[str, Any]]:
        """What a browser is shown: what is there for all, and its own."""
        self._forget_old()
        shown = (entry for entry in self._entries.values() if entry.owner in (None, owner))
        return [entry.as_dict() for entry in shown]

    async def open(self, text: str) -> Background:
        """A background as a call's options name it; OptionError if there is none."""
        if not text.startswith("picture:"):
            return open_background(text)
        entry = self._find(text.removeprefix("picture:"))
        if isinstance(entry.source, Path):
            return await asyncio.to_thread(_open_file, entry.source, entry.title)
        assert entry.source is not None
        return Picture(entry.source)

    async def as_argument(self, text: str, folder: Path) -> str:
        """The same as `livematte file` takes it; an upload is written into `folder` for that."""
        if not text.startswith("picture:"):
            return text
        source = self._find(text.removeprefix("picture:")).source
        if isinstance(source, Path):
            return str(source.resolve())
        assert source is not None
        target = folder / "background.png"
        bgr = cv2.cvtColor(source, cv2.COLOR_RGB2BGR)
        await asyncio.to_thread(cv2.imwrite, str(target), bgr)
        return str(target)

    async def add(self, data: bytes, title: str, owner: str) -> Entry:
        """Keep an upload; Problem 415 or 422. One is decoded at a time."""
        async with self._decoding:
            picture = await asyncio.to_thread(decode_picture, data)
        entry = Entry(secrets.token_urlsafe(16), title, "picture", picture, owner, self.clock())
        self._make_room(owner)
        self._entries[entry.id] = entry
        return entry

    def remove(self, name: str, owner: str) -> None:
        """Forget an upload of one's own; Problem 404."""
        entry = self._entries.get(name)
        if entry is None or entry.owner != owner:
            raise Problem(404, "There is no such background of yours.")
        del self._entries[name]

    async def thumbnail(self, name: str) -> bytes:
        """A small JPEG of a picture; Problem 404."""
        entry = self._entries.get(name)
        if entry is None or entry.kind != "picture":
            raise Problem(404, "There is no such picture.")
        return await asyncio.to_thread(_thumbnail, entry)

    def _find(self, name: str) -> Entry:
        if name not in self._entries:
            raise OptionError(f"background 'picture:{name}': there is none of this name (any more)")
        return self._entries[name]

    def _uploads(self, owner: str | None = None) -> list[Entry]:
        """The oldest first."""
        return [
            entry
            for entry in self._entries.values()
            if entry.owner is not None and owner in (None, entry.owner)
        ]

    def _make_room(self, owner: str) -> None:
        self._forget_old()
        for uploads, most in ((self._uploads(owner), MOST_OF_ONE), (self._uploads(), MOST_UPLOADS)):
            if len(uploads) >= most:
                self._entries.pop(uploads[0].id, None)

    def _forget_old(self) -> None:
        for entry in self._uploads():
            if self.clock() - entry.born > UPLOAD_SECONDS:
                del self._entries[entry.id]


def _of_folder(folder: Path | None) -> list[Entry]:
    """Names in URLs are digests: no path comes from outside."""
    entries = []
    for path in sorted(folder.iterdir()) if folder else []:
        suffix = path.suffix.lower()
        if path.is_file() and suffix in PICTURES | VIDEOS:
            name = hashlib.sha256(path.name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
            kind: Kind = "picture" if suffix in PICTURES else "video"
            entries.append(Entry(name, path.stem, kind, path))
    return entries


def _open_file(path: Path, title: str) -> Background:
    try:
        return open_background(str(path))
    except OptionError as error:
        logger.warning("%s", error)
        raise OptionError(f"background {title!r}: its file cannot be read") from None


def _thumbnail(entry: Entry) -> bytes:
    if isinstance(entry.source, Path):
        picture = cv2.imread(str(entry.source), cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise Problem(404, "This picture cannot be read.")
        return thumbnail(picture.astype("uint8", copy=False))
    assert entry.source is not None
    return thumbnail(entry.source)

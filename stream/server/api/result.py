"""What became of a picture, as it is kept: its files, and what is said of them."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

_MARK = b"livematte result 1 "


@dataclass(frozen=True, slots=True)
class Result:
    """A picture's files and what is said of them; `made` is when, in seconds since 1970."""

    picture: bytes
    matte: bytes
    """A grey PNG; empty where nobody asks for one."""
    output: str
    width: int
    height: int
    made: float
    scaled_from: tuple[int, int] | None = None
    """The width and height at which it was matted, where that was less than its own."""
    doubts: list[str] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        """A line of JSON, then both files."""
        about = {name: value for name, value in asdict(self).items() if type(value) is not bytes}
        sizes = {"picture": len(self.picture), "matte": len(self.matte)}
        line = json.dumps(about | {"sizes": sizes}).encode()
        return b"".join((_MARK, line, b"\n", self.picture, self.matte))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self | None:
        """None for what was not written by `to_bytes`, or is not whole."""
        if not data.startswith(_MARK):
            return None
        try:
            line, _, files = data[len(_MARK) :].partition(b"\n")
            about: dict[str, Any] = json.loads(line)
            sizes = about.pop("sizes")
            cut = sizes["picture"]
            if len(files) != cut + sizes["matte"]:
                return None
            size = about.pop("scaled_from")
            return cls(files[:cut], files[cut:], scaled_from=tuple(size) if size else None, **about)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

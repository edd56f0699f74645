"""The text fields of a form or a query, each read as what it stands for."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from stream.server.options import BACKGROUND
from stream.server.problems import Problem

T = TypeVar("T")
_TRUE, _FALSE = frozenset({"1", "on", "true", "yes"}), frozenset({"0", "no", "off", "false"})
_REAL = r"-?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?"


class Fields:
    """Text fields, each read as what it stands for; Problem 422 says what was wanted."""

    def __init__(self, fields: Mapping[str, str], *known: str) -> None:
        """If there are `known` names, no others are taken."""
        self._fields = fields
        for name in fields if known else ():
            if name not in known:
                raise Problem(422, f"field {name[:40]!r}: one of file, {', '.join(known)}.")

    def one_of(self, name: str, choices: Sequence[T], usual: T) -> T:
        found = {str(choice): choice for choice in choices}
        return self.read(name, usual, found.get, f"one of {', '.join(found)}")

    def boolean(self, name: str, usual: bool) -> bool:
        def read(text: str) -> bool | None:
            word = text.lower()
            return word in _TRUE if word in _TRUE | _FALSE else None

        return self.read(name, usual, read, "true or false")

    def number(self, name: str, usual: int, least: float, most: float) -> int:
        def read(text: str) -> int | None:
            number = int(text) if re.fullmatch(r"-?\d{1,9}", text, re.ASCII) else None
            return number if number is not None and least <= number <= most else None

        return self.read(name, usual, read, f"a whole number from {least:g} to {most:g}")

    def real(self, name: str, usual: float, least: float, most: float) -> float:
        def read(text: str) -> float | None:
            number = float(text) if re.fullmatch(_REAL, text, re.ASCII) else math.nan
            return number if least <= number <= most else None

        return self.read(name, usual, read, f"a number from {least:g} to {most:g}")

    def background(self, usual: str) -> str:
        wanted = "transparent, blur, blur:RADIUS from 1 to 500, green, #RRGGBB or picture:ID"
        return self.read("background", usual, _background, wanted)

    def rgba(self, name: str) -> tuple[int, int, int, int] | None:
        return self.read(name, None, _rgba, "four numbers from 0 to 255, such as 255,255,255,255")

    def read(self, name: str, usual: T, read: Callable[[str], T | None], wanted: str) -> T:
        """What `read` makes of a field; where that is None, it is not what was `wanted`."""
        if name not in self._fields:
            return usual
        value = read(self._fields[name])
        if value is None:
            raise Problem(422, f"{name} {self._fields[name][:80]!r}: {wanted}.")
        return value


def _background(text: str) -> str | None:
    if not BACKGROUND.fullmatch(text):
        return None
    kind, _, radius = text.partition(":")
    return text if kind != "blur" or not radius or 1 <= float(radius) <= 500 else None


def _rgba(text: str) -> tuple[int, int, int, int] | None:
    if not re.fullmatch(r"\d{1,3}(,\d{1,3}){3}", text, re.ASCII):
        return None
    red, green, blue, alpha = (int(part) for part in text.split(","))
    return (red, green, blue, alpha) if max(red, green, blue, alpha) <= 255 else None

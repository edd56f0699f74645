"""What a request may choose, out of the text fields of its form or its query."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar, get_args

from pipeline.closed_form import ClosedForm
from pipeline.refine import GanRefiner
from stream.server.options import BACKGROUND
from stream.server.problems import Problem

T = TypeVar("T")
PictureOutput = Literal["png", "webp"]
VideoOutput = Literal["mp4", "webm", "mov"]
GAN, CLOSED_FORM = GanRefiner.name, ClosedForm.name
"""What may refine a picture's edge."""
LEAST_SIDE = 64
"""Pixels: a matte made at less is of no use."""
_TRUE, _FALSE = frozenset({"1", "on", "true", "yes"}), frozenset({"0", "no", "off", "false"})


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """How a picture is matted."""

    model: str
    enable_gan: bool = True
    """Whether the edge's generator refines it."""
    background: str = "transparent"
    output: PictureOutput = "png"
    max_side: int = 2048
    edges: str = GAN
    """What refines the edge, of those that this server has."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RembgOptions:
    """The same, in the words of rembg's server."""

    model: str
    alpha_matting: bool = False
    limits: tuple[int, int, int] = (240, 10, 10)
    """Of alpha matting: levels of 255 above which the matte is certain and below which it is
    background, and pixels by which both are eroded."""
    only_mask: bool = False
    post_process: bool = False
    background: tuple[int, int, int, int] | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """How a clip is matted."""

    model: str
    background: str = "transparent"
    enable_gan: bool = True
    output: VideoOutput = "webm"


def picture_options(
    fields: Mapping[str, str],
    models: Sequence[str],
    default_model: str,
    longest_side: int,
    edges: Sequence[str],
) -> PictureOptions:
    """Problem 422 for a field that is unknown or makes no sense."""
    taken = Fields(fields, "enable_gan", "model", "background", "output", "max_side", "edges")
    return PictureOptions(
        taken.one_of("model", models, default_model),
        taken.boolean("enable_gan", True),
        taken.background("transparent"),
        taken.one_of("output", get_args(PictureOutput), "png"),
        taken.number("max_side", longest_side, LEAST_SIDE, longest_side),
        taken.one_of("edges", edges, GAN),
    )


def video_options(
    fields: Mapping[str, str], models: Sequence[str], default_model: str
) -> VideoOptions:
    """Problem 422, also where the file could not hold what is asked for."""
    taken = Fields(fields, "enable_gan", "model", "background", "output")
    background = taken.background("transparent")
    usual = "webm" if background == "transparent" else "mp4"
    output = taken.one_of("output", get_args(VideoOutput), usual)
    if (background, output) == ("transparent", "mp4"):
        raise Problem(422, "output 'mp4': holds no transparency: choose webm, mov or a background.")
    model = taken.one_of("model", models, default_model)
    return VideoOptions(model, background, taken.boolean("enable_gan", True), output)


def rembg_options(
    fields: Mapping[str, str], models: Sequence[str], default_model: str
) -> RembgOptions:
    """Problem 422. What rembg's server has and this one does not is passed over, as is there."""
    taken = Fields(fields)
    return RembgOptions(
        taken.one_of("model", models, default_model),
        taken.boolean("a", False),
        (
            taken.number("af", 240, 0, 255),
            taken.number("ab", 10, 0, 255),
            taken.number("ae", 10, 0, 10_000),
        ),
        taken.boolean("om", False),
        taken.boolean("ppm", False),
        taken.rgba("bgc"),
    )


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
        return self._read(name, usual, found.get, f"one of {', '.join(found)}")

    def boolean(self, name: str, usual: bool) -> bool:
        def read(text: str) -> bool | None:
            word = text.lower()
            return word in _TRUE if word in _TRUE | _FALSE else None

        return self._read(name, usual, read, "true or false")

    def number(self, name: str, usual: int, least: int, most: int) -> int:
        def read(text: str) -> int | None:
            number = int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else -1
            return number if least <= number <= most else None

        return self._read(name, usual, read, f"a whole number from {least} to {most}")

    def background(self, usual: str) -> str:
        wanted = "transparent, blur, blur:RADIUS from 1 to 500, green, #RRGGBB or picture:ID"
        return self._read("background", usual, _background, wanted)

    def rgba(self, name: str) -> tuple[int, int, int, int] | None:
        return self._read(name, None, _rgba, "four numbers from 0 to 255, such as 255,255,255,255")

    def _read(self, name: str, usual: T, read: Callable[[str], T | None], wanted: str) -> T:
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

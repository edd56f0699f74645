"""What a request may choose, out of the text fields of its form or its query."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from pipeline.closed_form import ClosedForm
from pipeline.matte_options import AS_FOUND, MatteOptions
from pipeline.refine import GanRefiner
from stream.server.api.fields import Fields
from stream.server.api.matte_fields import MATTE_FIELDS, read_matte
from stream.server.problems import Problem

PictureOutput = Literal["png", "webp"]
VideoOutput = Literal["mp4", "webm", "mov"]
GAN, CLOSED_FORM = GanRefiner.name, ClosedForm.name
"""What may refine a picture's edge."""
LEAST_SIDE = 64
"""Pixels: a matte made at less is of no use."""


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
    matte: MatteOptions = AS_FOUND

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
    matte: MatteOptions = AS_FOUND


def picture_options(
    fields: Mapping[str, str],
    models: Sequence[str],
    default_model: str,
    longest_side: int,
    edges: Sequence[str],
) -> PictureOptions:
    """Problem 422 for a field that is unknown or makes no sense."""
    names = "enable_gan", "model", "background", "output", "max_side", "edges"
    taken = Fields(fields, *names, *MATTE_FIELDS)
    return PictureOptions(
        taken.one_of("model", models, default_model),
        taken.boolean("enable_gan", True),
        taken.background("transparent"),
        taken.one_of("output", get_args(PictureOutput), "png"),
        taken.number("max_side", longest_side, LEAST_SIDE, longest_side),
        taken.one_of("edges", edges, GAN),
        read_matte(taken),
    )


def video_options(
    fields: Mapping[str, str], models: Sequence[str], default_model: str
) -> VideoOptions:
    """Problem 422, also where the file could not hold what is asked for."""
    taken = Fields(fields, "enable_gan", "model", "background", "output", *MATTE_FIELDS)
    background = taken.background("transparent")
    usual = "webm" if background == "transparent" else "mp4"
    output = taken.one_of("output", get_args(VideoOutput), usual)
    if (background, output) == ("transparent", "mp4"):
        raise Problem(422, "output 'mp4': holds no transparency: choose webm, mov or a background.")
    model = taken.one_of("model", models, default_model)
    enable_gan = taken.boolean("enable_gan", True)
    return VideoOptions(model, background, enable_gan, output, read_matte(taken))


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

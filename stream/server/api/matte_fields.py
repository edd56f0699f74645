"""What a request may want of a matte: fields that are the same for pictures and for clips."""

import contextlib
from dataclasses import asdict

from pipeline.choice import PART, Keep, parse_keep
from pipeline.errors import OptionError
from pipeline.matte_options import MatteOptions
from pipeline.shape import AS_IT_IS, LIMITS, Shape
from stream.server.api.fields import Fields
from stream.server.api.schemas import BOOLEAN, Json, number, real

MATTE_FIELDS = ("keep", *LIMITS, "correct_colours")
_SAID = {
    "opening": "Radius in pixels of a disc: what is thinner is taken away.",
    "closing": "Radius in pixels of a disc: holes and gaps that are narrower are filled.",
    "smallest": "Regions that cover less than so many per cent of the picture are taken away.",
    "shift": "Pixels by which the edge is moved outward or, below 0, inward.",
    "feather": "Pixels of a soft ramp outside the edge or, below 0, inside it.",
    "gamma": "Above 1 what is half transparent becomes more opaque, below 1 less.",
}


def read_matte(taken: Fields) -> MatteOptions:
    """Problem 422 for what makes no sense."""

    def pixels(name: str) -> int:
        return taken.number(name, getattr(AS_IT_IS, name), *LIMITS[name])

    def share(name: str) -> float:
        return taken.real(name, getattr(AS_IT_IS, name), *LIMITS[name])

    shape = Shape(
        opening=pixels("opening"),
        closing=pixels("closing"),
        smallest=share("smallest"),
        shift=pixels("shift"),
        feather=pixels("feather"),
        gamma=share("gamma"),
    )
    wanted = "all, largest, centre, or X,Y in parts of width and height, from 0 to 1"
    keep: Keep = taken.read("keep", "all", _keep, wanted)
    return MatteOptions(keep, shape, taken.boolean("correct_colours", True))


def _keep(text: str) -> Keep | None:
    with contextlib.suppress(OptionError):
        return parse_keep(text)
    return None


def matte_schemas() -> Json:
    """The same for programs, by the fields' names."""
    usual = asdict(AS_IT_IS)
    kinds = {name: number if type(value) is int else real for name, value in usual.items()}
    shape = {
        name: kinds[name](*LIMITS[name], usual[name]) | {"description": _SAID[name]}
        for name in LIMITS
    }
    keep = {
        "type": "string",
        "pattern": rf"^(all|largest|centre|{PART},{PART})$",
        "default": "all",
        "description": "Which subject, where there are several: all, the largest, the one in the "
        "middle, or the one at X,Y, in parts of width and height; a clip follows it.",
    }
    colours = {
        "default": True,
        "description": "Free the colours at the edge of the old background.",
    }
    return {"keep": keep, **shape, "correct_colours": BOOLEAN | colours}


def matte_arguments(options: MatteOptions) -> list[str]:
    """The same for `livematte file`."""
    keep = options.keep if isinstance(options.keep, str) else "{:.9f},{:.9f}".format(*options.keep)
    shape = [f"--{name}={value}" for name, value in asdict(options.shape).items()]
    colours = "--correct-colours" if options.correct_colours else "--no-correct-colours"
    return [f"--keep={keep}", *shape, colours]

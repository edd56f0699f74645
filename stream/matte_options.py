"""The options by which `image` and `file` say what is wanted of the matte."""

from typing import Annotated

import typer

_PANEL = "Matte"

KeepOption = Annotated[
    str,
    typer.Option(
        metavar="all|largest|centre|X,Y",
        help="Which subject, where there are several: all, the largest, the one in the middle, or "
        "the one at a point in parts of width and height, 0.25,0.5. A video follows it.",
        rich_help_panel=_PANEL,
    ),
]
OpeningOption = Annotated[
    int,
    typer.Option(
        metavar="PIXELS",
        help="Take away what is thinner than a disc of this radius: specks, straps, cables.",
        rich_help_panel=_PANEL,
    ),
]
ClosingOption = Annotated[
    int,
    typer.Option(
        metavar="PIXELS",
        help="Fill holes and gaps that are narrower than a disc of this radius.",
        rich_help_panel=_PANEL,
    ),
]
SmallestOption = Annotated[
    float,
    typer.Option(
        metavar="PERCENT",
        help="Take away regions that cover less of the frame: 0.5 takes specks and cups.",
        rich_help_panel=_PANEL,
    ),
]
ShiftOption = Annotated[
    int,
    typer.Option(
        metavar="PIXELS",
        help="Move the edge outward, or below 0 inward: -1 or -2 against a fringe.",
        rich_help_panel=_PANEL,
    ),
]
FeatherOption = Annotated[
    int,
    typer.Option(
        metavar="PIXELS",
        help="Soften the edge by a ramp so wide, outside of it or, below 0, inside.",
        rich_help_panel=_PANEL,
    ),
]
GammaOption = Annotated[
    float,
    typer.Option(
        help="Above 1 what is half transparent becomes more opaque, below 1 less: 1.5 for fuller "
        "hair.",
        rich_help_panel=_PANEL,
    ),
]
CorrectColoursOption = Annotated[
    bool,
    typer.Option(
        help="Free the colours at the edge of the old background, or leave them as they are.",
        rich_help_panel=_PANEL,
    ),
]

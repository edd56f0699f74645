"""The options of `livematte serve` for pictures and clips by request."""

from pathlib import Path
from typing import Annotated

import typer

RedisOption = Annotated[
    str | None,
    typer.Option(
        envvar="LIVEMATTE_REDIS",
        help="redis://HOST:6379/0 of results that several servers share; rather set the variable "
        "if there is a password in it.",
    ),
]
WorkDirOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Where results and clips lie meanwhile; by default the user's cache."
    ),
]
KeepHoursOption = Annotated[
    float, typer.Option(min=0.01, help="For which a result can be fetched.")
]
KeepMbOption = Annotated[
    int, typer.Option(min=1, help="Of results on disk, in MiB, and as much again of clips.")
]
UploadMbOption = Annotated[int, typer.Option(min=1, help="Of a picture's file, in MiB, at most.")]
VideoMbOption = Annotated[int, typer.Option(min=1, help="Of a clip's file, in MiB, at most.")]
MaxPixelsOption = Annotated[
    int, typer.Option(min=1, help="Of a picture; what is larger is refused before it is decoded.")
]
MaxSideOption = Annotated[
    int,
    typer.Option(
        min=64, max=16_384, help="A longer picture is matted at this size, its edge at its own."
    ),
]
JobsOption = Annotated[int, typer.Option(min=1, help="Pictures to work on at once.")]
QueueOption = Annotated[
    int, typer.Option(min=0, help="Pictures that may wait; more are asked to try again.")
]
UrlHostOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="A host from which `GET /api/remove?url=` may fetch; may be repeated. Never a "
        "private address.",
    ),
]

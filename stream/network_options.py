"""The options by which every command chooses its network and what runs it."""

from typing import Annotated

import typer

from pipeline.patch_network import Refine
from pipeline.runtime import Precision, RuntimeName

SizeOption = Annotated[
    int | None,
    typer.Option(help="Side of the network's input, a multiple of 32; by default the model's."),
]
RuntimeOption = Annotated[
    RuntimeName, typer.Option(help="What runs the network; auto takes the best that works here.")
]
PrecisionOption = Annotated[
    Precision, typer.Option(help="Of the network's numbers; auto takes the fastest that is right.")
]
ThreadsOption = Annotated[int, typer.Option(help="For the network; 0: all processors.")]
RequireGpuOption = Annotated[
    bool, typer.Option("--require-gpu", help="Fail rather than run on the processor.")
]
RefineOption = Annotated[
    Refine,
    typer.Option(
        help="The edge, in patches at the frame's own resolution; auto: while the budget lasts, "
        "on: all of it, off: alpha as the network saw it."
    ),
]
BudgetOption = Annotated[
    float | None,
    typer.Option(min=0, help="Milliseconds for a frame, to hold which quality is given up."),
]

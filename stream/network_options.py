"""The options by which every command chooses its network and what runs it."""

import math
from typing import Annotated

import typer

from pipeline.models import MODEL_FOR, Subject
from pipeline.patch_network import Refine
from pipeline.runtime import Precision, RuntimeName

ModelOption = Annotated[
    str | None,
    typer.Option(
        help="A name of `livematte models list`, or the path of an .onnx file; by default "
        "what suits the subject.",
        show_default=False,
    ),
]
SubjectOption = Annotated[
    Subject, typer.Option(help="What is taken out: a person, or any thing that stands out.")
]
SizeOption = Annotated[
    int | None,
    typer.Option(help="Side of the network's input, a multiple of 32; by default the model's."),
]
MirrorOption = Annotated[
    bool,
    typer.Option(
        "--mirror",
        help="Look at everything in a mirror, too, and take the mean: steadier mattes, for "
        "twice the network's time.",
    ),
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
        help="The edge, patch by patch at the frame's own resolution: auto, while the budget "
        "lasts and without one all of it; on, all of it whatever that takes; or off. Where it is "
        "all of it outlines are looked at again first, closer."
    ),
]
EdgesOption = Annotated[
    str,
    typer.Option(
        metavar="gan|closed-form|PATH",
        help="What refines the edge: our generator, patch by patch; closed-form matting, some "
        "seconds a picture (pip install 'livematte[matting]'); or a matting network, an .onnx file "
        "that takes a picture and a trimap.",
    ),
]
BudgetOption = Annotated[
    float | None,
    typer.Option(min=0, help="Milliseconds for a frame, to hold which quality is given up."),
]

IceServerOption = Annotated[
    list[str] | None,
    typer.Option(
        help="stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT, for peers beyond a router; "
        "may be repeated."
    ),
]


def seconds(budget_ms: float | None) -> float:
    """A budget, as a pipeline takes it."""
    return math.inf if budget_ms is None else budget_ms / 1e3


def model_for(model: str | None, subject: Subject) -> str:
    """The model that was asked for, or else what suits the subject."""
    return model or MODEL_FOR[subject]

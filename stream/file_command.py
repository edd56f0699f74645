"""`livematte file IN OUT`, `livematte file IN… --output-dir DIR`."""

import importlib.util
import json
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from pipeline.choice import parse_keep
from pipeline.composite import Transparent
from pipeline.errors import OptionError, SourceError
from pipeline.matte_options import MatteOptions
from pipeline.runtime import RuntimeOptions
from pipeline.shape import Shape
from stream.background import open_background
from stream.encoders import ENCODERS
from stream.engine import Engine, EngineName, LocalEngine
from stream.file_job import FileOptions
from stream.file_report import lost, sentence
from stream.formats import CONTAINERS, alpha_extensions, choose_format
from stream.inputs import PICTURES_A_SECOND
from stream.jobs import many, single
from stream.loaded_networks import NetworkChoice
from stream.matte_options import (
    ClosingOption,
    CorrectColoursOption,
    FeatherOption,
    GammaOption,
    KeepOption,
    OpeningOption,
    ShiftOption,
    SmallestOption,
)
from stream.network_options import (
    BudgetOption,
    EdgesOption,
    MirrorOption,
    ModelOption,
    PrecisionOption,
    RefineOption,
    RequireGpuOption,
    RuntimeOption,
    SizeOption,
    SubjectOption,
    ThreadsOption,
    model_for,
    seconds,
)
from stream.progress import ProgressKind
from stream.session import FILE
from stream.video_file import Encoding

_EXTENSIONS = ", ".join(CONTAINERS)
_CODECS = ", ".join(ENCODERS)
FASTEST = 1000
"""Pictures a second."""
EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "livematte file talk.mp4 out.mp4 --background beach.jpg",
        "livematte file talk.mp4 out.webm --background transparent",
        "livematte file talk.mp4 out.mp4 -b blur:30 --start 10 --duration 5",
        "livematte file talk.mp4 frames/%06d.png -b transparent",
        "livematte file panel.mp4 out.mp4 --keep centre --smallest 1",
        "livematte file shot/%04d.png out.mov -b transparent --fps 24",
        "livematte file talk.mp4 out.mp4 -b transparent --alpha-output matte.mp4",
        "livematte file talk.mp4 out.mp4 -b transparent --stacked",
        "livematte file talks/ more.mov --output-dir done --resume",
    )
)


def file(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="IN... OUT",
            help=f"The video to matte and what to write: {_EXTENSIONS}. With --output-dir any "
            "number of videos, and folders of them.",
            show_default=False,
        ),
    ],
    background: Annotated[
        str,
        typer.Option(
            "--background",
            "-b",
            help="blur, blur:RADIUS in pixels, green, #RRGGBB, the path of an image or a video, or "
            f"transparent (to {alpha_extensions()}).",
        ),
    ] = "blur",
    subject: SubjectOption = "person",
    model: ModelOption = None,
    size: SizeOption = None,
    mirror: MirrorOption = False,
    runtime: RuntimeOption = "auto",
    precision: PrecisionOption = "auto",
    threads: ThreadsOption = 0,
    require_gpu: RequireGpuOption = False,
    refine: RefineOption = "auto",
    edges: EdgesOption = "gan",
    budget: BudgetOption = None,
    keep: KeepOption = "all",
    opening: OpeningOption = 0,
    closing: ClosingOption = 0,
    smallest: SmallestOption = 0.0,
    shift: ShiftOption = 0,
    feather: FeatherOption = 0,
    gamma: GammaOption = 1.0,
    correct_colours: CorrectColoursOption = True,
    smooth: Annotated[bool, typer.Option(help="Steady the matte over time.")] = True,
    output_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write each IN into this folder, under its own name."),
    ] = None,
    extension: Annotated[
        str | None,
        typer.Option(help="Of what --output-dir gets: by default .mp4, or .webm for transparent."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Keep the work in segments; the same again goes on where it stopped."
        ),
    ] = False,
    engine: Annotated[
        EngineName,
        typer.Option(
            help="Where the work is done: on this machine, or on all machines of a Ray cluster, as "
            "with --resume."
        ),
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="The cluster's head; by default a cluster that this machine is part of.",
        ),
    ] = None,
    alpha_output: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Also write the matte, white on black, as a video."),
    ] = None,
    stacked: Annotated[
        bool, typer.Option("--stacked", help="Transparent: colours above, matte below, in OUT.")
    ] = False,
    codec: Annotated[
        str | None, typer.Option(help=f"{_CODECS}; by default what suits the extension.")
    ] = None,
    crf: Annotated[
        int | None, typer.Option(help="Quality: lower is better and larger (H.264: 0 to 51, 20).")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="The encoder's preset: slower is smaller (H.264: veryfast).")
    ] = None,
    start: Annotated[float, typer.Option(help="Begin here, in seconds.")] = 0.0,
    duration: Annotated[float | None, typer.Option(help="Take only so many seconds.")] = None,
    fps: Annotated[
        str, typer.Option(help="Of numbered pictures as IN, frames/%06d.png: so many a second.")
    ] = str(PICTURES_A_SECOND),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace OUT if it is there.")
    ] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read OUT back and fail if alpha or colours were lost."),
    ] = False,
    progress: Annotated[
        ProgressKind, typer.Option(help="How far it is, on standard error.")
    ] = ProgressKind.AUTO,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output at the end.")
    ] = False,
) -> None:
    """Put the people of a video before another background.

    Sound, time stamps, size and colours stay as they are.

    What Ctrl-C interrupts is kept as NAME.partial.EXT, or with --resume to go on.
    """
    shape = Shape(opening, closing, smallest, shift, feather, gamma)
    wanted = MatteOptions(parse_keep(keep), shape, correct_colours)
    options = FileOptions(
        background,
        smooth,
        Encoding(codec, crf, preset),
        alpha_output,
        stacked,
        start,
        duration,
        overwrite,
        verify,
        resume or engine == "ray",
        progress,
        _rate(fps),
        wanted,
    )
    runtimes = RuntimeOptions(runtime, precision, threads, require_gpu, FILE.segmenters)
    sizes = (size,) if size else ()
    name = model_for(model, subject)
    choice = NetworkChoice(name, runtimes, sizes, refine, seconds(budget), edges, mirror)
    engines = _engine(engine, ray_address, choice)
    if output_dir is None:
        report = engines.one(single(paths), options)
        typer.echo(json.dumps(report) if as_json else sentence(report))
        if report["losses"]:
            raise SourceError(lost(report))
        return
    if alpha_output is not None:
        raise OptionError(
            f"--alpha-output {alpha_output}: one file cannot be for many: leave it out"
        )
    transparent = isinstance(open_background(background), Transparent) and not stacked
    suffix = extension or (".webm" if transparent else ".mp4")
    choose_format(Path(f"any{suffix}"), codec, "channel" if transparent else "nothing")
    done = engines.many(many(paths, output_dir, suffix), options, as_json=as_json)
    typer.echo(json.dumps(asdict(done)) if as_json else done.sentence)
    if done.failed:
        raise typer.Exit(1)


def _rate(fps: str) -> Fraction:
    try:
        rate = Fraction(fps)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= FASTEST:
        raise OptionError(f"--fps {fps}: it is a number such as 24 or 30000/1001")
    return rate


def _engine(name: EngineName, address: str | None, choice: NetworkChoice) -> Engine:
    if name == "local":
        if address is not None:
            raise OptionError(f"--ray-address {address}: it is for --engine ray alone")
        return LocalEngine(choice)
    if importlib.util.find_spec("ray") is None:
        raise OptionError("--engine ray: Ray is not installed: pip install 'livematte[ray]'")
    from stream.ray_engine import RayEngine  # takes seconds

    return RayEngine(choice, address)

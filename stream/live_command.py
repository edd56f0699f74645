"""`livematte live SOURCE SINK`."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from pipeline.composite import Transparent
from pipeline.errors import Interruption, OptionError, SinkClosedError, SourceError
from pipeline.matting import Matting
from pipeline.runtime import RuntimeOptions
from stream.background import open_background
from stream.loaded_networks import LoadedNetworks
from stream.network_options import (
    BudgetOption,
    ModelOption,
    PrecisionOption,
    RefineOption,
    RequireGpuOption,
    RuntimeOption,
    SubjectOption,
    ThreadsOption,
    model_for,
    seconds,
)
from stream.pipe import Pipe
from stream.pipe_format import InputFormat, RawVideo, output_format
from stream.pipe_sink import PipeSink
from stream.pipe_source import PipeSource
from stream.session import FILE, run_session

EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "ffmpeg -i in.mp4 -f yuv4mpegpipe - | livematte live - - -b blur | ffmpeg -i - out.mp4",
        "ffmpeg -i in.mp4 -f rawvideo -pix_fmt yuv420p - | livematte live - - --input-format raw "
        "--size 1280x720 --fps 30 --pixel-format yuv420p -b transparent --output-pixel-format rgba "
        "| ffmpeg -f rawvideo -video_size 1280x720 -framerate 30 -pixel_format rgba -i - out.mov",
    )
)
_PIPE = "-"


def live(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="-: standard input.")],
    sink: Annotated[str, typer.Argument(metavar="SINK", help="-: standard output.")],
    background: Annotated[
        str, typer.Option("--background", "-b", help="As of `livematte file`.")
    ] = "blur",
    input_format: Annotated[
        InputFormat, typer.Option(help="y4m is YUV4MPEG2; raw has no header.")
    ] = "y4m",
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="Of raw pictures, as 1280x720.")
    ] = None,
    fps: Annotated[
        str | None, typer.Option(metavar="RATE", help="Of raw pictures, as 25 or 30000/1001.")
    ] = None,
    pixel_format: Annotated[
        str | None, typer.Option(help="Of raw pictures, in FFmpeg's words, as yuv420p or rgba.")
    ] = None,
    output_pixel_format: Annotated[
        str | None,
        typer.Option(
            help="Write raw pictures of this format: with alpha yuva420p or rgba. By default "
            "YUV4MPEG2 is written."
        ),
    ] = None,
    subject: SubjectOption = "person",
    model: ModelOption = None,
    refine: RefineOption = "auto",
    budget: BudgetOption = None,
    smooth: Annotated[bool, typer.Option(help="Steady the matte over time.")] = True,
    runtime: RuntimeOption = "auto",
    precision: PrecisionOption = "auto",
    threads: ThreadsOption = 0,
    require_gpu: RequireGpuOption = False,
) -> None:
    """Matte video that comes through a pipe, and pass it on through another.

    Every picture is matted, in order: who writes waits. When the reader leaves it ends quietly.
    """
    for end, name in ((source, "SOURCE"), (sink, "SINK")):
        if end != _PIPE:
            raise OptionError(f"{name} {end!r}: it is -, a pipe; for files there is livematte file")
    raw = _raw(input_format, size, fps, pixel_format)
    behind = open_background(background)
    form = output_format(output_pixel_format, transparent=isinstance(behind, Transparent))
    if sys.stdin.isatty() or sys.stdout.isatty():
        raise OptionError("livematte live - -: a terminal is no pipe: see livematte live --help")
    options = RuntimeOptions(runtime, precision, threads, require_gpu, FILE.segmenters)
    with _standard_output() as descriptor:
        name = model_for(model, subject)
        networks = LoadedNetworks.load(name, options, (), refine, seconds(budget))
        matting = networks.matting(behind, smooth=smooth)
        reader = PipeSource(Pipe(sys.stdin.fileno()), raw)
        writer = PipeSink(Pipe(descriptor), form, reader.info)
        wanted = _run(reader, matting, writer)
    if wanted and reader.losses:
        raise SourceError(f"{source}: {'; '.join(reader.losses)}")


def _raw(
    input_format: InputFormat, size: str | None, fps: str | None, pixel_format: str | None
) -> RawVideo | None:
    if input_format == "raw":
        return RawVideo.parse(size, fps, pixel_format)
    given = {"--size": size, "--fps": fps, "--pixel-format": pixel_format}
    for option, value in given.items():
        if value is not None:
            raise OptionError(f"{option} {value}: YUV4MPEG2 says so itself: add --input-format raw")
    return None


@contextlib.contextmanager
def _standard_output() -> Iterator[int]:
    """A descriptor for pictures; what anything else prints meanwhile goes to standard error."""
    sys.stdout.flush()
    pictures = os.dup(1)
    os.dup2(2, 1)
    try:
        yield pictures
    finally:
        sys.stdout.flush()
        os.dup2(pictures, 1)
        os.close(pictures)


def _run(reader: PipeSource, matting: Matting, writer: PipeSink) -> bool:
    """Until the source ends, or whoever reads leaves: then what is cut off is no loss to tell."""
    try:
        asyncio.run(run_session(reader, matting, writer))
    except SinkClosedError:
        return False
    except KeyboardInterrupt:
        raise Interruption("interrupted") from None
    return True

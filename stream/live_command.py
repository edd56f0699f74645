"""`livematte live SOURCE SINK`."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from pipeline.composite import Background, Transparent
from pipeline.errors import Interruption, OptionError, SinkClosedError, SourceError
from pipeline.matting import Matting
from pipeline.runtime import RuntimeOptions
from stream.background import open_background
from stream.formats import Format
from stream.live.address import SinkAddress, SourceAddress, sink_address, source_address
from stream.live.report import Report
from stream.live.session import check_sink, run_live
from stream.live.whip import WhipAccess
from stream.loaded_networks import LoadedNetworks
from stream.network_options import (
    BudgetOption,
    IceServerOption,
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
from stream.progress import ProgressKind, show_progress
from stream.server.settings import parse_ice_server
from stream.session import LIVE, PIPE, run_session

EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "livematte live rtsp://camera.local/stream rtmp://127.0.0.1/live/key -b beach.jpg",
        "livematte live /dev/video0 camera -b blur",
        "livematte live 'srt://:9000?mode=listener' srt://studio.local:9001 -b green",
        "LIVEMATTE_WHIP_TOKEN=… livematte live https://host/live.m3u8 https://host/whip/me",
        "ffmpeg -i in.mp4 -f yuv4mpegpipe - | livematte live - - -b blur | ffmpeg -i - out.mp4",
        "ffmpeg -i in.mp4 -f rawvideo -pix_fmt yuv420p - | livematte live - - --input-format raw "
        "--size 1280x720 --fps 30 --pixel-format yuv420p -b transparent --output-pixel-format rgba "
        "| ffmpeg -f rawvideo -video_size 1280x720 -framerate 30 -pixel_format rgba -i - out.mov",
    )
)
_PIPE = "-"
_BUDGET_MS = 1000 / 30
"""For a picture of live ends."""


def live(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="rtsp://, rtmp://, srt://, udp:// and tcp:// (MPEG-TS), http:// and https:// "
            "(HLS), /dev/videoN; -: standard input. With ?listen=1 rtmp "
            "and tcp, with ?mode=listener srt wait to be sent to.",
        ),
    ],
    sink: Annotated[
        str,
        typer.Argument(
            metavar="SINK",
            help="rtmp://, srt://, udp:// and tcp:// (MPEG-TS), nut+tcp:// (NUT, uncompressed, "
            "with alpha), http:// and https:// (WHIP), camera (a virtual one); -: standard output. "
            "With ?listen=1 tcp and nut+tcp, with ?mode=listener srt wait to be fetched from.",
        ),
    ],
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
    token: Annotated[
        str | None,
        typer.Option(envvar="LIVEMATTE_WHIP_TOKEN", help="What a WHIP server wants to be told."),
    ] = None,
    ice_server: IceServerOption = None,
    progress: Annotated[
        ProgressKind, typer.Option(help="Of live ends: how it goes, on standard error.")
    ] = ProgressKind.AUTO,
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
    """Matte live video: from a camera or a network to another, or through pipes.

    From a network the newest picture is matted, and what comes too fast is left out. What breaks is
    tried again for as long as it takes: without a source the background is shown alone. Sound goes
    along. Nothing unmatted is ever sent. Ctrl-C ends it.

    Through pipes (- -) every picture is matted, in order: who writes waits. When the reader leaves
    it ends quietly.
    """
    if (source == _PIPE) != (sink == _PIPE):
        raise OptionError(
            f"SOURCE {source!r} and SINK {sink!r}: - goes with - alone: put ffmpeg between"
        )
    if ice_server and not sink.startswith(("http://", "https://")):
        raise OptionError("--ice-server: it is of WHIP alone, a SINK of https://")
    access = WhipAccess(token, tuple(map(parse_ice_server, ice_server or ())))
    raw = _raw(input_format, size, fps, pixel_format)
    behind = open_background(background)
    pace = PIPE if source == _PIPE else LIVE
    options = RuntimeOptions(runtime, precision, threads, require_gpu, pace.segmenters)

    if budget is None and source != _PIPE:
        budget = _BUDGET_MS

    def matting() -> Matting:
        name = model_for(model, subject)
        networks = LoadedNetworks.load(name, options, (), refine, seconds(budget))
        return networks.matting(behind, smooth=smooth)

    if source == _PIPE:
        form = output_format(output_pixel_format, transparent=isinstance(behind, Transparent))
        _through_pipes(raw, form, matting)
        return
    if raw is not None or output_pixel_format is not None:
        raise OptionError("--input-format, --output-pixel-format: they are of pipes, - -")
    ends = source_address(source), sink_address(sink)
    _between_live_ends(*ends, matting, behind, access, progress)


def _through_pipes(raw: RawVideo | None, form: Format, matting: Callable[[], Matting]) -> None:
    if sys.stdin.isatty() or sys.stdout.isatty():
        raise OptionError("livematte live - -: a terminal is no pipe: see livematte live --help")
    with _standard_output() as descriptor:
        begun = matting()
        reader = PipeSource(Pipe(sys.stdin.fileno()), raw)
        writer = PipeSink(Pipe(descriptor), form, reader.info)
        wanted = _run(reader, begun, writer)
    if wanted and reader.losses:
        raise SourceError(f"{_PIPE}: {'; '.join(reader.losses)}")


def _between_live_ends(
    source: SourceAddress,
    sink: SinkAddress,
    matting: Callable[[], Matting],
    behind: Background,
    access: WhipAccess,
    progress: ProgressKind,
) -> None:
    """Until Ctrl-C: live ends never end by themselves."""
    check_sink(sink, behind)
    begun = matting()
    try:
        with show_progress(progress, 0) as on_frame:
            asyncio.run(
                run_live(source, begun, sink, report=Report(), access=access, on_frame=on_frame)
            )
    except KeyboardInterrupt:
        raise Interruption("interrupted") from None


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
        asyncio.run(run_session(reader, matting, writer, pace=PIPE))
    except SinkClosedError:
        return False
    except KeyboardInterrupt:
        raise Interruption("interrupted") from None
    return True

"""`livematte file IN OUT`."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.composite import Transparent
from pipeline.errors import Interruption, OptionError, SourceError
from pipeline.matting import Matting
from pipeline.runtime import RuntimeOptions
from pipeline.segment import U2Net
from stream.background import open_background
from stream.ends import Sink
from stream.file_sink import FileSink
from stream.file_source import FileSource
from stream.formats import CONTAINERS, ENCODERS, alpha_extensions
from stream.matte_sink import Both, MatteSink
from stream.network_options import (
    ModelOption,
    PrecisionOption,
    RequireGpuOption,
    RuntimeOption,
    SizeOption,
    SubjectOption,
    ThreadsOption,
    model_for,
)
from stream.progress import ProgressKind, show_progress
from stream.session import FILE, OnFrame, SessionStats, run_session
from stream.video_file import Encoding

_EXTENSIONS = ", ".join(CONTAINERS)
_CODECS = ", ".join(ENCODERS)
EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "livematte file talk.mp4 out.mp4 --background beach.jpg",
        "livematte file talk.mp4 out.webm --background transparent",
        "livematte file talk.mp4 out.mp4 -b blur:30 --start 10 --duration 5",
        "livematte file talk.mp4 out.mov -b green --alpha-output matte.mp4",
    )
)


def file(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The video to matte.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help=f"What to write: {_EXTENSIONS}.")],
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
    runtime: RuntimeOption = "auto",
    precision: PrecisionOption = "auto",
    threads: ThreadsOption = 0,
    require_gpu: RequireGpuOption = False,
    smooth: Annotated[bool, typer.Option(help="Steady the matte over time.")] = True,
    alpha_output: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Also write the matte, white on black, as a video."),
    ] = None,
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
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace OUT if it is there.")
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

    What Ctrl-C interrupts is kept as NAME.partial.EXT.
    """
    reader = FileSource(source, start=start, duration=duration)
    behind = open_background(background)
    encoding = Encoding(codec, crf, preset)
    transparent = isinstance(behind, Transparent)
    writer = FileSink(
        output, reader, transparent=transparent, encoding=encoding, overwrite=overwrite
    )
    sink: Sink = writer
    if alpha_output is not None:
        if alpha_output.resolve() == output.resolve():
            raise OptionError(f"--alpha-output {alpha_output}: is OUT itself: name another file")
        matte = FileSink(alpha_output, reader, overwrite=overwrite, audio=False)
        sink = Both(writer, MatteSink(matte))
    options = RuntimeOptions(runtime, precision, threads, require_gpu, FILE.segmenters)
    segmenter = U2Net.load(model_for(model, subject), options, (size,) if size else ())
    matting = Matting(segmenter, behind, smooth=smooth)
    with show_progress(progress, reader.info.frames) as on_frame:
        stats = _run(reader, matting, sink, writer, on_frame)
    losses = [*reader.losses, *writer.losses]
    report = _report(stats, writer, reader, losses) | {"network": segmenter.runs_on}
    typer.echo(json.dumps(report) if as_json else _sentence(report))
    if losses:
        raise SourceError(f"{source}: {'; '.join(losses)}: what could be read is in {output}")


def _run(
    reader: FileSource, matting: Matting, sink: Sink, writer: FileSink, on_frame: OnFrame
) -> SessionStats:
    try:
        return asyncio.run(run_session(reader, matting, sink, on_frame=on_frame))
    except KeyboardInterrupt:
        kept = f"what was done is in {writer.kept}" if writer.kept else "nothing was written yet"
        raise Interruption(f"interrupted: {kept}") from None


def _report(
    stats: SessionStats, writer: FileSink, reader: FileSource, losses: list[str]
) -> dict[str, Any]:
    width, height = writer.size
    return {
        "frames_in": stats.frames_in,
        "frames_out": stats.frames_out,
        "width": width,
        "height": height,
        "seconds": round(stats.seconds, 3),
        "fps": round(stats.fps, 2),
        "audio": writer.audio,
        "stages_ms": {name: round(spent, 3) for name, spent in stats.stages_ms.items()},
        "source": str(reader.path),
        "output": str(writer.path),
        "losses": losses,
    }


def _sentence(report: dict[str, Any]) -> str:
    return (
        f"{report['output']}: {report['frames_out']} frames of {report['width']} by "
        f"{report['height']} in {report['seconds']:.1f} s ({report['fps']:.1f} a second), "
        f"sound: {report['audio']}, network: {report['network']['runtime']} "
        f"{report['network']['precision']} on {report['network']['device']}"
    )

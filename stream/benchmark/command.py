"""The command `livematte bench`."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.errors import OptionError
from pipeline.models import DEFAULT_MODEL, find_model
from pipeline.network import usable_processors
from stream.benchmark.chart import write_chart
from stream.benchmark.clip import SIZES
from stream.benchmark.peers import check_peers, measure_peers
from stream.benchmark.suite import RUNTIMES, Suite, measure
from stream.benchmark.tables import as_text
from stream.file_source import FileSource

_QUICK_FRAMES = 24
_MOST_FRAMES = 10_000
_ALL_RUNTIMES = tuple(RUNTIMES)[1:]


def bench(
    sizes: Annotated[str, typer.Option(help="Of the drawn clip, by comma.")] = ",".join(SIZES),
    runtimes: Annotated[
        str, typer.Option(help="By comma, or auto: the one that is chosen by default.")
    ] = ",".join(_ALL_RUNTIMES),
    threads: Annotated[
        str | None, typer.Option(help="Of the network, by comma; by default 1 and all processors.")
    ] = None,
    frames: Annotated[int, typer.Option(help="Of each clip; fewer of large ones.")] = 60,
    model: Annotated[
        str, typer.Option(help="A name of `livematte models list`, or the path of an .onnx file.")
    ] = DEFAULT_MODEL,
    video: Annotated[
        Path | None, typer.Option(help="Measure on this clip and not on the drawn one.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A minute: 720p, the default runtime, few frames.")
    ] = False,
    peers: Annotated[
        bool, typer.Option("--peers", help="Also rembg, RobustVideoMatting and MediaPipe.")
    ] = False,
    chart: Annotated[Path | None, typer.Option(help="Draw a PNG here.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
) -> None:
    """Measure speed, delay, memory and start-up on this machine.

    Each measurement runs in a process of its own. All of it takes some minutes.
    """
    suite = _suite(sizes, runtimes, threads, frames, model, video, quick)
    if chart is not None and (chart.suffix.lower() != ".png" or not chart.parent.is_dir()):
        raise OptionError(f"--chart {chart}: a .png in a folder that is there")
    if peers:
        check_peers()
    report: dict[str, Any] = measure(suite, _say)
    if peers:
        report["peers"] = measure_peers(suite, _say)
    if chart is not None:
        write_chart(report, chart)
    typer.echo(json.dumps(report) if as_json else as_text(report))


def _suite(
    sizes: str,
    runtimes: str,
    threads: str | None,
    frames: int,
    model: str,
    video: Path | None,
    quick: bool,
) -> Suite:
    """What the options ask for; OptionError for what makes no sense."""
    if not 2 <= frames <= _MOST_FRAMES:
        raise OptionError(f"--frames {frames}: from 2 to {_MOST_FRAMES}")
    find_model(model)
    counts = _counts(threads) if threads else tuple(sorted({1, usable_processors()}))
    if quick:
        usual = ",".join(SIZES), ",".join(_ALL_RUNTIMES)
        sizes = "720p" if sizes == usual[0] else sizes
        runtimes = "auto" if runtimes == usual[1] else runtimes
        counts, frames = counts[-1:], min(frames, _QUICK_FRAMES)
    chosen = (_size_of(video),) if video else _chosen("--sizes", sizes, SIZES)
    return Suite(chosen, _chosen("--runtimes", runtimes, RUNTIMES), counts, frames, model, video)


def _size_of(video: Path) -> str:
    """Width and height of a clip; SourceError if it is none."""
    info = FileSource(video).info
    return f"{info.width}x{info.height}"


def _chosen(option: str, text: str, known: Iterable[str]) -> tuple[str, ...]:
    names, choices = [name.strip() for name in text.split(",")], list(known)
    for name in names:
        if name not in choices:
            raise OptionError(f"{option} {name!r}: of {', '.join(choices)}, by comma")
    return tuple(dict.fromkeys(names))


def _counts(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 1024 for part in parts):
        raise OptionError(f"--threads {text!r}: numbers from 1, by comma")
    return tuple(sorted({int(part) for part in parts}))


def _say(line: str) -> None:
    typer.echo(line, err=True)

"""The command `livematte eval`."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from pipeline.errors import LivematteError, SinkError
from pipeline.metrics import CATALOGUE, DEFAULT_BAND_WIDTH, DEFAULT_THRESHOLD
from stream.evaluate.pairing import Pairing
from stream.evaluate.report import html_report
from stream.evaluate.run import Evaluation, EvaluationOptions, evaluate
from stream.evaluate.text import figure, headline
from stream.hard_cases import TRUTH


def evaluate_command(
    prediction: Annotated[
        Path,
        typer.Argument(
            exists=True,
            help="Mattes to judge: a folder, a picture or a video; or a folder of hard cases.",
        ),
    ],
    truth: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            help="The true mattes, paired by name or else by index. Hard cases bring their own.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(exists=True, help="The pictures or video that was matted, for the report."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write a report with curves and pictures.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    band: Annotated[
        int, typer.Option(min=1, help="Width in pixels of the band round the true edge.")
    ] = DEFAULT_BAND_WIDTH,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Alpha from which on a pixel is foreground.")
    ] = DEFAULT_THRESHOLD,
    stills: Annotated[
        bool, typer.Option("--stills", help="The pictures are no clip: no temporal metrics.")
    ] = False,
) -> None:
    """Measure mattes against true ones."""
    if source and not html:
        raise typer.BadParameter("shown in the report only: give --html too", param_hint="--source")
    if source and truth is None:
        raise typer.BadParameter("hard cases bring their own", param_hint="--source")
    stills = stills or truth is None
    options = EvaluationOptions(band, threshold, stills, pictures=html is not None)
    try:
        result = _evaluate_with_progress(_paired(prediction, truth, source), options)
        if not result.problems and html:
            _write(html, html_report(result))
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    if result.problems:
        typer.echo("\n".join(result.problems), err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(as_object(result), indent=2))
    else:
        _print_table(result)


def _paired(prediction: Path, truth: Path | None, source: Path | None) -> Pairing:
    if truth is None:
        return Pairing.of_hard_cases(prediction)
    return Pairing.of(prediction, truth, source)


def _evaluate_with_progress(pairing: Pairing, options: EvaluationOptions) -> Evaluation:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("measuring", total=None)
        return evaluate(
            pairing, options, lambda total: progress.update(task, advance=1, total=total)
        )


def _write(html: Path, text: str) -> None:
    try:
        html.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SinkError(
            f"{html} cannot be written ({error.strerror}): name another file for --html"
        ) from error


def as_object(result: Evaluation) -> dict[str, Any]:
    """What `--json` prints. A value that cannot be said is null."""
    return {
        "prediction": str(result.prediction),
        "truth": str(result.truth),
        "frames": result.clip.frames,
        "paired_by": "name" if result.by_name else "index",
        "sizes": [f"{width}x{height}" for width, height in sorted(result.sizes)],
        "band_pixels": result.options.band_width,
        "threshold": result.options.threshold,
        "mean": {name: _number(value) for name, value in sorted(result.clip.mean().items())},
        "absent": result.absent,
        "without_truth": result.without_truth,
        "per_frame": {
            "name": result.names,
            **{
                name: [_number(value) for value in column]
                for name, column in sorted(result.clip.columns.items())
            },
        },
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _print_table(result: Evaluation) -> None:
    means = result.clip.mean()
    table = Table(title=headline(result), title_justify="left")
    for heading in ("Metric", "Unit", "Better"):
        table.add_column(heading)
    table.add_column("Picture", justify="right")
    table.add_column(f"Band of {result.options.band_width} px", justify="right")
    for metric in CATALOGUE:
        if metric.name in result.absent:
            continue
        better = "higher" if metric.higher_is_better else "lower"
        whole, in_band = figure(means, metric.name), figure(means, f"{metric.name}_band")
        table.add_row(metric.label, metric.unit, better, whole, in_band)
    console = Console()
    if result.clip.frames:
        console.print(table)
    for name, reason in result.absent.items():
        console.print(f"{name} not measured: {reason}", style="dim", soft_wrap=True)
    for name in result.without_truth:
        line = f"{name} not measured: put its true matte beside it, as {TRUTH}"
        console.print(line, style="dim", soft_wrap=True)

"""The report: one HTML file that holds everything it shows."""

import base64
import html
import math
from importlib.resources import files
from string import Template

from pipeline.metrics import CATALOGUE, Metric, Scores
from stream.evaluate.curves import curve
from stream.evaluate.run import Evaluation
from stream.evaluate.text import figure, headline
from stream.evaluate.worst import WorstFrame

_TILES = ("mad", "mse", "grad", "conn", "dtssd", "iou")
_CURVES = ("mad", "grad", "conn", "dtssd", "messddt", "iou")


def html_report(result: Evaluation) -> str:
    """Tiles, curves, worst frames and the full table; no file but this one is needed to read it."""
    template = Template(files("stream.evaluate").joinpath("report.html").read_text("utf-8"))
    means = result.clip.mean()
    return template.substitute(
        prediction=html.escape(str(result.prediction)),
        truth=html.escape(str(result.truth)),
        headline=html.escape(headline(result)),
        band=result.options.band_width,
        threshold=f"{result.options.threshold:g}",
        tiles="".join(_tile(metric, means) for metric in _named(_TILES, means)),
        curves=_curves(result, means),
        worst="".join(_worst_frame(frame) for frame in result.worst.frames)
        or "<p>No frame has an error.</p>",
        rows="".join(_row(metric, means) for metric in _named(None, means)),
        absent="".join(
            f"<li><b>{html.escape(name)}</b> was not measured: {html.escape(reason)}</li>"
            for name, reason in result.absent.items()
        )
        + "".join(
            f"<li>{html.escape(name)} was not measured: it has no true matte</li>"
            for name in result.without_truth
        ),
    )


def _named(names: tuple[str, ...] | None, means: Scores) -> list[Metric]:
    """The metrics of these names (or all) that have a value."""
    return [
        metric
        for metric in CATALOGUE
        if (names is None or metric.name in names)
        and not math.isnan(means.get(metric.name, math.nan))
    ]


def _tile(metric: Metric, means: Scores) -> str:
    return (
        f'<div class="tile"><h3>{metric.label}</h3>'
        f'<p class="value">{figure(means, metric.name)}</p>'
        f'<p class="note">{figure(means, metric.name + "_band")} in the band</p></div>'
    )


def _curves(result: Evaluation, means: Scores) -> str:
    if result.clip.frames < 2:
        return "<p>One frame makes no curve.</p>"
    marked = [frame.index for frame in result.worst.frames]
    return "".join(
        f"<figure><figcaption><b>{metric.label}</b> <span>{metric.meaning}</span>"
        f"<output></output></figcaption>{curve(metric, result.clip.columns[metric.name], marked)}"
        "</figure>"
        for metric in _named(_CURVES, means)
    )


def _worst_frame(frame: WorstFrame) -> str:
    pictures = "".join(
        f'<figure><img alt="{caption}" src="data:image/jpeg;base64,'
        f'{base64.b64encode(picture).decode()}"><figcaption>{caption}</figcaption></figure>'
        for caption, picture in frame.pictures.items()
    )
    name = html.escape(frame.name)
    return (
        f"<article><h3>{name} <span>MAD {frame.mad:.4g}</span></h3>"
        f'<div class="pictures">{pictures}</div></article>'
    )


def _row(metric: Metric, means: Scores) -> str:
    better = "higher" if metric.higher_is_better else "lower"
    return (
        f"<tr><th>{metric.label}</th><td class=figure>{figure(means, metric.name)}</td>"
        f"<td class=figure>{figure(means, metric.name + '_band')}</td>"
        f"<td>{metric.unit}</td><td>{better}</td><td>{metric.meaning}</td></tr>"
    )

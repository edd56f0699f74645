"""What `bench.quality` writes: a page to read, and every figure as JSON."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.quality_words import Group, best, higher_is_better, label, sentences
from bench.scoring import Result, mean_of

_COLUMNS = (
    *("mad", "mse", "grad", "conn", "dtssd", "dtssd_relative"),
    *("mad_band", "psnr_band"),
)
_PHOTO_COLUMNS = ("iou", "f1")
_PEOPLE = "portrait"
_ABOUT = """\
Every method gets the same decoded frames in the same order and gives alpha at their size; all are
measured by the same code ([what each number means](evaluate.md)). MAD, MSE, Grad, Conn and dtSSD:
lower is better; PSNR, IoU and F1: higher. dtSSD / motion is 1 for a matte that stands still: above
1, restlessness outweighs what is followed. The band is what lies within 10 pixels of a true edge.
Best in bold; ordered by the first column."""
_CARE = """\
The clips are composites: photographed cut-outs that move over photographs of rooms and landscapes,
with camera noise and H.264. Their true mattes are exact for the composite, and were themselves made
by very good matting networks, so hair is judged by how such networks see it. The people fill the
frame as before a webcam; animals and things are in "all" too, which networks for people were never
made for. Few clips: a difference of some percent means nothing. The photos show whole people in the
street with binary masks, each a clip of one frame; none of them calibrated the 8-bit network. rembg
gives 8 bits of alpha, all others 32. How fast clips go is measured elsewhere."""


@dataclass(frozen=True, slots=True)
class Made:
    """What made the report."""

    command: str
    commit: str
    date: str
    machine: str
    data: str
    label: Mapping[str, object] = field(default_factory=dict)
    """Of the material, by which its results are known again."""


def write_report(
    out: Path, made: Made, results: Sequence[Result], more: Sequence[str] = ()
) -> None:
    """`OUT.md`, with `more` paragraphs, and `OUT.json`; methods in the order given."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_name(out.name + ".md").write_text(page(made, results, more), encoding="utf-8")
    text = json.dumps(as_object(made, results), indent=1, allow_nan=False)
    out.with_name(out.name + ".json").write_text(text + "\n", encoding="utf-8")


def as_object(made: Made, results: Sequence[Result]) -> dict[str, Any]:
    """Everything: means by group, every clip and every photo."""
    groups = {"people": _PEOPLE, "all": ""}
    return {
        "made": asdict(made),
        "mean": {name: _means(Group.of(name, results, kind)) for name, kind in groups.items()},
        "methods": [asdict(result) for result in results],
    }


def _means(group: Group) -> dict[str, dict[str, float | None]]:
    return {
        method: {
            metric: _number(group.value(method, metric))
            for metric in sorted({metric for means in clips.values() for metric in means})
        }
        for method, clips in group.scores.items()
    }


def _number(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None


def page(made: Made, results: Sequence[Result], more: Sequence[str] = ()) -> str:
    """The report as Markdown."""
    people = Group.of("People", results, _PEOPLE)
    everything = Group.of("All clips", results)
    parts = [
        "# How good the mattes are, beside others",
        _origin(made),
        _ABOUT,
        *_group_part(people),
        *(_group_part(everything) if everything.clips > people.clips else ()),
        *_photo_part(results),
        *_methods_part(results, made),
        *more,
        "## With care",
        _CARE,
    ]
    return "\n\n".join(parts) + "\n"


def _origin(made: Made) -> str:
    return (
        f"Made by `{made.command}` on {made.date}, commit {made.commit}, on {made.machine}, "
        f"from {made.data}. Every figure by clip: the JSON file beside this page."
    )


def _group_part(group: Group) -> Iterator[str]:
    if not group.clips:
        return
    yield f"## {group.title}: means over {group.clips} clips"
    rows = {
        group.titles[name]: [group.value(name, metric) for metric in _COLUMNS]
        for name in group.scores
    }
    yield table(_COLUMNS, rows)
    yield _medians(group)
    yield "\n".join(f"- {sentence}" for sentence in sentences(group))


def _medians(group: Group) -> str:
    middle = {name: group.median(name, "mad") for name in group.scores}
    order = sorted(middle, key=lambda name: _rank(middle[name], "mad"))
    listed = ", ".join(f"{group.titles[name]} {figure(middle[name])}" for name in order)
    return f"A clip that is lost altogether moves a mean. Medians of MAD: {listed}."


def _photo_part(results: Sequence[Result]) -> Iterator[str]:
    judged = [result for result in results if result.photos]
    if not judged:
        return
    yield f"## Finding people: means over {len(judged[0].photos)} photos"
    rows = {
        result.title: [mean_of(result.photos, metric) for metric in _PHOTO_COLUMNS]
        for result in judged
    }
    yield table(_PHOTO_COLUMNS, rows)


def table(metrics: Sequence[str], rows: Mapping[str, Sequence[float]]) -> str:
    """Best first by the first metric, the best of each column in bold."""
    order = sorted(rows, key=lambda name: _rank(rows[name][0], metrics[0]))
    columns = list(zip(*rows.values(), strict=True))
    tops = [_best_figure(column, metric) for column, metric in zip(columns, metrics, strict=True)]
    lines = [row(["", *map(label, metrics)]), row(["---", *["---:"] * len(metrics)])]
    for name in order:
        figures = [figure(value) for value in rows[name]]
        marked = [
            f"**{text}**" if text == top else text for text, top in zip(figures, tops, strict=True)
        ]
        lines.append(row([name, *marked]))
    return "\n".join(lines)


def _rank(value: float, metric: str) -> float:
    if math.isnan(value):
        return math.inf
    return -value if higher_is_better(metric) else value


def _best_figure(values: Sequence[float], metric: str) -> str | None:
    known = [value for value in values if not math.isnan(value)]
    return figure(best(known, metric)) if known else None


def figure(value: float) -> str:
    """Three digits and no exponent; a dash where there is none."""
    if math.isnan(value):
        return "-"
    value = float(f"{value:.3g}")  # 9.996 has one digit before the point until it is rounded
    digits = 2 - math.floor(math.log10(abs(value))) if value else 2
    return f"{value:.{min(3, max(0, digits))}f}"


def row(cells: Iterable[str]) -> str:
    """A line of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def _methods_part(results: Sequence[Result], made: Made) -> Iterator[str]:
    yield "## What was measured"
    yield "\n".join(_entry(result, made) for result in results if result.absent is None)
    absent = [f"- {result.title}: {result.absent}" for result in results if result.absent]
    if absent:
        yield "## What could not be measured"
        yield "\n".join(absent)


def _entry(result: Result, made: Made) -> str:
    since = "" if result.commit == made.commit else f"; measured at commit {result.commit}"
    return f"- {result.title} (`{result.name}`): {result.what}; {result.ran_as}{since}"

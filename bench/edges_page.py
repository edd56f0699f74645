"""The edge step by step, in words and tables: what `bench.edges` measured."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.quality_report import table

METRICS = ("psnr_band", "ssim_band", "grad_band", "mad_band")
IOU = "iou"
Scores = dict[str, dict[str, float]]
"""By method and metric."""
FOUND_IOU = 0.9
"""From here on a subject counts as found: what was not found is no matter of its edge."""
_KINDS: dict[str, Callable[[str, Scores], bool]] = {
    "all": lambda name, scores: True,
    f"found (IoU of the coarse matte {FOUND_IOU:g} or more)": lambda name, scores: (
        scores["bilinear"][IOU] >= FOUND_IOU
    ),
    "people": lambda name, scores: name.startswith("portrait"),
    "animals and things": lambda name, scores: not name.startswith("portrait"),
}


def part(report: Mapping[str, Any]) -> list[str]:
    """Paragraphs for docs/quality.md, from the JSON file of a run."""
    made = report["made"]
    origin = (
        f"Made by `{made['command']}` on {made['date']}, commit {made['commit']}, on "
        f"{made['machine']}. Every picture is seen by one network; what differs is how its "
        "matte is brought to size: `closer` and `refined` follow its second, closer look. Means "
        "over pictures, in the band."
    )
    return ["## The edge alone, step by step", origin, page(report["pictures"])]


def means(some: Sequence[Scores]) -> Scores:
    """Means over pictures; empty over none."""
    return {
        method: {metric: _mean([one[method][metric] for one in some]) for metric in METRICS}
        for method in (some[0] if some else {})
    }


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return math.fsum(known) / len(known) if known else math.nan


def page(judged: Mapping[str, Scores]) -> str:
    """A table of means for each kind of picture, in Markdown."""
    parts = []
    for title, belongs in _KINDS.items():
        some = [scores for name, scores in judged.items() if belongs(name, scores)]
        rows = {name: [one[metric] for metric in METRICS] for name, one in means(some).items()}
        if rows:
            parts += [f"{title.capitalize()}: {len(some)} pictures", table(METRICS, rows)]
    return "\n\n".join(parts)

"""What the figures say, in sentences: made from them, so that they stay true in the next run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.scoring import Means, Result, mean_of, median_of
from pipeline.metrics import CATALOGUE

OURS, UNSMOOTHED, UNREFINED, WHOLE = "default", "unsmoothed", "unrefined", "whole"
FORGETFUL, ALONE, NETWORK, ONCE = "forgetful", "alone", "network", "once"
ANY = "u2netp"
"""The pipeline with the general model, see `--subject any`."""
REMBG = "rembg"
_HEADLINE = ("mad", "mad_band", "grad", "dtssd")
_HIGHER = {metric.name for metric in CATALOGUE if metric.higher_is_better}
_COMPARED = (
    ("What training on people does", ANY, OURS),
    ("Against rembg, with the same network", REMBG, ANY),
    ("What refining the edge in patches does", UNREFINED, ONCE),
    ("What a second, closer look does", ONCE, OURS),
    ("What smoothing over time does", UNSMOOTHED, OURS),
    ("What the matte before as an input does", FORGETFUL, OURS),
    ("What following the subject does", WHOLE, OURS),
    ("What refining along the colours does", NETWORK, ALONE),
)
_SAME = 0.02
"""Relative difference under which two values are called the same."""


def higher_is_better(metric: str) -> bool:
    return metric.removesuffix("_band") in _HIGHER


def label(metric: str) -> str:
    """A metric's name in print; what is counted in the band alone says so."""
    whole = next(known.label for known in CATALOGUE if known.name == metric.removesuffix("_band"))
    return f"{whole}, band" if metric.endswith("_band") else whole


def best(values: Sequence[float], metric: str) -> float:
    """The best of some values, none of which is NaN."""
    return max(values) if higher_is_better(metric) else min(values)


@dataclass(frozen=True, slots=True)
class Group:
    """Clips of one kind, of every method that was measured."""

    title: str
    scores: Mapping[str, Mapping[str, Means]]
    """By method's name, by clip."""
    titles: Mapping[str, str]

    @classmethod
    def of(cls, title: str, results: Sequence[Result], kind: str = "") -> "Group":
        """Of the clips whose names begin with `kind`."""
        measured = [result for result in results if result.absent is None]
        scores = {
            result.name: {
                clip: means for clip, means in result.clips.items() if clip.startswith(kind)
            }
            for result in measured
        }
        return cls(title, scores, {result.name: result.title for result in measured})

    @property
    def clips(self) -> int:
        return max((len(clips) for clips in self.scores.values()), default=0)

    def value(self, method: str, metric: str) -> float:
        return mean_of(self.scores[method], metric)

    def median(self, method: str, metric: str) -> float:
        return median_of(self.scores[method], metric)

    def has(self, *methods: str) -> bool:
        return all(method in self.scores for method in methods)


def sentences(group: Group) -> Iterator[str]:
    """What a group's figures say of us, first where we lose."""
    if group.clips == 0 or not group.has(OURS):
        return
    for metric in _HEADLINE:
        yield _place(group, metric)
    for said, before, after in _COMPARED:
        if group.has(before, after):
            yield f"{said}: {_changes(group, before, after)}."


def _place(group: Group, metric: str) -> str:
    ours = group.value(OURS, metric)
    by_name = {name: group.value(name, metric) for name in group.scores}
    first = min(by_name, key=lambda name: by_name[name])
    if by_name[first] == ours:
        return f"{_spoken(metric)}: livematte is best, {ours:.3g}."
    place = sum(value < ours for value in by_name.values()) + 1
    return (
        f"{_spoken(metric)}: {group.titles[first]} is best, {by_name[first]:.3g}; livematte has "
        f"{ours:.3g}{_times(ours, by_name[first])} (place {place} of {len(by_name)})."
    )


def _times(ours: float, least: float) -> str:
    return f", {ours / least:.2g} times as much" if least else ""


def _changes(group: Group, before: str, after: str) -> str:
    return ", ".join(
        _change(_spoken(metric), group.value(before, metric), group.value(after, metric))
        for metric in _HEADLINE
    )


def _change(what: str, before: float, after: float) -> str:
    if abs(after - before) <= _SAME * before:
        return f"{what} the same ({after:.3g})"
    word = "better" if after < before else "**worse**"
    return f"{what} {word} ({before:.3g} → {after:.3g})"


def _spoken(metric: str) -> str:
    return label(metric).replace(", band", " in the band")

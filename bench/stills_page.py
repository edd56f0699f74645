"""Photographs in words and tables: what `bench.stills` measured."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any, Self

from bench.edges_page import FOUND_IOU
from bench.quality_report import figure, row

Scores = dict[str, float]
"""By metric."""
_YARDSTICK = "rembg"
_QUALITY = {
    "psnr": "PSNR, alpha",
    "ssim": "SSIM, alpha",
    "composite_psnr": "PSNR, composite",
    "composite_ssim": "SSIM, composite",
}
_PEOPLE = "portrait"
COMPARED = (
    ("The edge GAN with u2netp", "any-off", "any-on"),
    ("The edge GAN with u2netp-people", "person-off", "person-on"),
    ("rembg's alpha matting", "rembg", "rembg-matting"),
    ("livematte with the GAN beside rembg, with the same network", "rembg", "any-on"),
)
_ABOUT = """\
The test split's cut-outs where their own photos have them, at most 1280 pixels on the longer side,
before rooms and landscapes, with a sensor's noise and JPEG. Backgrounds are enlarged up to twice,
so they are softer than what stands before them. GrabCut was made for a user who draws: here nobody
does, and it is told a rectangle.

Seconds: from the decoded photo to its alpha at full size, medians. All took their turn at each
photo, and "times rembg" is the median of the photos' own ratios, the figure to compare where a
machine was not quiet. livematte's time has the foreground's own colours in it, as alpha matting's
has; rembg runs in a process of its own, and a photo goes there and back by a mapped file.

PSNR (dB) and SSIM are of whole pictures, means over photos: of the alpha, and of the subject before
yet another background, beside its true colours there. That composite is made of every alpha in the
same way, ours, so that nothing but the matte differs. The alpha's are the figures to go by: those
of a composite depend on how alike the backgrounds are. Where a subject was not found that rules
every mean, and its edge is no matter. Best in bold, ordered by the first PSNR."""
_ARTICLE = """\
An article that refines U²-Net's matte with a GAN says of its own pictures, which are not public:
PSNR 29.7 → 31.5 dB and SSIM 0.91 → 0.94 in 1.45 times the time, and not of what they are
measured. Of the alpha of these photos:"""


@dataclass(frozen=True, slots=True)
class _Group:
    """Some of the photos, and those who were made for them."""

    title: str
    photos: Sequence[Mapping[str, Scores]]
    names: Sequence[str]

    @classmethod
    def of(cls, what: str, photos: Iterable[Mapping[str, Scores]], names: Sequence[str]) -> Self:
        some = list(photos)
        return cls(f"{what}: {len(some)} photos", some, names)

    def mean(self, name: str, metric: str) -> float:
        return fmean(photo[name][metric] for photo in self.photos)

    def seconds(self, name: str) -> float:
        return median(photo[name]["seconds"] for photo in self.photos)

    def times(self, name: str, other: str) -> float:
        """How many times as long one takes as another, photo by photo."""
        return median(photo[name]["seconds"] / photo[other]["seconds"] for photo in self.photos)


def part(report: Mapping[str, Any]) -> list[str]:
    """Paragraphs for docs/quality.md, from the JSON file of a run."""
    made, rivals = report["made"], report["rivals"]
    groups = [group for group in _groups(report) if group.photos]
    said = (sentence for group in groups for sentence in _sentences(group))
    return [
        "## Photographs: GrabCut, rembg and livematte",
        f"Made by `{made['command']}` on {made['date']}, commit {made['commit']}, on "
        f"{made['machine']}.",
        _ABOUT,
        *(text for group in groups for text in (group.title, _table(group, rivals))),
        _ARTICLE,
        "\n".join(f"- {sentence}" for sentence in said),
        "\n".join(_entries(report)),
    ]


def _groups(report: Mapping[str, Any]) -> Iterator[_Group]:
    photos, rivals = report["photos"], report["rivals"]
    for_all = [name for name, rival in rivals.items() if not rival["people_only"]]
    yield _Group.of("All", photos.values(), for_all)
    found = (one for one in photos.values() if one.get(_YARDSTICK, {}).get("iou", 0) >= FOUND_IOU)
    yield _Group.of(f"Found by rembg (IoU {FOUND_IOU:g} or more)", found, for_all)
    people = (one for name, one in photos.items() if name.startswith(_PEOPLE))
    yield _Group.of("People", people, list(rivals))


def _table(group: _Group, rivals: Mapping[str, Any]) -> str:
    """Best first by the alpha's PSNR, the best of each column in bold."""
    order = sorted(group.names, key=lambda name: -group.mean(name, "psnr"))
    columns = [_bold_least([group.seconds(name) for name in order])]
    if _YARDSTICK in order:
        columns.append(_bold_least([group.times(name, _YARDSTICK) for name in order]))
    columns += [_bold_most([group.mean(name, metric) for name in order]) for metric in _QUALITY]
    speed = ["seconds", "times rembg"][: len(columns) - len(_QUALITY)]
    titles = [rivals[name]["title"] for name in order]
    lines = [row(["", *speed, *_QUALITY.values()]), row(["---", *["---:"] * len(columns)])]
    return "\n".join([*lines, *map(row, zip(titles, *columns, strict=True))])


def _bold_least(values: Sequence[float]) -> list[str]:
    return _bold(values, min(values))


def _bold_most(values: Sequence[float]) -> list[str]:
    return _bold(values, max(values))


def _bold(values: Sequence[float], best: float) -> list[str]:
    texts = map(figure, values)
    return [f"**{text}**" if text == figure(best) else text for text in texts]


def _sentences(group: _Group) -> Iterator[str]:
    """What a step does and costs, photo by photo."""
    for said, before, after in COMPARED:
        if {before, after} <= set(group.names):
            psnr, ssim = (
                f"{figure(group.mean(before, metric))} → {figure(group.mean(after, metric))}"
                for metric in ("psnr", "ssim")
            )
            times = figure(group.times(after, before))
            yield f"{group.title}: {said}: PSNR {psnr} dB, SSIM {ssim}, in {times} times the time."


def _entries(report: Mapping[str, Any]) -> Iterator[str]:
    for name, rival in report["rivals"].items():
        yield f"- {rival['title']} (`{name}`): {rival['what']}; {rival['ran_as']}"
    for title, reason in report["absent"].items():
        yield f"- {title} could not take part: {reason}"

"""One method over all clips and photos, and its scores."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from bench.clip import Clip
from bench.cutouts import read_rgb
from bench.methods import AbsentError, ClipMatter, Method
from bench.photos import read_mask
from pipeline.frame import AlphaMatte, Frame
from pipeline.metrics import ClipScores, Meter, overlap

Say = Callable[[str], None]
"""Takes a line about the progress."""
Means = dict[str, float | None]
"""A value for each metric by its name; None where it cannot be said."""

_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Material:
    """What every method is judged on. `label` says it, and names the results that are kept."""

    label: Mapping[str, object]
    clips: Callable[[], Iterable[Clip]]
    photos: Sequence[Path] = ()


@dataclass(slots=True)
class Result:
    """What became of a method: its scores, or why it is absent."""

    name: str
    title: str
    what: str
    commit: str = ""
    fingerprint: str = ""
    ran_as: str = ""
    absent: str | None = None
    clips: dict[str, Means] = field(default_factory=dict)
    """By clip, the means over its frames."""
    photos: dict[str, Means] = field(default_factory=dict)
    """By photo, IoU and F1 at alpha 0.5."""

    @classmethod
    def of(cls, method: Method, absent: str | None = None) -> "Result":
        return cls(method.name, method.title, method.what, absent=absent)


def measure(method: Method, material: Material, pictures: Path, say: Say) -> Result:
    """All scores of a method. The matte in the middle of every clip is left in `pictures`."""
    result = Result.of(method)
    try:
        with method.open() as loaded:
            result.ran_as = loaded.ran_as
            for clip in material.clips():
                scores = _measure_clip(loaded.matte, clip, pictures / f"{clip.name}.png")
                result.clips[clip.name] = _rounded(scores.mean())
                say(f"{method.name}: {clip.name} MAD {result.clips[clip.name]['mad']}")
            for photo in material.photos:
                result.photos[photo.stem] = _measure_photo(loaded.matte, photo)
    except AbsentError as absent:
        return Result.of(method, str(absent))
    if result.photos:
        say(f"{method.name}: {len(result.photos)} photos, IoU {mean_of(result.photos, 'iou'):.4f}")
    return result


def _measure_clip(matte: ClipMatter, clip: Clip, picture: Path) -> ClipScores:
    frames, truths = zip(*clip, strict=True)
    scores, meter = ClipScores(), Meter()
    for index, (alpha, truth) in enumerate(zip(matte(frames), truths, strict=True)):
        scores.add(meter.measure(alpha, truth))
        if index == middle(clip):
            save_matte(picture, alpha)
    return scores


def middle(clip: Clip) -> int:
    """The index of the frame that is shown of a clip."""
    return clip.frames // 2


def save_matte(file: Path, alpha: AlphaMatte) -> None:
    """A matte as a grey PNG."""
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), np.clip(alpha * 255 + 0.5, 0, 255).astype(np.uint8))


def _measure_photo(matte: ClipMatter, photo: Path) -> Means:
    (alpha,) = matte((Frame.from_rgb(read_rgb(photo)),))
    both = overlap(alpha, read_mask(photo).astype(np.float32))
    return _rounded({"iou": both.iou, "f1": both.f1})


def _rounded(scores: Mapping[str, float]) -> Means:
    """Five digits of each value; what is no number is None, which JSON knows."""
    return {
        name: float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
        for name, value in sorted(scores.items())
    }


def mean_of(scores: Mapping[str, Means], metric: str) -> float:
    """The mean of a metric over clips or photos that have it; NaN if none has."""
    known = _known(scores, metric)
    return math.fsum(known) / len(known) if known else math.nan


def median_of(scores: Mapping[str, Means], metric: str) -> float:
    """The median of the same, which one clip that is lost altogether does not move."""
    known = _known(scores, metric)
    return statistics.median(known) if known else math.nan


def _known(scores: Mapping[str, Means], metric: str) -> list[float]:
    return [value for one in scores.values() if (value := one.get(metric)) is not None]

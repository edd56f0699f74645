"""The evaluation itself: pair by pair through the metrics, in flat memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import ModelMissingError, SourceError
from pipeline.frame import AlphaMatte, RgbImage
from pipeline.metrics import DEFAULT_BAND_WIDTH, DEFAULT_THRESHOLD, ClipScores, Lpips, Meter
from stream.evaluate.pairing import Pair, Pairing
from stream.evaluate.pictures import Loader
from stream.evaluate.worst import SPACING, WorstFrame, WorstFrames, picture_frame

Progress = Callable[[int | None], None]
"""Called after each pair with the number of pairs, or None while it is unknown."""


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """What to measure and how."""

    band_width: int = DEFAULT_BAND_WIDTH
    threshold: float = DEFAULT_THRESHOLD
    stills: bool = False
    pictures: bool = False
    """Whether the worst frames are kept as pictures."""


@dataclass(slots=True)
class Evaluation:
    """The scores of all pairs, or what is wrong with them, one line each."""

    prediction: Path
    truth: Path
    options: EvaluationOptions
    by_name: bool
    names: list[str] = field(default_factory=list)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    """(width, height) of the truth; more than one only among stills."""
    clip: ClipScores = field(default_factory=ClipScores)
    worst: WorstFrames = field(default_factory=WorstFrames)
    problems: list[str] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    """Metric → why it was not measured."""
    without_truth: list[str] = field(default_factory=list)
    """Hard cases that nobody has drawn a true matte of."""


def evaluate(pairing: Pairing, options: EvaluationOptions, progress: Progress) -> Evaluation:
    """Measure every pair. All pairs are read even when one is bad, so that every fault is named."""
    prediction, truth = pairing.prediction.path, pairing.truth.path
    result = Evaluation(prediction, truth, options, pairing.by_name)
    result.without_truth = list(pairing.without_truth)
    result.worst.spacing = 1 if options.stills else SPACING
    meter = Meter(options.band_width, options.threshold, not options.stills)
    try:
        meter.lpips = Lpips()
    except ModelMissingError as missing:
        result.absent["lpips"] = str(missing)
    for pair in pairing:
        _measure(pair, meter, result)
        progress(pairing.length)
    _explain_missing_motion(result)
    return result


def _measure(pair: Pair, meter: Meter, result: Evaluation) -> None:
    predicted = _load(pair.prediction, pair.name, result.prediction, result.problems)
    true = _load(pair.truth, pair.name, result.truth, result.problems)
    if predicted is None or true is None:
        return
    if predicted.shape != true.shape:
        result.problems.append(
            f"{pair.name}: the prediction is {_size(predicted)} and the truth {_size(true)}: "
            "resize the prediction"
        )
    if result.problems:
        return
    scores = meter.measure(predicted, true)
    index, mad = result.clip.frames, scores["mad"]
    result.clip.add(scores)
    result.names.append(pair.name)
    result.sizes.add((true.shape[1], true.shape[0]))
    if result.options.pictures and result.worst.wants(index, mad):
        pictures = picture_frame(predicted, true, _source(pair.source))
        result.worst.add(WorstFrame(index, pair.name, mad, pictures))


def _load(
    loader: Loader[AlphaMatte] | None, name: str, path: Path, problems: list[str]
) -> AlphaMatte | None:
    if loader is None:
        problems.append(f"{name}: missing in {path}: add it, or remove the other one")
        return None
    try:
        return loader()
    except SourceError as error:
        problems.append(f"{name}: {error}")
        return None


def _source(loader: Loader[RgbImage] | None) -> RgbImage | None:
    return loader() if loader else None


def _size(matte: AlphaMatte) -> str:
    return f"{matte.shape[1]}x{matte.shape[0]}"


def _explain_missing_motion(result: Evaluation) -> None:
    if "dtssd" in result.clip.columns:
        return
    reason = "no two frames of one size follow each other"
    if result.options.stills:
        reason = "these are stills"
    for name in ("dtssd", "dtssd_relative", "messddt"):
        result.absent[name] = reason

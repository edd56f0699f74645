"""Which predicted matte belongs to which true one: by name, or else by index."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, zip_longest
from pathlib import Path

from pipeline.errors import SourceError
from pipeline.frame import AlphaMatte, RgbImage
from stream.evaluate.pictures import SUFFIXES, Loader, Pictures, open_pictures
from stream.evaluate.video import Video
from stream.hard_cases import MATTE, PICTURE, TRUTH, HardCases

Sequences = Pictures | Video


@dataclass(frozen=True, slots=True)
class Pair:
    """One frame: its name, and how to read it. What one side has not is None."""

    name: str
    prediction: Loader[AlphaMatte] | None
    truth: Loader[AlphaMatte] | None
    source: Loader[RgbImage] | None


@dataclass(frozen=True, slots=True)
class Pairing:
    """How three sequences go together. Names are those of the truth, in its order."""

    prediction: Sequences
    truth: Sequences
    source: Sequences | None
    by_name: bool
    without_truth: tuple[str, ...] = ()
    """What is passed over: hard cases without a true matte."""

    @classmethod
    def of_hard_cases(cls, folder: Path) -> "Pairing":
        """Those in a folder of hard cases that somebody has drawn a true matte of."""
        cases = sorted(HardCases(folder), key=lambda case: (case.kind, case.id))
        if not cases:
            raise SourceError(f"{folder} holds no hard cases: name the true mattes, too")
        judged = [case for case in cases if case.file(TRUTH)]
        mattes, truths, pictures = (
            Pictures(folder, {case.name: path for case in judged if (path := case.file(file))})
            for file in (MATTE, TRUTH, PICTURE)
        )
        others = tuple(case.name for case in cases if case not in judged)
        return cls(mattes, truths, pictures, by_name=True, without_truth=others)

    @classmethod
    def of(cls, prediction: Path, truth: Path, source: Path | None) -> "Pairing":
        """Open all of them; by name if prediction and truth have at least one name in common."""
        one, other = open_sequence(prediction), open_sequence(truth)
        third = open_sequence(source) if source else None
        return cls(one, other, third, bool(_common(one, other)))

    @property
    def length(self) -> int | None:
        """The number of pairs; None if only reading a video will tell."""
        for sequence in (self.truth, self.prediction):
            if isinstance(sequence, Pictures):
                return len(sequence.names)
        return None

    def __iter__(self) -> Iterator[Pair]:
        """Every pair in order; where one side is missing, a pair that lacks it."""
        if self.by_name and isinstance(self.truth, Pictures):
            return self._pairs(_merged(self.truth, self.prediction))
        return self._pairs(None)

    def _pairs(self, names: Sequence[str] | None) -> Iterator[Pair]:
        sides = zip_longest(_mattes(self.prediction, names), _mattes(self.truth, names))
        labels = iter(names or _labels(self.truth))
        sources = _colours(self.source, names if self._source_has_names(names) else None)
        for prediction, truth in sides:
            name = next(labels, None) or "a frame too many"
            yield Pair(name, prediction, truth, next(sources, None))

    def _source_has_names(self, names: Sequence[str] | None) -> bool:
        return (
            names is not None
            and isinstance(self.source, Pictures)
            and not set(names).isdisjoint(self.source.names)
        )


def open_sequence(path: Path) -> Sequences:
    """A folder of pictures or one picture, or else a video."""
    if path.is_dir() or path.suffix.lower() in SUFFIXES:
        return open_pictures(path)
    return Video(path)


def _common(one: Sequences, other: Sequences) -> set[str]:
    if isinstance(one, Pictures) and isinstance(other, Pictures):
        return set(one.names) & set(other.names)
    return set()


def _merged(truth: Pictures, prediction: Sequences) -> list[str]:
    """The truth's names, and after them those that only the prediction has."""
    extra = prediction.names if isinstance(prediction, Pictures) else ()
    return [*truth.names, *(name for name in extra if name not in truth.files)]


def _labels(truth: Sequences) -> Iterator[str]:
    if isinstance(truth, Pictures):
        return iter(truth.names)
    return (f"frame {index}" for index in count())


def _mattes(
    sequence: Sequences, names: Sequence[str] | None
) -> Iterator[Loader[AlphaMatte] | None]:
    if isinstance(sequence, Video):
        return sequence.mattes()
    return sequence.mattes(names or sequence.names)


def _colours(
    sequence: Sequences | None, names: Sequence[str] | None
) -> Iterator[Loader[RgbImage] | None]:
    if sequence is None:
        return iter(())
    if isinstance(sequence, Video):
        return sequence.colours()
    return sequence.colours(names or sequence.names)

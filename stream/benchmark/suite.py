"""Which measurements are made, one after another."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from pipeline.models import DEFAULT_MODEL
from pipeline.network import Precision, RuntimeName, usable_processors
from stream.benchmark.case import Case, Figures, run_apart
from stream.benchmark.clip import SIZES, make_clip
from stream.benchmark.machine import describe_machine

RUNTIMES: dict[str, tuple[RuntimeName, Precision]] = {
    "auto": ("auto", "auto"),
    "openvino-int8": ("openvino", "int8"),
    "openvino-bf16": ("openvino", "bf16"),
    "openvino-f32": ("openvino", "f32"),
    "onnxruntime": ("onnxruntime", "f32"),
    "cuda": ("cuda", "auto"),
    "tensorrt": ("tensorrt", "auto"),
}
"""By the names of the command; `auto` is what a user gets who chooses nothing."""
LIVE_RATE, LIVE_SECONDS, OVERLOAD_SECONDS = 30.0, 5.0, 8.0
OVERLOAD = 2.0
"""Times what it can do."""
_FEWEST = 16
_LARGE = {"1080p": 2, "4k": 4}
"""Of these sizes so many times fewer frames are taken."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Suite:
    """What is measured; names of `SIZES` and `RUNTIMES`."""

    sizes: tuple[str, ...] = tuple(SIZES)
    runtimes: tuple[str, ...] = tuple(RUNTIMES)[1:]
    threads: tuple[int, ...] = field(
        default_factory=lambda: tuple(sorted({1, usable_processors()}))
    )
    frames: int = 60
    """Of each clip of up to 720 lines; of larger ones fewer."""
    model: str = DEFAULT_MODEL
    video: Path | None = None
    """One's own clip in place of the drawn one; then `sizes` names it alone."""

    def frames_of(self, size: str) -> int:
        return max(min(_FEWEST, self.frames), self.frames // _LARGE.get(size, 1))

    def clip(self, size: str, folder: Path) -> Path:
        """The clip of a size, made if it is not in the folder yet."""
        path = self.video or folder / f"{size}.mp4"
        return path if path.exists() else make_clip(path, SIZES[size], self.frames_of(size))


def measure(suite: Suite, say: Say) -> dict[str, Any]:
    """Everything; a runtime that is not here is named under `absent`."""
    with tempfile.TemporaryDirectory() as folder:
        measuring = _Measuring(suite, Path(folder), say)
        return {
            "machine": describe_machine(),
            "start": list(measuring.starts()),
            "file": list(measuring.files()),
            "live": list(measuring.lives()),
            "overload": list(measuring.overloads()),
            "edges": list(measuring.edges()),
            "absent": measuring.absent,
        }


class _Measuring:
    def __init__(self, suite: Suite, folder: Path, say: Say) -> None:
        self.absent: dict[str, str] = {}
        self._suite, self._folder, self._say = suite, folder, say
        self._most = max(suite.threads)
        self._file_fps: dict[str, float] = {}

    def starts(self) -> Iterator[Figures]:
        """Twice: with an empty cache of compiled networks, and with what the first one left."""
        size, cache = self._usual_size(), str(self._folder / "compiled")
        for state in ("cold", "cached"):
            case = self._case("start", size, self._most, cache=cache)
            yield from self._row(case, "auto", cache=state)

    def files(self) -> Iterator[Figures]:
        suite = self._suite
        for size, name, threads in product(suite.sizes, suite.runtimes, suite.threads):
            if name in self.absent:
                continue
            case = self._case("file", size, threads, name)
            for row in self._row(case, name):
                self._file_fps[size] = max(row["fps"], self._file_fps.get(size, 0.0))
                yield row

    def lives(self) -> Iterator[Figures]:
        """With the runtime that is chosen where the user chooses none."""
        for size, threads in product(self._suite.sizes, self._suite.threads):
            yield from self._live(size, threads, LIVE_RATE, LIVE_SECONDS)

    def overloads(self) -> Iterator[Figures]:
        size = self._usual_size()
        rate = OVERLOAD * max(LIVE_RATE, self._file_fps.get(size, 0.0))
        yield from self._live(size, self._most, rate, OVERLOAD_SECONDS)

    def edges(self) -> Iterator[Figures]:
        """A file and a live session without and with the edge refined; all others go without."""
        size = self._usual_size()
        for refine in ("off", "auto"):
            case = self._case("file", size, self._most, refine=refine)
            yield from self._row(case, "auto", kind="file", refine=refine)
        for refine in ("off", "auto"):
            case = self._live_case(size, self._most, LIVE_RATE, LIVE_SECONDS, refine=refine)
            yield from self._row(case, "auto", kind="live", refine=refine)

    def _live(self, size: str, threads: int, rate: float, seconds: float) -> Iterator[Figures]:
        yield from self._row(self._live_case(size, threads, rate, seconds), "auto")

    def _live_case(self, size: str, threads: int, rate: float, seconds: float, **more: Any) -> Case:
        frames = min(round(rate * seconds), 4 * self._suite.frames)
        budget = 1 / LIVE_RATE
        return self._case("live", size, threads, rate=rate, budget=budget, frames=frames, **more)

    def _usual_size(self) -> str:
        sizes = self._suite.sizes
        return "720p" if "720p" in sizes else sizes[0]

    def _case(self, kind: Any, size: str, threads: int, name: str = "auto", **more: Any) -> Case:
        runtime, precision = RUNTIMES[name]
        clip = str(self._suite.clip(size, self._folder))
        model = self._suite.model
        return Case(kind, clip, size, runtime, precision, threads, model=model, **more)

    def _row(self, case: Case, name: str, **more: Any) -> Iterator[Figures]:
        """The figures of a case with what was asked for; nothing where it is not to be had."""
        self._say(f"{case.kind} {case.size}, {name}, {case.threads} threads")
        figures = run_apart(case)
        if "absent" in figures:
            self.absent[name] = figures["absent"]
            self._say(f"  absent: {figures['absent']}")
        else:
            asked = {"size": case.size, "asked": name, "threads": case.threads}
            yield asked | more | figures

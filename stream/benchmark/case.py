"""One measurement: what it is, and its run in a process of its own.

A fresh process for each makes memory and start-up honest: `python -m stream.benchmark.case CASE`,
where CASE is JSON, prints one JSON object.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pipeline.composite import Blur
from pipeline.errors import LivematteError, ModelError, RuntimeUnavailableError
from pipeline.matting import Matting
from pipeline.models import DEFAULT_MODEL
from pipeline.network import Precision, RuntimeName, RuntimeOptions
from pipeline.patch_network import Refine
from pipeline.segment import U2Net
from stream.loaded_networks import LoadedNetworks

TIMEOUT_S = 300.0

Kind = Literal["file", "live", "start"]
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured, on which clip, with which network; a size is a name of `clip.SIZES`."""

    kind: Kind
    clip: str
    size: str
    runtime: RuntimeName = "auto"
    precision: Precision = "auto"
    threads: int = 0
    """Of the network; 0: all processors."""
    frames: int = 60
    model: str = DEFAULT_MODEL
    rate: float = 30.0
    """Frames a second that a live source offers."""
    budget: float = float("inf")
    """Seconds a frame that the quality ladder holds; infinity: quality is never given up."""
    refine: Refine = "off"
    cache: str | None = None
    """A folder for compiled networks in place of the usual one."""
    spawned_at: float = 0.0
    """Seconds since the epoch when the process was started."""

    def matting(self, parallel: int = 1, sizes: tuple[int, ...] = ()) -> Matting:
        """A new pipeline that blurs the background."""
        options = RuntimeOptions(
            self.runtime,
            self.precision,
            self.threads,
            parallel=parallel,
            cache_dir=Path(self.cache) if self.cache else None,
        )
        networks = LoadedNetworks.load(self.model, options, sizes, self.refine, self.budget)
        return networks.matting(Blur())


def run_apart(case: Case) -> Figures:
    """The figures of a case from a new process, or `{"absent": why}`; ModelError if it fails."""
    started = replace(case, spawned_at=time.time())
    command = [sys.executable, "-m", "stream.benchmark.case", json.dumps(asdict(started))]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return {"absent": f"not done after {TIMEOUT_S:.0f} s"}
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise ModelError(lines[-1] if lines else f"a measurement ended with {done.returncode}")
    return dict(json.loads(done.stdout))


def run_here(case: Case) -> Figures:
    """The figures of a case in this process; what is not to be had here is no error."""
    from stream.benchmark.file_case import measure_file
    from stream.benchmark.live_case import measure_live
    from stream.benchmark.start_case import measure_start

    measure = {"file": measure_file, "live": measure_live, "start": measure_start}[case.kind]
    try:
        return measure(case)
    except RuntimeUnavailableError as refusal:
        return {"absent": str(refusal)}


def network_of(matting: Matting) -> Figures:
    """What really ran, without the size: that of the clip goes by this name."""
    assert isinstance(matting.segmenter, U2Net)
    described: Figures = dict(matting.segmenter.runs_on)
    return described | {"input": described.pop("size")}


def main() -> None:
    case = Case(**json.loads(sys.argv[1]))
    printed = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries greet on standard output
    try:
        printed.write(json.dumps(run_here(case)) + "\n")
    except LivematteError as error:
        sys.exit(str(error))
    printed.close()


if __name__ == "__main__":
    main()

"""Many files, one after another; one that fails does not stop the others."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import typer

from pipeline.errors import Interruption, LivematteError, ModelError, SinkError
from stream.file_job import FileOptions, run_job
from stream.file_report import Report, lost, sentence
from stream.jobs import Job
from stream.loaded_networks import LoadedNetworks


@dataclass(slots=True)
class Summary:
    """A report of each file, or what went wrong with it."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    jobs: list[Report] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        names = ", ".join(str(job["source"]) for job in self.jobs if "error" in job)
        skipped = f", {self.skipped} there already" if self.skipped else ""
        failed = f", {self.failed} failed: {names}" if self.failed else ""
        return f"{self.done} done{skipped}{failed}"

    def note(self, report: Report, *, as_json: bool) -> None:
        """Tell of a file that has ended: on standard output if done, on standard error if not."""
        self.jobs.append(report)
        if "error" in report:
            self.failed += 1
            sys.stderr.write(f"livematte: {report['error']}\n")
        elif report.get("skipped"):
            self.skipped += 1
        else:
            self.done += 1
        if "output" in report and not as_json:
            typer.echo(sentence(report))


def run_many(
    jobs: list[Job], options: FileOptions, networks: Callable[[], LoadedNetworks], *, as_json: bool
) -> Summary:
    """What would stop all of them, as a missing model, does so at once."""
    summary = Summary()
    networks()
    for job in jobs:
        with attempt(job) as report:
            report |= run_job(job, options, networks)
        summary.note(report, as_json=as_json)
    return summary


@contextmanager
def attempt(job: Job) -> Iterator[Report]:
    """A report to fill in; what goes wrong with this file alone becomes a part of it."""
    report: Report = {"source": str(job.source)}
    try:
        job.output.parent.mkdir(parents=True, exist_ok=True)
        yield report
    except (Interruption, ModelError):
        raise
    except LivematteError as error:
        report["error"] = str(error)
    except OSError as error:
        folder = SinkError(f"{job.output.parent}: cannot be made: {error.strerror}: choose another")
        report["error"] = str(folder)
    if report.get("losses"):
        report["error"] = lost(report)

"""Many files, one after another; one that fails does not stop the others."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import typer

from pipeline.errors import Interruption, LivematteError, ModelError, SinkError
from stream.file_job import FileOptions, Report, lost, run_job, sentence
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


def run_many(
    jobs: list[Job], options: FileOptions, networks: Callable[[], LoadedNetworks], *, as_json: bool
) -> Summary:
    """Each is told of as it ends: on standard output if done, on standard error if not.

    What would stop all of them, as a missing model, does so at once.
    """
    summary = Summary()
    networks()
    for job in jobs:
        report = _attempt(job, options, networks)
        summary.jobs.append(report)
        if "error" in report:
            summary.failed += 1
            sys.stderr.write(f"livematte: {report['error']}\n")
        elif report.get("skipped"):
            summary.skipped += 1
        else:
            summary.done += 1
        if "output" in report and not as_json:
            typer.echo(sentence(report))
    return summary


def _attempt(job: Job, options: FileOptions, networks: Callable[[], LoadedNetworks]) -> Report:
    failed: Report = {"source": str(job.source)}
    try:
        job.output.parent.mkdir(parents=True, exist_ok=True)
        report = run_job(job, options, networks)
    except (Interruption, ModelError):
        raise
    except LivematteError as error:
        return failed | {"error": str(error)}
    except OSError as error:
        folder = SinkError(f"{job.output.parent}: cannot be made: {error.strerror}: choose another")
        return failed | {"error": str(folder)}
    return report | {"error": lost(report)} if report["losses"] else report

"""Where files are made."""

from functools import cache
from typing import Literal, Protocol

from stream.file_job import FileOptions, run_job
from stream.file_report import Report
from stream.jobs import Job
from stream.loaded_networks import NetworkChoice
from stream.many_files import Summary, run_many

EngineName = Literal["local", "ray"]


class Engine(Protocol):
    """Makes files; what is wrong with the options is said before networks are loaded."""

    def one(self, job: Job, options: FileOptions) -> Report: ...

    def many(self, jobs: list[Job], options: FileOptions, *, as_json: bool) -> Summary: ...


class LocalEngine:
    """In this process, one after the other."""

    def __init__(self, choice: NetworkChoice) -> None:
        self._networks = cache(choice.load)

    def one(self, job: Job, options: FileOptions) -> Report:
        return run_job(job, options, self._networks)

    def many(self, jobs: list[Job], options: FileOptions, *, as_json: bool) -> Summary:
        return run_many(jobs, options, self._networks, as_json=as_json)

"""Which files are made of which."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import OptionError, SourceError
from stream.formats import is_numbered

VIDEOS = frozenset(
    {
        *(".3gp", ".apng", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
        *(".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv", ".ts", ".vob", ".webm", ".wmv"),
    }
)
"""What is taken out of folders; a file that is named is taken whatever it is called."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file to be made of another."""

    source: Path
    output: Path


def single(paths: list[Path]) -> Job:
    """IN and OUT; OptionError if there are more, or less."""
    if len(paths) != 2:
        raise OptionError(
            f"{len(paths)} paths: it wants IN and OUT, or any number of IN and --output-dir: see "
            "`livematte file --help`"
        )
    return Job(*paths)


def many(paths: list[Path], folder: Path, extension: str) -> list[Job]:
    """All that is named and all videos in folders, each to a file of its name in `folder`.

    Folders within folders are made again. OptionError where two would be the same file.
    """
    jobs: dict[Path, Job] = {}
    for source, name in _named(paths, folder.resolve()):
        job = Job(source, folder / name.with_suffix(extension))
        if job.output in jobs:
            raise OptionError(
                f"{jobs[job.output].source} and {source} would both be {job.output}: rename one, "
                "or take them one after the other"
            )
        jobs[job.output] = job
    if not jobs:
        raise SourceError(f"{', '.join(map(str, paths))}: no video in there")
    return list(jobs.values())


def _named(paths: list[Path], output: Path) -> Iterator[tuple[Path, Path]]:
    """Sources, each once, with their names below the folder that was given."""
    seen: set[Path] = set()
    for path in paths:
        found = sorted(_videos(path, output)) if path.is_dir() else [path]
        for source in found:
            if source.resolve() not in seen:
                seen.add(source.resolve())
                yield source, source.relative_to(path) if path.is_dir() else Path(_name(source))


def _name(path: Path) -> str:
    """Numbered pictures are called as their folder."""
    return path.resolve().parent.name + path.suffix if is_numbered(path) else path.name


def _videos(folder: Path, output: Path) -> Iterator[Path]:
    """What is hidden is work under way, and what lies in the output is no input."""
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        is_output = output != folder.resolve() and output in path.resolve().parents
        if path.suffix.lower() in VIDEOS and path.is_file() and not hidden and not is_output:
            yield path

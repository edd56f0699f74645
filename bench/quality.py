"""The mattes of our pipeline and of its peers, side by side; `python -m bench.quality`."""

import json
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import edges_page, stills_page
from bench.clip import Clip
from bench.composites import clips, parse_size
from bench.cutouts import shared_data
from bench.environment import bench_cache
from bench.grabcut import by_box
from bench.kept import KeptResults, fingerprint
from bench.methods import Method, own_switches
from bench.peer import all_peers
from bench.photos import judged_photos
from bench.quality_report import Made, write_report
from bench.scoring import Material, Result, Say, measure
from bench.strips import write_strips
from pipeline.errors import LivematteError
from pipeline.network import usable_processors

_ROOT = Path(__file__).parents[1]
_OTHERS = {"stills.json": stills_page.part, "edges.json": edges_page.part}
"""What other benches left in docs, and what makes paragraphs of it."""
_USUAL = {"size": "512x288", "frames": 30, "clips": 14, "photos": 200, "seed": 1, "deals": 1}
_NOT_CHOSEN = "left out of this run, and no earlier one has kept its figures"


def judge(
    methods: Sequence[Method],
    material: Material,
    kept: KeptResults,
    say: Say,
    only: Sequence[str] = (),
    fresh: bool = False,
) -> list[Result]:
    """The results of all methods, in order.

    What is kept of an earlier run is taken while the code that decides it is the same, unless
    `fresh`. With `only`, those methods alone are measured, and what is kept of others is taken
    however old; the report says of which commit it is.
    """
    return [
        _left_out(method, kept)
        if only and method.name not in only
        else _judged(method, material, kept, say, fresh or bool(only))
        for method in methods
    ]


def _left_out(method: Method, kept: KeptResults) -> Result:
    return _known(method, kept) or Result.of(method, _NOT_CHOSEN)


def _known(method: Method, kept: KeptResults) -> Result | None:
    """What is kept; it belongs to this commit too if the code that decides it is the same."""
    known = kept.find(method.name)
    if known and known.fingerprint == fingerprint(method):
        known.commit = current_commit()
    return known


def _judged(method: Method, material: Material, kept: KeptResults, say: Say, fresh: bool) -> Result:
    code = fingerprint(method)
    known = _known(method, kept)
    if known and known.fingerprint == code and not fresh:
        say(f"{method.name}: already measured")
        return known
    result = measure(method, material, kept.pictures(method.name), say)
    result.commit, result.fingerprint = current_commit(), code
    if result.absent is None:
        kept.keep(result)
    else:
        say(f"{method.name}: absent: {result.absent}")
    return result


def current_commit() -> str:
    """The checkout's commit; `+` if the code was changed since."""
    commit = _git("rev-parse", "--short=10", "HEAD")
    changed = _git("status", "--porcelain", "--", "pipeline", "stream", "bench")
    return (commit or "unknown") + ("+" if changed else "")


def _git(*command: str) -> str:
    done = subprocess.run(["git", *command], cwd=_ROOT, check=False, capture_output=True, text=True)
    return done.stdout.strip()


def machine() -> str:
    """Processor and cores, by which figures may differ in their last digits; no names of hosts."""
    cores = usable_processors()
    return f"{_processor()}, {cores} core{'s' * (cores > 1)}, Python {platform.python_version()}"


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    if known.is_file():
        for line in known.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _say(line: str) -> None:
    typer.echo(line, err=True)


def main(
    only: Annotated[
        list[str] | None, typer.Option(help="Measure this method alone, anew; may be repeated.")
    ] = None,
    size: Annotated[str, typer.Option(help="Width and height of the clips.")] = "512x288",
    frames: Annotated[int, typer.Option(min=2, help="Of each clip.")] = 30,
    count: Annotated[int, typer.Option("--clips", min=1, help="At most so many.")] = 14,
    photos: Annotated[int, typer.Option(min=0, max=200, help="With binary masks.")] = 200,
    seed: Annotated[int, typer.Option(help="Motion, noise and backgrounds follow from it.")] = 1,
    deals: Annotated[
        int, typer.Option(min=1, help="How often rooms and motion are dealt: seeds from that on.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="Without suffix. [default: docs/quality, with the size if another]"),
    ] = None,
    strips: Annotated[
        Path | None, typer.Option(help="Folder for pictures of every clip, all mattes in a row.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Use nothing of an earlier run.")] = False,
) -> None:
    """Measure our pipeline, switch by switch, and its peers; write a page and a JSON file."""
    methods: list[Method] = [*own_switches(), by_box(), *all_peers()]
    unknown = set(only or ()) - {method.name for method in methods}
    if unknown:
        known = ", ".join(method.name for method in methods)
        raise typer.BadParameter(f"no method {', '.join(unknown)}: one of {known}")
    try:
        material = _material(size, frames, count, photos, seed, deals)
        page = out or _default_out(size)
        kept = KeptResults(bench_cache() / "quality", material, page.with_name(f"{page.name}.json"))
        results = judge(methods, material, kept, _say, only or (), fresh)
        made = _made(material, only or ())
        write_report(page, made, results, _of_others())
        if strips:
            write_strips(strips, material, kept, methods)
    except LivematteError as error:
        _say(str(error))
        raise typer.Exit(1) from error


def _material(size: str, frames: int, count: int, photos: int, seed: int, deals: int) -> Material:
    shared_data()  # raises if it is not there
    pixels = parse_size(size)
    label = {"size": size, "frames": frames, "clips": count, "photos": photos}

    def dealt() -> Iterator[Clip]:
        for deal in range(seed, seed + deals):
            for clip in islice(clips("test", pixels, deal, frames), count):
                yield clip if deal == seed else replace(clip, name=f"{clip.name}-{deal}")

    return Material(label | {"seed": seed, "deals": deals}, dealt, judged_photos()[:photos])


def _default_out(size: str) -> Path:
    return _ROOT / "docs" / ("quality" if size == _USUAL["size"] else f"quality-{size}")


def _of_others() -> list[str]:
    """What `bench.stills` and `bench.edges` have found, if they were run."""
    files = {_ROOT / "docs" / name: part for name, part in _OTHERS.items()}
    found = (part(json.loads(file.read_text())) for file, part in files.items() if file.is_file())
    return [*chain.from_iterable(found)]


def _made(material: Material, only: Sequence[str]) -> Made:
    label = material.label
    unusual = [f"--{name} {label[name]}" for name in label if label[name] != _USUAL[name]]
    chosen = [f"--only {name}" for name in only]
    return Made(
        command=" ".join(["python -m bench.quality", *unusual, *chosen]),
        commit=current_commit(),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine(),
        data=(
            f"the test split of bench/composites ({label['size']}, {label['frames']} frames a "
            f"clip, {_seeds(label)}) and {len(material.photos)} photos with masks"
        ),
        label=label,
    )


def _seeds(label: Mapping[str, Any]) -> str:
    first, last = label["seed"], label["seed"] + label["deals"] - 1
    return f"seed {first}" if first == last else f"seeds {first} to {last}"


if __name__ == "__main__":
    typer.run(main)

"""`livematte image IN… OUT`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.choice import parse_keep
from pipeline.composite import Transparent
from pipeline.errors import LivematteError, OptionError, SourceError
from pipeline.frame import Frame
from pipeline.matte_options import MatteOptions
from pipeline.matting import Matting
from pipeline.runtime import RuntimeOptions
from pipeline.shape import Shape
from stream.background import open_background
from stream.doubt_log import DoubtLog
from stream.loaded_networks import NetworkChoice
from stream.matte_options import (
    ClosingOption,
    CorrectColoursOption,
    FeatherOption,
    GammaOption,
    KeepOption,
    OpeningOption,
    ShiftOption,
    SmallestOption,
)
from stream.network_options import (
    EdgesOption,
    MirrorOption,
    ModelOption,
    PrecisionOption,
    RefineOption,
    RequireGpuOption,
    RuntimeOption,
    SizeOption,
    SubjectOption,
    ThreadsOption,
    model_for,
)
from stream.picture_io import READ, WITH_ALPHA, WRITTEN, read_picture, write_picture

EXAMPLES = "\n\n".join(
    (
        "[bold]Examples[/bold]",
        "livematte image portrait.jpg portrait.png",
        "livematte image portrait.jpg out.jpg --background beach.jpg",
        "livematte image photos/ cut-outs/ --format webp",
        "livematte image party.jpg one.png --keep 0.3,0.5 --shift -1",
        "livematte image portrait.jpg portrait.png --edges closed-form",
    )
)


def image(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="IN… OUT",
            help="Pictures or folders of them, and what to write: a picture, or a folder.",
        ),
    ],
    background: Annotated[
        str,
        typer.Option(
            "--background",
            "-b",
            help="transparent, blur, blur:RADIUS, green, #RRGGBB, or the path of a picture.",
        ),
    ] = "transparent",
    extension: Annotated[
        str, typer.Option("--format", help="Of what is written into a folder: png, webp or jpg.")
    ] = "png",
    quality: Annotated[
        int, typer.Option(min=1, max=100, help="Of JPEG, and of WebP without alpha.")
    ] = 95,
    max_pixels: Annotated[
        int, typer.Option(min=1, help="What is larger is refused before it is decoded.")
    ] = 100_000_000,
    subject: SubjectOption = "any",
    model: ModelOption = None,
    size: SizeOption = None,
    mirror: MirrorOption = False,
    refine: RefineOption = "auto",
    edges: EdgesOption = "gan",
    runtime: RuntimeOption = "auto",
    precision: PrecisionOption = "auto",
    threads: ThreadsOption = 0,
    require_gpu: RequireGpuOption = False,
    keep: KeepOption = "all",
    opening: OpeningOption = 0,
    closing: ClosingOption = 0,
    smallest: SmallestOption = 0.0,
    shift: ShiftOption = 0,
    feather: FeatherOption = 0,
    gamma: GammaOption = 1.0,
    correct_colours: CorrectColoursOption = True,
    log_doubtful: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Keep pictures there whose matte is in doubt, for `livematte eval`.",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output at the end.")
    ] = False,
) -> None:
    """Cut people out of pictures, or put them before another background.

    Pictures are turned upright as their EXIF says.
    """
    shape = Shape(opening, closing, smallest, shift, feather, gamma)
    wanted = MatteOptions(parse_keep(keep), shape, correct_colours)
    behind = open_background(background)
    pairs = pairs_of(paths, f".{extension.lower().removeprefix('.')}", overwrite)
    check_formats([target for _, target in pairs], transparent=isinstance(behind, Transparent))
    options = RuntimeOptions(runtime, precision, threads, require_gpu)
    name, sizes = model_for(model, subject), (size,) if size else ()
    networks = NetworkChoice(name, options, sizes, refine, edges=edges, mirror=mirror).load()
    matting = networks.picture_matting(behind, wanted)
    log = DoubtLog(log_doubtful) if log_doubtful else None
    written, failed = matte_all(matting, pairs, quality, max_pixels, log)
    report: dict[str, Any] = {
        "written": written,
        "failed": failed,
        "network": networks.runs_on,
    }
    report |= {"rois": matting.rois.means()}
    line = f"{len(written)} pictures written"
    if log is not None:
        report |= {"doubtful": log.kept}
        line += f", {len(log.kept)} in doubt kept in {log_doubtful}"
    typer.echo(json.dumps(report) if as_json else line)
    if failed:
        raise SourceError("; ".join(failed))


def pairs_of(paths: Sequence[Path], extension: str, overwrite: bool) -> list[tuple[Path, Path]]:
    """Every picture, and where it is written; raises OptionError if that makes no sense."""
    if len(paths) < 2:
        raise OptionError(f"{paths[0]}: name what to read and then what to write")
    *sources, out = paths
    if extension not in WRITTEN:
        raise OptionError(f"--format {extension[1:]}: one of png, webp, jpg")
    files = [file for source in sources for file in _files(source)]
    into_folder = out.is_dir() or any(one.is_dir() for one in sources) or len(sources) > 1
    if into_folder:
        out.mkdir(parents=True, exist_ok=True)
        pairs = [(file, out / f"{file.stem}{extension}") for file in files]
    else:
        pairs = [(sources[0], out)]
    _check_targets([target for _, target in pairs], overwrite)
    return pairs


def check_formats(targets: Sequence[Path], *, transparent: bool) -> None:
    """Raise OptionError where a format cannot hold what is to be written."""
    for target in targets:
        if target.suffix.lower() not in WRITTEN:
            raise OptionError(f"{target}: written are .png, .webp and .jpg")
        if transparent and target.suffix.lower() not in WITH_ALPHA:
            raise OptionError(f"{target}: JPEG has no alpha: write .png or give a --background")


def matte_all(
    matting: Matting,
    pairs: Sequence[tuple[Path, Path]],
    quality: int,
    most_pixels: int,
    log: DoubtLog | None = None,
) -> tuple[list[str], list[str]]:
    """What was written, and what went wrong, a line each: one bad picture stops no other."""
    written, failed = [], []
    for source, target in pairs:
        try:
            frame = Frame.from_rgb(read_picture(source, most_pixels))
            matted = matting.process(frame)
            write_picture(target, matted, quality)
            written.append(str(target))
            if log is not None and matting.found is not None:
                log.note(source, frame, matted.matte, matting.found)
        except LivematteError as error:
            failed.append(str(error))
    return written, failed


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    found = [file for file in sorted(source.iterdir()) if file.suffix.lower() in READ]
    if not found:
        raise SourceError(f"{source}: no PNG, JPEG or WebP in this folder")
    return found


def _check_targets(targets: Sequence[Path], overwrite: bool) -> None:
    seen: set[Path] = set()
    for target in targets:
        if target in seen:
            raise OptionError(f"{target}: two pictures would be written to it: rename one")
        if target.exists() and not overwrite:
            raise OptionError(f"{target}: is there already: give --overwrite or name another")
        seen.add(target)

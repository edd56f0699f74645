"""Photographs, one after another: seconds, PSNR and SSIM of GrabCut, rembg and our pipeline.

    python -m bench.stills

Writes docs/stills.json, which `bench.quality` puts into its page. At every photo all take their
turn, so that whatever else the machine does falls on all alike.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Annotated, Any

import cv2
import numpy as np
import typer

from bench.methods import AbsentError
from bench.quality import current_commit, machine
from bench.still_photos import StillPhoto, still_photos
from bench.still_rivals import Ready, Rival, rivals
from bench.stills_page import Scores, part
from bench.strips import grey, sheet, tile
from pipeline.composite import composite
from pipeline.errors import LivematteError
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.matte import EdgeMatte
from pipeline.metrics import overlap, psnr, ssim

_DOCS = Path(__file__).parents[1] / "docs" / "stills.json"
_USUAL_SEEDS = 2
Say = Callable[[str], None]
OnPhoto = Callable[[StillPhoto, Mapping[str, AlphaMatte]], None]


def measure(
    chosen: Sequence[Rival],
    photos: Callable[[], Iterable[StillPhoto]],
    say: Say,
    on_photo: OnPhoto = lambda photo, mattes: None,
) -> dict[str, Any]:
    """Every rival's scores on every photo; who cannot take part is named with the reason.

    `photos` are made anew each time they are asked for; the first one also warms everybody up.
    """
    with ExitStack() as stack:
        ready, absent = _all_ready(chosen, stack, say)
        take_turns(ready, next(iter(photos())).photo)
        judged = {}
        for photo in photos():
            mattes, seconds = take_turns(ready, photo.photo)
            judged[photo.name] = {
                name: {"seconds": round(seconds[name], 4)} | scores_of(alpha, photo)
                for name, alpha in mattes.items()
            }
            say(f"{photo.name}: {json.dumps(judged[photo.name])}")
            on_photo(photo, mattes)
    present = (rival for rival in chosen if rival.name in ready)
    named = {rival.name: _described(rival, ready[rival.name]) for rival in present}
    return {"rivals": named, "absent": absent, "photos": judged}


def _all_ready(
    chosen: Sequence[Rival], stack: ExitStack, say: Say
) -> tuple[dict[str, Ready], dict[str, str]]:
    """Those that can take part, and why others cannot, by title."""
    ready: dict[str, Ready] = {}
    absent: dict[str, str] = {}
    for rival in chosen:
        try:
            ready[rival.name] = stack.enter_context(rival.open())
        except AbsentError as error:
            absent[rival.title] = str(error)
            say(f"{rival.title}: absent: {error}")
    return ready, absent


def _described(rival: Rival, ready: Ready) -> dict[str, Any]:
    described = {"title": rival.title, "what": rival.what, "people_only": rival.people_only}
    return described | {"ran_as": ready.ran_as}


def take_turns(
    ready: Mapping[str, Ready], photo: RgbImage
) -> tuple[dict[str, AlphaMatte], dict[str, float]]:
    """Everybody's alpha of a photo, and the seconds it took."""
    mattes, seconds = {}, {}
    for name, one in ready.items():
        began = perf_counter()
        mattes[name] = one.matte(photo)
        seconds[name] = perf_counter() - began
    return mattes, seconds


def scores_of(alpha: AlphaMatte, photo: StillPhoto) -> Scores:
    """Of the alpha, and of the subject before the new background."""
    shown, right = map(_planes, (before_backdrop(alpha, photo), photo.composite))
    scores = {
        "psnr": psnr(alpha, photo.truth),
        "ssim": ssim(alpha, photo.truth),
        "iou": overlap(alpha, photo.truth).iou,
        "composite_psnr": psnr(np.concatenate(shown), np.concatenate(right)),
        "composite_ssim": fmean(map(ssim, shown, right)),
    }
    return {name: round(value, 5) for name, value in scores.items()}


def before_backdrop(alpha: AlphaMatte, photo: StillPhoto) -> RgbImage:
    """By our own compositing, whoever made the alpha: it frees the edge of the old background."""
    matte = EdgeMatte.from_alpha(alpha)
    return composite(Frame.from_rgb(photo.photo), matte, (photo.backdrop,)).rgb


def _planes(rgb: RgbImage) -> list[AlphaMatte]:
    """Red, green and blue from 0 to 1, float32 (H, W) each."""
    return [plane.astype(np.float32) / np.float32(255) for plane in cv2.split(rgb)]


def strip_of(
    photo: StillPhoto, mattes: Mapping[str, AlphaMatte], chosen: Sequence[Rival]
) -> RgbImage:
    """The photo, the truth, and everybody's matte."""
    tiles = [tile("photo", photo.photo), tile("truth", grey(photo.truth))]
    tiles += [tile(one.title, grey(mattes[one.name])) for one in chosen if one.name in mattes]
    return sheet(tiles)


def report(command: str, measured: Mapping[str, Any]) -> dict[str, Any]:
    made = {"command": command, "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    made |= {"commit": current_commit(), "machine": machine()}
    return {"made": made, **measured}


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Backgrounds for each cut-out.")] = _USUAL_SEEDS,
    count: Annotated[
        int | None, typer.Option("--photos", min=1, help="At most so many. [default: all]")
    ] = None,
    strips: Annotated[Path | None, typer.Option(help="Folder for pictures to look at.")] = None,
    out: Annotated[
        Path, typer.Option(help="A JSON file; bench.quality puts docs/stills.json into its page.")
    ] = _DOCS,
) -> None:
    """Judge GrabCut, rembg and our pipeline on photographs."""
    chosen = rivals()

    def look(photo: StillPhoto, mattes: Mapping[str, AlphaMatte]) -> None:
        if strips is not None:
            strips.mkdir(parents=True, exist_ok=True)
            shown = strip_of(photo, mattes, chosen)
            cv2.imwrite(str(strips / f"{photo.name}.png"), shown[..., ::-1])

    try:
        measured = measure(chosen, lambda: islice(still_photos("test", seeds), count), _say, look)
    except LivematteError as error:
        _say(str(error))
        raise typer.Exit(1) from error
    unusual = f" --seeds {seeds}" * (seeds != _USUAL_SEEDS) + f" --photos {count}" * bool(count)
    made = report(f"python -m bench.stills{unusual}", measured)
    out.write_text(json.dumps(made, indent=1) + "\n")
    typer.echo("\n\n".join(part(made)))


def _say(line: str) -> None:
    typer.echo(line, err=True)


if __name__ == "__main__":
    typer.run(main)

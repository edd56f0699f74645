"""The edge alone, step by step, on still composites never trained on; `python -m bench.edges`.

Every picture is seen by the same network; what differs is how its matte is brought to size. Where a
second, closer look follows the first, `closer` is guided by what that gives, and so is `refined`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer

from bench.composites import clips, parse_size
from bench.cutouts import Split
from bench.edges_page import IOU, METRICS, Scores, page
from bench.methods import without_places
from bench.motion import Size
from bench.quality import current_commit, machine
from pipeline.cells import cell_side
from pipeline.closed_form import ClosedForm
from pipeline.closer import STILL
from pipeline.edges import tiling, uncertainty
from pipeline.errors import LivematteError
from pipeline.frame import AlphaMatte, Frame, RgbImage, Trimap
from pipeline.guided import guided_upsample
from pipeline.matte import EdgeMatte
from pipeline.metrics import Meter
from pipeline.models import DEFAULT_MODEL, EDGE
from pipeline.patch_network import load_patch_network
from pipeline.refine import EdgeView, GanRefiner
from pipeline.second_stage import TrimapRefiner
from pipeline.segment import U2Net
from pipeline.subject import WHOLE, Look
from pipeline.trimap import certain_trimap

_REMBG_FOREGROUND, _REMBG_BACKGROUND, _REMBG_ERODED = 240, 10, 10
"""The trimap that rembg draws by default: levels of 255, and pixels."""
_CLOSER = Look(closer=STILL)
_SHOWN = 192
"""Side of a crop in a strip, in pixels."""

Way = Callable[["Seen"], AlphaMatte]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A composite, and its exact alpha."""

    name: str
    frame: Frame
    truth: AlphaMatte


def pictures(split: Split, size: str, seeds: int) -> Iterator[Picture]:
    """Every cut-out of a split before so many backgrounds, as a camera's decoder gives it."""
    for seed in range(1, seeds + 1):
        for clip in clips(split, parse_size(size), seed, frames=1):
            ((frame, truth),) = clip
            yield Picture(f"{clip.name}-{seed}", frame, truth)


def as_coarse(truth: AlphaMatte, size: Size) -> AlphaMatte:
    """The best matte that a network with an output of that width and height could give."""
    coarse: AlphaMatte = cv2.resize(truth, size, interpolation=cv2.INTER_AREA)
    return coarse


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture as the first look leaves it, and as a closer one does: the same where none is."""

    first: EdgeView
    closer: EdgeView


def _seer(model: str, truth: str | None) -> Callable[[Picture], Seen]:
    """What looks at pictures: the network, or nothing but the truth at that size."""
    if truth is not None:
        size = parse_size(truth)
        return lambda picture: seen_once(view_of(picture.frame, as_coarse(picture.truth, size)))
    segmenter = U2Net.load(model)
    if segmenter.closer is None:
        return lambda picture: seen_once(view_of(picture.frame, segmenter(picture.frame)))
    return lambda picture: Seen(
        *(view_of(picture.frame, segmenter(picture.frame, look)) for look in (WHOLE, _CLOSER))
    )


def seen_once(view: EdgeView) -> Seen:
    return Seen(view, view)


def view_of(frame: Frame, coarse: AlphaMatte) -> EdgeView:
    guide = frame.reduced(cell_side(frame.width, frame.height))
    matte = guided_upsample(frame, coarse, guide)
    return EdgeView(frame, guide, coarse, matte, is_cut=True)


def ways(refiner: GanRefiner | None, closed_form: bool) -> dict[str, Way]:
    """How a coarse matte is brought to size, by name.

    Closed form is given rembg's trimap, the second stage (`--edges closed-form`) its own.
    """
    found: dict[str, Way] = {
        "bilinear": lambda seen: _bilinear(seen.first),
        "guided": lambda seen: seen.first.matte.full,
        "closer": lambda seen: seen.closer.matte.full,
    }
    if refiner is not None:
        found["refined"] = lambda seen: refiner(seen.closer).matte.full
    if closed_form:
        solver = TrimapRefiner(ClosedForm())
        found["closed form"] = lambda seen: _closed_form(seen.first)
        found["second stage"] = lambda seen: solver(seen.closer).matte.full
    return found


def scores_of(seen: Seen, truth: AlphaMatte, chosen: Mapping[str, Way]) -> Scores:
    found = {}
    for name, way in chosen.items():
        scores = Meter(temporal=False).measure(way(seen), truth)
        found[name] = {metric: scores[metric] for metric in (*METRICS, IOU)}
    return found


def rembg_trimap(alpha: AlphaMatte) -> Trimap:
    """Certain foreground and background by rembg's thresholds, each eroded."""
    levels = np.asarray(cv2.convertScaleAbs(alpha, alpha=255))
    return certain_trimap(levels, _REMBG_FOREGROUND, _REMBG_BACKGROUND, _REMBG_ERODED)


def _bilinear(view: EdgeView) -> AlphaMatte:
    alpha: AlphaMatte = cv2.resize(view.coarse, (view.frame.width, view.frame.height))
    return alpha


def _closed_form(view: EdgeView) -> AlphaMatte:
    """Levin et al., 2008, from the trimap that rembg would give it."""
    from pymatting import estimate_alpha_cf

    trimap = rembg_trimap(_bilinear(view))
    if not {0, 255} <= set(np.unique(trimap).tolist()):
        return _bilinear(view)
    alpha = estimate_alpha_cf(view.frame.rgb / 255.0, trimap / 255.0)
    return np.clip(alpha, 0, 1).astype(np.float32)


def strip(seen: Seen, truth: AlphaMatte, chosen: Mapping[str, Way]) -> RgbImage:
    """Where the truth is finest: source, every way's matte, truth; twice as large."""
    view = seen.first
    frame, tiles = view.frame, tiling(view.frame.width, view.frame.height)
    fine = tiles.sums(uncertainty(EdgeMatte.from_alpha(truth)), view.matte.side)
    roi = tiles.roi(int(np.argmax(fine)))
    left = max(0, min(roi.left, frame.width - _SHOWN))
    top = max(0, min(roi.top, frame.height - _SHOWN))
    part = slice(top, top + _SHOWN), slice(left, left + _SHOWN)
    mattes = [way(seen)[part] for way in chosen.values()]
    greys = [
        cv2.cvtColor(cv2.convertScaleAbs(one, alpha=255), cv2.COLOR_GRAY2RGB)
        for one in (*mattes, np.ascontiguousarray(truth[part]))
    ]
    row = np.concatenate([frame.rgb[part], *greys], axis=1)
    large: RgbImage = cv2.resize(row, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return large


def main(
    weights: Annotated[Path, typer.Option(help="The generator's .onnx file.")] = EDGE.path,
    model: Annotated[str, typer.Option(help="The network that looks.")] = DEFAULT_MODEL,
    size: Annotated[str, typer.Option(help="Width and height of the pictures.")] = "1280x720",
    seeds: Annotated[int, typer.Option(min=1, help="Backgrounds for each cut-out.")] = 2,
    split: Annotated[Split, typer.Option(help="Of the cut-outs.")] = "test",
    truth: Annotated[
        str | None,
        typer.Option(
            metavar="WxH",
            help="The true matte at so many pixels in place of the network's, such as 88x48: how "
            "far an output of that size can be brought.",
        ),
    ] = None,
    closed_form: Annotated[
        bool, typer.Option("--closed-form", help="Beside closed-form matting: minutes more.")
    ] = False,
    strips: Annotated[Path | None, typer.Option(help="Folder for pictures to look at.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A JSON file; bench.quality puts docs/edges.json into its page."),
    ] = None,
) -> None:
    """Judge the edge: bilinear, guided, and refined where there are weights."""
    try:
        see = _seer(model, truth)
        refiner = GanRefiner(load_patch_network(weights)) if weights.is_file() else None
        chosen, judged = ways(refiner, closed_form), {}
        for picture in pictures(split, size, seeds):
            seen = see(picture)
            judged[picture.name] = scores_of(seen, picture.truth, chosen)
            typer.echo(f"{picture.name}: {json.dumps(judged[picture.name])}", err=True)
            if strips is not None:
                strips.mkdir(parents=True, exist_ok=True)
                shown = strip(seen, picture.truth, chosen)
                cv2.imwrite(str(strips / f"{picture.name}.png"), shown[..., ::-1])
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    typer.echo(page(judged))
    if out is not None:
        command = f"python -m bench.edges --model {without_places(model)} --size {size} "
        command += f"--seeds {seeds} --split {split}" + " --closed-form" * closed_form
        command += f" --truth {truth}" if truth else ""
        out.write_text(json.dumps(report(command, judged), indent=1) + "\n")


def report(command: str, judged: Mapping[str, Scores]) -> dict[str, Any]:
    made = {"command": command, "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    made |= {"commit": current_commit(), "machine": machine()}
    return {"made": made, "pictures": dict(judged)}


if __name__ == "__main__":
    typer.run(main)

"""The ranges of the edge's generator, for its 8-bit form; `python -m bench.calibrate_edges`.

It is shown the edges of composites of the training split, as the pipeline shows them. Its heads,
what comes behind the last rectifier, give floating point.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import openvino as ov
import typer

from bench.calibrate import extremes_of, measure_ranges, write_calibration
from bench.edges import pictures, view_of
from pipeline.edges import Patches, coarse_plane, cut_patches, tiling, uncertainty
from pipeline.errors import LivematteError
from pipeline.models import DEFAULT_MODEL, EDGE
from pipeline.openvino_network import read_graph
from pipeline.refine import LEAST, EdgeView
from pipeline.segment import U2Net

LAST = "up0.relu"
_SIZE, _SEEDS = "1280x720", 2
_ABOUT = (
    "Least and greatest value of each activation, by node, averaged over the edges of {count} "
    "composites of the training split ({size}); measured by bench/calibrate_edges.py"
)


def shown_patches() -> Iterator[Patches]:
    """The patches with an edge of each picture that has any."""
    segmenter = U2Net.load(DEFAULT_MODEL)
    for picture in pictures("train", _SIZE, _SEEDS):
        patches = patches_of(view_of(picture.frame, segmenter(picture.frame)))
        if len(patches):
            yield patches


def patches_of(view: EdgeView) -> Patches:
    """All that a refiner would show its network of a frame."""
    frame, matte = view.frame, view.matte
    tiles = tiling(frame.width, frame.height)
    areas = tiles.sums(uncertainty(matte), matte.side)
    rois = [tiles.roi(int(number)) for number in np.flatnonzero(areas > LEAST)]
    return cut_patches(frame, coarse_plane(frame, view.coarse, matte.side), matte.full, rois)


def main(
    result: Annotated[
        Path, typer.Argument(dir_okay=False, help="pipeline/calibration/livematte-edge.json")
    ],
) -> None:
    """Write the ranges of the network that comes with the package."""
    try:
        names, extremes = extremes_of(read_graph(ov.Core(), EDGE.path), LAST)
        shown = list(shown_patches())
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    ranges = measure_ranges(names, extremes, shown)
    write_calibration(result, EDGE.path, _ABOUT.format(count=len(shown), size=_SIZE), ranges)


if __name__ == "__main__":
    typer.run(main)

"""Clips with exact alpha from the shared pairs and backgrounds; `python -m bench.composites`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import av
import cv2
import numpy as np
import typer

from bench.camera import BT709, FRAMES_PER_SECOND
from bench.clip import Clip
from bench.cutouts import Split, backgrounds, cutouts, read_rgb
from bench.motion import Size
from pipeline.errors import LivematteError
from pipeline.frame import Frame

DEFAULT_FRAMES = 60


def clips(split: Split, size: Size, seed: int = 1, frames: int = DEFAULT_FRAMES) -> Iterator[Clip]:
    """One clip for each cut-out of a split, in a fixed order.

    The backgrounds of the split are dealt out in turn, and every other one moves. The same split,
    size and seed give the same clips.
    """
    pictures = backgrounds(split)
    deal = np.random.default_rng(seed).permutation(len(pictures))
    for index, cutout in enumerate(cutouts(split)):
        picture = read_rgb(pictures[deal[index % len(deal)]])
        name = cutout.name.replace("/", "-")
        yield Clip(name, cutout, picture, bool(index % 2), size, frames, (seed, index))


def write_clip(clip: Clip, folder: Path) -> None:
    """`source.mkv`, lossless as the camera's decoder gave it, and `truth/00000.png` and so on."""
    truth = folder / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    with av.open(folder / "source.mkv", "w") as container:
        stream = container.add_stream("ffv1", rate=FRAMES_PER_SECOND)
        stream.width, stream.height = clip.size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace = BT709.matrix
        for index, (frame, alpha) in enumerate(clip):
            container.mux(stream.encode(_packed(frame)))
            levels = np.clip(alpha * 255 + 0.5, 0, 255).astype(np.uint8)
            cv2.imwrite(str(truth / f"{index:05}.png"), levels)
        container.mux(stream.encode(None))


def _packed(frame: Frame) -> av.VideoFrame:
    rows = [plane.reshape(-1, frame.width) for plane in frame.planes]
    packed = av.VideoFrame.from_ndarray(np.concatenate(rows), format="yuv420p")
    packed.pts, packed.time_base = frame.pts, frame.time_base
    return packed


def parse_size(text: str) -> Size:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()) or int(width) % 4 or int(height) % 4:
        raise typer.BadParameter(f"{text} is no size: give one like 512x288, multiples of 4")
    return int(width), int(height)


def main(
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder to write the clips to.")],
    split: Annotated[Split, typer.Option(help="Which images.")] = "test",
    size: Annotated[str, typer.Option(help="Width and height.")] = "512x288",
    seed: Annotated[int, typer.Option(help="Motion, noise and backgrounds follow from it.")] = 1,
    frames: Annotated[int, typer.Option(min=1, help="Of each clip.")] = DEFAULT_FRAMES,
) -> None:
    """Write clips with exact alpha, for `livematte eval`."""
    try:
        for clip in clips(split, parse_size(size), seed, frames):
            typer.echo(clip.name, err=True)
            write_clip(clip, out / clip.name)
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)

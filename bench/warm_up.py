"""How far a part's alpha is from that of the whole run, after warm-ups of several lengths.

`python -m bench.warm_up VIDEO FRAME...`: parts that begin at each of these frames.
"""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from pipeline.frame import AlphaMatte, Frame
from pipeline.models import DEFAULT_MODEL
from pipeline.runtime import RuntimeOptions
from stream.background import open_background
from stream.inputs import open_input
from stream.loaded_networks import LoadedNetworks
from stream.video_reader import VideoReader

WARM_UPS = (0, 15, 30, 60, 120)
COMPARED = 60
"""Frames after a warm-up."""
OFF = 0.1
"""A difference of alpha that may be seen."""


def main(video: Path, begins: list[int]) -> None:
    networks = LoadedNetworks.load(DEFAULT_MODEL, RuntimeOptions(), refine="off")
    whole: dict[int, AlphaMatte] = {}
    for number, alpha in alphas(networks, video, 0, max(begins) + COMPARED):
        if any(begin <= number < begin + COMPARED for begin in begins):
            whole[number] = alpha
    for begin in begins:
        for warm_up in WARM_UPS:
            first = max(0, begin - warm_up)
            made = alphas(networks, video, first, begin + COMPARED)
            apart = [np.abs(alpha - whole[at]) for at, alpha in made if at >= begin]
            mean = 255 * float(np.mean(apart))
            off = 100 * float(np.mean([one > OFF for one in apart]))
            words = f"mean difference {mean:.2f} of 255, {off:.3f} % of pixels off by over {OFF}"
            sys.stdout.write(f"{video.name} from {begin}, warm-up {warm_up}: {words}\n")


def alphas(
    networks: LoadedNetworks, video: Path, first: int, end: int
) -> Iterator[tuple[int, AlphaMatte]]:
    """Of a run that begins at `first`, each with the frame's number."""
    matting = networks.matting(open_background("green"))
    film = matting.film(islice(_frames(video), first, end))
    for number, matted in enumerate(film, first):
        yield number, matted.alpha


def _frames(video: Path) -> Iterator[Frame]:
    reader = VideoReader(video, open_input(video))
    try:
        while (frame := reader.read()) is not None:
            yield frame
    finally:
        reader.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(number) for number in sys.argv[2:]])

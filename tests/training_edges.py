"""Drawn pictures and prepared patches for the tests of the edge's training."""

from pathlib import Path

import cv2
import numpy as np

from bench.cutouts import Cutout
from bench.drawn import drawn_cutout, texture
from pipeline.frame import AlphaMatte, Frame
from pipeline.subject import WHOLE, Look
from training.edge_mattes import Eye
from training.edge_pictures import EdgePicture, EdgePictures
from training.edge_prepare import Layers, layers_of, prepare
from training.rooms import Rooms


class Brightness:
    """Takes what is bright for foreground; finds nobody, as a rule, so that a matte is invented."""

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        grey = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        return np.asarray(cv2.resize(grey, (64, 64)), np.float32)


EYES = [Eye(Brightness(), 160)]


def drawn_pictures() -> EdgePictures:
    rng = np.random.default_rng(7)
    rooms = Rooms([texture((320, 200), rng) for _ in range(3)], [], [])
    cutouts: list[Cutout] = [drawn_cutout(240, np.random.default_rng(seed)) for seed in range(3)]
    return EdgePictures([(1.0, cutouts)], rooms, sides=(240, 360))


def drawn_picture(seed: int = 1) -> EdgePicture:
    return drawn_pictures().picture(np.random.default_rng(seed))


def drawn_layers(count: int = 3, most: int = 4) -> list[Layers]:
    """The patches of some pictures; pictures without any left out."""
    pictures, found = drawn_pictures(), []
    for number in range(count):
        rng = np.random.default_rng((1, number))
        found.append(layers_of(pictures.picture(rng), EYES, most, rng))
    return [one for one in found if len(one)]


def prepared_folder(folder: Path, count: int = 3) -> Path:
    for split in ("train", "validation"):
        prepare(drawn_pictures(), EYES, folder / split, range(count), 3, 1)
    return folder

"""Frames with an edge, and networks for patches that are known or tiny."""

from pathlib import Path

import cv2
import numpy as np
import openvino as ov
from openvino import opset13

from pipeline.cells import cell_side
from pipeline.edges import CHANNELS, PATCH, Patches
from pipeline.frame import AlphaMatte, Frame
from pipeline.guided import guided_upsample
from pipeline.matte import EdgeMatte
from pipeline.patch_network import COLOUR_STEP
from pipeline.refine import EdgeView
from tests.scenes import as_yuv420, coarse, disc_alpha, paint

SMALL = PATCH // COLOUR_STEP


class KnownPatches:
    """Corrects every pixel by `amount`, and takes `seconds` a patch of a clock that it turns."""

    runtime, device, precision = "none", "none", "f32"

    def __init__(self, amount: float = 0.2, seconds: float = 0.0) -> None:
        self.amount, self.seconds, self.now = amount, seconds, 0.0
        self.calls: list[int] = []
        self.seen: list[Patches] = []

    def __call__(self, patches: Patches) -> tuple[np.ndarray, np.ndarray]:
        self.calls.append(len(patches))
        self.seen.append(patches)
        self.now += self.seconds * len(patches)
        correction = np.full((len(patches), PATCH, PATCH), self.amount, np.float32)
        return correction, np.zeros((len(patches), 3, SMALL, SMALL), np.float32)

    def clock(self) -> float:
        return self.now


def view_of(
    truth: AlphaMatte, frame: Frame | None = None, *, is_cut: bool = False, blur: int = 40
) -> EdgeView:
    """What a refiner is shown of a frame whose coarse alpha is the truth seen through `blur`."""
    frame = frame or as_yuv420(paint(truth))
    guide = frame.reduced(cell_side(frame.width, frame.height))
    seen = coarse(truth, blur)
    return EdgeView(frame, guide, seen, guided_upsample(frame, seen, guide), is_cut)


def disc(width: int = 640, height: int = 480, x: float = 320, radius: float = 100) -> AlphaMatte:
    return disc_alpha(width, height, x, height / 2, radius)


def all_edge(width: int = 384, height: int = 256) -> EdgeView:
    """A frame whose alpha is uncertain everywhere."""
    half = np.full((height, width), 0.5, np.float32)
    rgb = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    frame = Frame.from_rgb(rgb)
    matte = EdgeMatte.from_alpha(half)
    return EdgeView(frame, frame.reduced(matte.side), cv2.resize(half, (64, 64)), matte)


def save_tiny_patch_network(
    folder: Path, names: tuple[str, str] = ("correction", "colour")
) -> Path:
    """A generator of two convolutions, of any number of patches, as a file that OpenVINO reads."""
    random = np.random.default_rng(7)
    patches = opset13.parameter([-1, PATCH, PATCH, CHANNELS], np.uint8, "patches")
    patches.output(0).set_names({"patches"})
    unit = opset13.multiply(opset13.convert(patches, np.float32), np.float32(1 / 255))
    x = opset13.transpose(unit, np.array([0, 3, 1, 2]))
    weights = random.normal(0, 0.3, (1, CHANNELS, 3, 3)).astype(np.float32)
    correction = opset13.tanh(opset13.convolution(x, weights, [1, 1], [1, 1], [1, 1], [1, 1]))
    weights = random.normal(0, 0.1, (3, CHANNELS, 4, 4)).astype(np.float32)
    colour = opset13.tanh(opset13.convolution(x, weights, [4, 4], [0, 0], [0, 0], [1, 1]))
    for node, name in zip((correction, colour), names, strict=True):
        node.output(0).set_names({name})
    path = folder / "patches.xml"
    ov.save_model(ov.Model([correction, colour], [patches], "tiny"), path, compress_to_fp16=False)
    return path

"""The clip that is measured on: a drawn figure that sways before a textured room, made on the spot.

What it shows is the same at every size; it is no test of quality.
"""

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from pipeline.frame import AlphaMatte, RgbImage

RATE = 30
"""Frames a second."""
SIZES = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
"""Width and height in pixels, by the names that people use."""
_HAIRS, _SEED, _GRAIN = 120, 7, 3.0
_SKIN, _HAIR, _CLOTH = (205, 160, 130), (60, 40, 30), (40, 60, 110)


def make_clip(path: Path, size: tuple[int, int], frames: int) -> Path:
    """Write `frames` pictures of H.264 without sound."""
    with av.open(path, "w") as output:
        video = output.add_stream(
            "libx264", rate=RATE, options={"crf": "20", "preset": "ultrafast"}
        )
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        for picture in film(size, frames):
            output.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(video.encode(None))
    return path


def film(size: tuple[int, int], frames: int) -> Iterator[RgbImage]:
    """The pictures, uint8 (H, W, 3), with the grain of a sensor."""
    rng = np.random.default_rng(_SEED)
    room, (figure, alpha) = _room(size, rng), _figure(size, rng)
    grain = rng.normal(0, _GRAIN, (size[1] + 64, size[0], 1)).astype(np.int8)
    for index in range(frames):
        view = _sway(size, index / RATE)
        mask = cv2.warpAffine(alpha, view, size)
        moved = cv2.warpAffine(figure, view, size)
        picture = cv2.blendLinear(moved, room, mask, 1 - mask)
        shift = int(rng.integers(64))
        rough = cv2.merge([grain[shift : shift + size[1]]] * 3)
        yield cv2.add(picture, rough, dtype=cv2.CV_8U)


def _sway(size: tuple[int, int], seconds: float) -> cv2.typing.MatLike:
    """The figure's motion at a moment: an affine map of pixels."""
    turn = 2 * np.pi * seconds
    width, height = size
    view = cv2.getRotationMatrix2D((width / 2, height), 4 * np.sin(0.4 * turn), 1.0)
    view[:, 2] += 0.04 * width * np.sin(0.25 * turn), 0.01 * height * np.sin(0.9 * turn)
    return view


def _figure(size: tuple[int, int], rng: np.random.Generator) -> tuple[RgbImage, AlphaMatte]:
    """Head, hair and shoulders, and their coverage, both of the picture's size."""
    width, height = size
    colour, mask = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    centre = width // 2, round(0.38 * height)
    shoulders = round(0.36 * height), round(0.40 * height)
    head, cap = (round(0.13 * height), round(0.17 * height)), round(0.15 * height)
    for canvas, skin, hair, cloth in ((colour, _SKIN, _HAIR, _CLOTH), (mask, 255, 255, 255)):
        cv2.ellipse(canvas, (centre[0], height), shoulders, 0, 0, 360, cloth, -1, cv2.LINE_AA)
        neck = (
            (centre[0] - head[0] // 2, centre[1]),
            (centre[0] + head[0] // 2, round(0.65 * height)),
        )
        cv2.rectangle(canvas, *neck, skin, -1)
        cv2.ellipse(canvas, (centre[0], centre[1] - head[1] // 4), (cap, cap), 0, 0, 360, hair, -1)
        cv2.ellipse(canvas, centre, head, 0, 0, 360, skin, -1, cv2.LINE_AA)
    for strand in _strands(centre, height, rng):
        for canvas, hair in ((colour, _HAIR), (mask, 255)):
            cv2.polylines(canvas, [strand], False, hair, max(1, height // 500), cv2.LINE_AA)
    return cv2.dilate(colour, np.ones((3, 3), np.uint8)), mask.astype(np.float32) / np.float32(255)


def _strands(
    centre: tuple[int, int], height: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Hairs that stand off the upper head: int32 (points, 2) of x and y."""
    along = np.linspace(0, 1, 10)[:, None]
    for angle in rng.uniform(np.pi * 1.05, np.pi * 1.95, _HAIRS):
        outwards = np.array([np.cos(angle), np.sin(angle)])
        bend = np.array([rng.normal(0, 0.03), rng.uniform(0, 0.06)])
        points = centre + height * (outwards * (0.14 + 0.1 * along) + bend * along**2)
        yield points.astype(np.int32)


def _room(size: tuple[int, int], rng: np.random.Generator) -> RgbImage:
    """Clouds of colour at every scale."""
    picture = np.full((size[1], size[0], 3), (150, 140, 120), np.float32)
    for octave in range(2, 8):
        cells = rng.normal(0, 35 / octave, (2**octave, 2**octave, 3)).astype(np.float32)
        picture += cv2.resize(cells, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)

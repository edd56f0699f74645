"""What a camera does to a picture: noise of its sensor, and H.264 with its colour subsampling."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colour import ColourTags, yuv_from_rgb
from pipeline.frame import AlphaMatte, Frame, RgbImage

FRAMES_PER_SECOND = 30
TIME_BASE = Fraction(1, FRAMES_PER_SECOND)
BT709 = ColourTags(matrix=1, primaries=1, transfer=1)
_CONSTANT_RATE_FACTOR = "24"
_GRAIN_MARGIN = 64
_GAIN = np.sqrt((np.arange(256, dtype=np.float32) + 16) / 144)
"""Of a level: photons come as a Poisson process, and a little noise is there in the dark too."""


@dataclass(frozen=True, slots=True, eq=False)
class Sensor:
    """Noise of a camera's sensor: fresh for every picture, less in the dark than in the light.

    The grain is drawn once, with a margin, and cut out at another place for each picture: drawing
    six million numbers a frame would take most of a clip's time.
    """

    grain: NDArray[np.float32]
    """float32 (H + margin, W + margin, 3), in levels of 255 for mid-grey."""
    rng: np.random.Generator

    @classmethod
    def of(cls, size: tuple[int, int], strength: float, rng: np.random.Generator) -> "Sensor":
        """A sensor whose noise has a standard deviation of `strength` levels in mid-grey."""
        width, height = size
        shape = (height + _GRAIN_MARGIN, width + _GRAIN_MARGIN, 3)
        independent = rng.standard_normal(shape, dtype=np.float32)
        spread = cv2.GaussianBlur(independent, (3, 3), 0.6)  # as demosaicing does
        return cls(spread * np.float32(strength / spread.std()), rng)

    def expose(self, picture: RgbImage) -> RgbImage:
        """A picture with noise, uint8 (H, W, 3)."""
        height, width = picture.shape[:2]
        top, left = self.rng.integers(_GRAIN_MARGIN, size=2)
        noise = self.grain[top : top + height, left : left + width] * _GAIN[picture]
        noisy: RgbImage = cv2.add(picture, noise, dtype=cv2.CV_8U)
        return noisy


def recorded(
    shots: Iterable[tuple[RgbImage, AlphaMatte]], size: tuple[int, int]
) -> Iterator[tuple[Frame, AlphaMatte]]:
    """Pictures through an H.264 encoder and decoder, each with the alpha that it came with.

    Frames are 4:2:0 in BT.709, limited range. Encoded on one thread: the same everywhere.
    """
    encoder, decoder = _encoder(size), av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    alphas: deque[AlphaMatte] = deque()
    for index, (picture, alpha) in enumerate(shots):
        alphas.append(alpha)
        for packet in encoder.encode(_video_frame(picture, index)):
            for frame in decoder.decode(packet):
                yield _frame(frame), alphas.popleft()
    last = [frame for packet in encoder.encode(None) for frame in decoder.decode(packet)]
    for frame in [*last, *decoder.decode(None)]:
        yield _frame(frame), alphas.popleft()


def _encoder(size: tuple[int, int]) -> av.VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = TIME_BASE
    encoder.framerate = Fraction(FRAMES_PER_SECOND)
    encoder.thread_count = 1
    encoder.options = {
        "crf": _CONSTANT_RATE_FACTOR,
        "preset": "veryfast",
        "tune": "zerolatency",  # as in a call, and every picture comes out at once
    }
    return encoder


def _video_frame(picture: RgbImage, index: int) -> av.VideoFrame:
    height, width = picture.shape[:2]
    half = (height // 2, width // 2)
    planes = yuv_from_rgb(picture, BT709, height, ((height, width), half, half))
    packed = np.concatenate([plane.reshape(-1, width) for plane in planes])
    frame = av.VideoFrame.from_ndarray(packed, format="yuv420p")
    frame.pts, frame.time_base = index, TIME_BASE
    return frame


def _frame(decoded: av.VideoFrame) -> Frame:
    height, width = decoded.height, decoded.width
    luma, blue, red = np.split(decoded.to_ndarray(), [height, height + height // 4])
    half = (height // 2, width // 2)
    planes = luma, blue.reshape(half), red.reshape(half)
    return Frame(planes, decoded.pts or 0, TIME_BASE, BT709)

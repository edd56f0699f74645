"""A file that was written, read back and compared with what was meant."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colour import Plane
from pipeline.errors import SinkError
from pipeline.frame import MILLISECONDS, AlphaMatte, Frame, RgbImage, resize
from stream.convert import frame_from_video, holds_alpha, to_bytes
from stream.decoder import decoder_of
from stream.formats import Format
from stream.inputs import output_url
from stream.stacked import unstacked

AT_MOST = 8
"""Pictures that are kept to compare."""
ALPHA_LIMIT, COLOUR_LIMIT = 3.0, 24.0
"""Mean differences, in steps of 0 … 255, beyond which a file is not what was meant."""
_REDUCED = 8
"""Colours are compared as means of squares of so many pixels: grain is lost in any encoder."""
_HALF = 128


@dataclass(frozen=True, slots=True)
class Verified:
    """Mean differences, in steps of 0 … 255, of the pictures that were compared, at their worst."""

    pictures: int
    alpha_error: float
    colour_error: float


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """Alpha, uint8 (H, W), and colours, float32 (h, w, 3), where a picture is there."""

    alpha: Plane
    colours: NDArray[np.float32]
    weight: NDArray[np.float32]


class Sample:
    """Pictures kept while a file is written, spread over all of it, however long it becomes."""

    def __init__(self, form: Format, at_most: int = AT_MOST) -> None:
        self.form = form
        self.pictures = 0
        """Seen so far."""
        self.kept: dict[int, _Picture] = {}
        self._every, self._at_most = 1, at_most

    def note(self, frame: Frame, alpha: AlphaMatte | None) -> None:
        """Keep the next picture, as it is given to the encoder, if it is its turn."""
        index, self.pictures = self.pictures, self.pictures + 1
        if index % self._every:
            return
        wanted = np.full((frame.height, frame.width), 255, np.uint8)
        if alpha is not None:
            wanted = to_bytes(alpha)
        if self.form.encoder.one_bit_alpha:
            wanted = np.where(wanted >= _HALF, 255, 0).astype(np.uint8)
        self.kept[index] = _picture(self.form, frame.rgb, wanted)
        if len(self.kept) > self._at_most:
            self._every *= 2
            self.kept = {one: kept for one, kept in self.kept.items() if one % self._every == 0}

    def follow(self, part: "Sample") -> None:
        """Add what was kept of the pictures that come next."""
        for index, kept in part.kept.items():
            self.kept[self.pictures + index] = kept
        self.pictures += part.pictures

    def verify(self, path: Path) -> Verified:
        """Compare with what a decoder that keeps alpha reads; SinkError if they differ."""
        alpha, colour, count = 0.0, 0.0, 0
        for index, read in enumerate(_read_back(path, self.form)):
            count += 1
            if index in self.kept:
                alpha = max(alpha, self._alpha_error(index, read))
                colour = max(colour, _colour_error(self.kept[index], read))
        if count != self.pictures:
            raise SinkError(f"only {count} of {self.pictures} pictures can be read back")
        if colour > COLOUR_LIMIT:
            raise SinkError(f"read back, its colours are off by {colour:.0f} of 255: lower --crf")
        return Verified(len(self.kept), round(alpha, 3), round(colour, 3))

    def _alpha_error(self, index: int, read: _Picture) -> float:
        wanted = self.kept[index].alpha
        if read.alpha.shape != wanted.shape:
            raise SinkError(f"picture {index} was read back in another size: {read.alpha.shape}")
        error = float(np.abs(read.alpha.astype(np.int16) - wanted).mean())
        if error > ALPHA_LIMIT:
            raise SinkError(
                f"alpha is lost: read back, picture {index} is off by {error:.0f} of 255: "
                "choose another format or codec"
            )
        return error


def _picture(form: Format, rgb: RgbImage, alpha: Plane) -> _Picture:
    if form.alpha == "stacked":
        rgb, alpha = unstacked(rgb)
    size = -(-rgb.shape[1] // _REDUCED), -(-rgb.shape[0] // _REDUCED)
    return _Picture(
        alpha, resize(rgb.astype(np.float32), *size), resize(alpha / np.float32(255), *size)
    )


def _colour_error(wanted: _Picture, read: _Picture) -> float:
    """Where nothing is to be seen, colours do not matter."""
    apart = np.abs(wanted.colours - read.colours).mean(axis=2)
    return float((apart * wanted.weight).sum() / max(1.0, float(wanted.weight.sum())))


def _read_back(path: Path, form: Format) -> Iterator[_Picture]:
    if form.container.name == "webp":
        yield from _read_webp(path, form)
        return
    with av.open(output_url(path), format="image2" if form.is_sequence else None) as container:
        stream = container.streams.video[0]
        decoder = decoder_of(stream)
        for packet in container.demux(stream):
            for video in decoder.decode(packet):
                if form.alpha == "channel" and not holds_alpha(video.format):
                    raise SinkError(f"alpha is lost: read back, it is {video.format.name} alone")
                frame = frame_from_video(video, 0, MILLISECONDS)
                opaque = np.full((frame.height, frame.width), 255, np.uint8)
                alpha = opaque if frame.alpha is None else frame.alpha
                yield _picture(form, frame.rgb, alpha)


def _read_webp(path: Path, form: Format) -> Iterator[_Picture]:
    """FFmpeg writes animated WebP and cannot read it; OpenCV can."""
    for index in range(cv2.imcount(str(path))):
        _, animation = cv2.imreadanimation(str(path), start=index, count=1)
        (bgra,) = animation.frames
        rgb = np.ascontiguousarray(bgra[..., 2::-1])
        yield _picture(form, rgb, np.ascontiguousarray(bgra[..., 3]))

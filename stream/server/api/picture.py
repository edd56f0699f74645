"""A picture's file in, its cut-out as files out: what runs in a thread."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.choice import Keep
from pipeline.colour import Plane
from pipeline.composite import Background
from pipeline.doubt import doubts_of
from pipeline.errors import SinkError
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.matte_options import AS_FOUND, MatteOptions
from pipeline.matted import Found, Matted
from pipeline.matting import Matting
from pipeline.refine import EdgeRefiner
from pipeline.second_stage import TrimapMatting
from pipeline.segment import Segmenter
from pipeline.subject import WHOLE, Look
from stream.convert import to_bytes
from stream.picture_io import decoded, decoded_alpha, encoded, encoded_as
from stream.server.api.options import GAN, PictureOptions
from stream.server.api.result import Result
from stream.server.picture_file import picture_size
from stream.server.problems import Problem

LONGEST = 32_768
"""Pixels of a side: what is as long and narrow takes more memory than its pixels alone."""
MOST_SCANS = 100
"""Of a progressive JPEG, which usually has about ten: each is decoded over the whole picture."""
_SCAN = b"\xff\xda"
_WEBP_QUALITY = 95

Refiners = Callable[[], EdgeRefiner | None]
"""Makes what refines the edge of one picture; None where it is not to be refined."""


@dataclass(frozen=True, slots=True, eq=False)
class Tools:
    """What a picture is matted with."""

    segmenter: Segmenter
    refiners: Refiners
    background: Background
    solver: TrimapMatting | None = None
    """What rembg's alpha matting is done by, where that is installed."""


class Reduced:
    """Sees a copy of a frame, its longest side `side` pixels, and gives that copy's fine matte.

    Of what is to be kept: a subject is chosen here, where the network has just seen it.
    """

    def __init__(self, segmenter: Segmenter, side: int, refiners: Refiners, keep: Keep) -> None:
        self.coarse: AlphaMatte | None = None
        """The network's own alpha of the copy that was seen last."""
        self._segmenter, self._side, self._refiners = segmenter, side, refiners
        self._options = MatteOptions(keep)

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        size = reduced_size(frame.width, frame.height, self._side) or (frame.width, frame.height)
        copy = Frame.from_rgb(cv2.resize(frame.rgb, size, interpolation=cv2.INTER_AREA))
        pipeline = matting(self._segmenter, self._refiners, options=self._options)
        matted, found = matted_from(pipeline, copy)
        self.coarse = found.coarse
        return matted.alpha


def no_refiner() -> None:
    """Of an edge that stays as it is."""
    return None


def check_picture(data: bytes, pixels: int) -> None:
    """Problem 415 or 422 for what is not to be decoded at all; reads the header alone."""
    width, height = picture_size(data)
    if max(width, height) > LONGEST:
        raise Problem(422, f"A picture of {width} by {height}: a side is at most {LONGEST} pixels.")
    if not 0 < width * height <= pixels:
        raise Problem(422, f"A picture of {width} by {height}: at most {pixels} pixels are taken.")
    if data.count(_SCAN) > MOST_SCANS:
        raise Problem(422, "A JPEG of more scans than any camera or program writes: save it anew.")


def matte_picture(data: bytes, options: PictureOptions, tools: Tools) -> Result:
    """All of it for one picture that has been checked; Problem 422 if it is damaged."""
    frame = decode_frame(data)
    scaled_from = reduced_size(frame.width, frame.height, options.max_side)
    first = tools.refiners if options.edges == GAN else no_refiner  # it is solved once, at the end
    reduced, wanted = None, options.matte
    if scaled_from:
        reduced = Reduced(tools.segmenter, options.max_side, first, wanted.keep)
        wanted = replace(wanted, keep="all")
    pipeline = matting(reduced or tools.segmenter, tools.refiners, tools.background, wanted)
    matted, found = matted_from(pipeline, frame)
    coarse = found.coarse if reduced is None or reduced.coarse is None else reduced.coarse
    return Result(
        _file(matted, options.output),
        encoded_as(".png", to_bytes(matted.alpha)),
        options.output,
        frame.width,
        frame.height,
        time.time(),
        scaled_from,
        list(doubts_of(found.matte, coarse)),
    )


def decode_frame(data: bytes) -> Frame:
    """Upright, with what the file itself has of alpha."""
    rgb = decoded(data)
    if rgb is None:
        raise Problem(422, "This picture cannot be decoded.")
    return replace(Frame.from_rgb(rgb), alpha=decoded_alpha(data))


def reduced_size(width: int, height: int, side: int) -> tuple[int, int] | None:
    """Width and height of a copy whose longest side is `side`; None if that is no reduction."""
    longest = max(width, height)
    if longest <= side:
        return None
    return max(1, round(width * side / longest)), max(1, round(height * side / longest))


def picture_bgra(rgb: RgbImage, alpha: Plane) -> NDArray[np.uint8]:
    """As encoders want it: uint8 (H, W, 4)."""
    return np.dstack((cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), alpha))


def matting(
    segmenter: Segmenter,
    refiners: Refiners,
    background: Background | None = None,
    options: MatteOptions = AS_FOUND,
) -> Matting:
    """A pipeline for one picture, in as much time as that takes."""
    edges = refiners()
    return Matting(
        segmenter,
        background,
        smooth=False,
        follow=False,
        edges=edges,
        refine="on" if edges else "off",
        options=options,
    )


def matted_from(pipeline: Matting, frame: Frame) -> tuple[Matted, Found]:
    """A frame matted, and what was found in it."""
    matted = pipeline.process(frame)
    assert pipeline.found is not None
    return matted, pipeline.found


def _file(matted: Matted, output: str) -> bytes:
    try:
        return encoded(matted, f".{output}", _WEBP_QUALITY)
    except SinkError as error:
        raise Problem(422, f"output {output!r}: {error}.") from None

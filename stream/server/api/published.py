"""A picture as rembg's server answers it: the published network's own matte, stretched to 0 … 1.

What it computes is written down in U²-Net's and rembg's sources, both public: the whole picture
squeezed to the network's input, its fused output, each matte stretched to 0 … 1. Only the colours
are better: freed of the old background at the edge.
"""

import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.composite import composite_apart
from pipeline.frame import AlphaMatte, Frame
from pipeline.matte import EdgeMatte
from pipeline.runtime import Network
from pipeline.second_stage import TrimapMatting, solved
from pipeline.subject import WHOLE, Look
from pipeline.trimap import UNKNOWN, certain_trimap
from stream.convert import to_bytes
from stream.picture_io import encoded_as
from stream.server.api.options import RembgOptions
from stream.server.api.picture import Tools, decode_frame, matting, picture_bgra
from stream.server.api.result import Result

_BINARY = 127
_FLAT = 1e-6
_LOBES = 3


class Published:
    """A network run as its authors run it; see `Segmenter`."""

    def __init__(self, network: Network, size: int) -> None:
        """`network` takes pictures of `size` by `size` pixels."""
        self._network, self._size = network, size

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        small = np.clip(lanczos(frame.rgb, self._size, self._size), 0, 255)
        alpha = self._network(small * (255 / max(1.0, float(small.max()))))
        low, high = float(alpha.min()), float(alpha.max())
        return (alpha - low) / max(high - low, _FLAT)


def rembg_picture(data: bytes, options: RembgOptions, tools: Tools) -> Result:
    """One picture that has been checked; Problem 422 if it is damaged.

    With `alpha_matting` the edge is found in closed form from a trimap, as rembg does; where that
    is not installed it is refined as everywhere in this server.
    """
    frame = decode_frame(data)
    if options.alpha_matting and tools.solver is None:
        alpha = matting(tools.segmenter, tools.refiners).process(frame).alpha
    else:
        alpha = np.clip(lanczos(tools.segmenter(frame), frame.height, frame.width), 0, 1)
    if options.post_process:
        alpha = post_processed(alpha)
    if options.alpha_matting and tools.solver is not None and not options.only_mask:
        alpha = _solved(frame, alpha, options, tools.solver)
    picture = to_bytes(alpha) if options.only_mask else _cut_out(frame, alpha, options)
    code = encoded_as(".png", picture)
    return Result(code, b"", "png", frame.width, frame.height, time.time())


def _solved(
    frame: Frame, alpha: AlphaMatte, options: RembgOptions, solver: TrimapMatting
) -> AlphaMatte:
    """From rembg's own trimap; as it is where that does not say what both grounds are."""
    trimap = certain_trimap(to_bytes(alpha), *options.limits)
    if not {0, UNKNOWN, 255} <= set(np.unique(trimap).tolist()):
        return alpha
    return solved(solver, frame, trimap, np.where(trimap == UNKNOWN, alpha, trimap == 255))


def lanczos(plane: NDArray[Any], height: int, width: int) -> NDArray[np.float32]:
    """A plane (H, W) or (H, W, C) at another size, as Pillow's LANCZOS does it (Duchon, 1979).

    Its window is widened where the picture becomes smaller, so that nothing aliases.
    """
    down, across = _weights(plane.shape[0], height), _weights(plane.shape[1], width)
    resized = np.tensordot(down, plane.astype(np.float32), 1)
    return np.moveaxis(np.tensordot(across, resized, (1, 1)), 0, 1)


def _weights(before: int, after: int) -> NDArray[np.float32]:
    """Of each sample before in each one after: (after, before); rows sum to 1."""
    scale = max(1.0, before / after)
    centres = (np.arange(after) + 0.5) * (before / after)
    distance = (np.arange(before) + 0.5 - centres[:, None]) / scale
    weights = np.sinc(distance) * np.sinc(distance / _LOBES) * (np.abs(distance) < _LOBES)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def post_processed(alpha: AlphaMatte) -> AlphaMatte:
    """rembg's own clean-up: opened by a disc of 3 pixels, blurred, and cut to 0 or 1."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    opened = cv2.morphologyEx(to_bytes(alpha), cv2.MORPH_OPEN, disc)
    soft = cv2.GaussianBlur(opened, (5, 5), sigmaX=2, sigmaY=2)
    return (soft >= _BINARY).astype(np.float32)


def _cut_out(frame: Frame, alpha: AlphaMatte, options: RembgOptions) -> NDArray[np.uint8]:
    """BGRA, before the background colour if there is one, whose alpha may be less than 1."""
    matte = EdgeMatte.from_alpha(alpha)
    alone, matte = composite_apart(frame, matte, matte, None)
    if options.background is None:
        return picture_bgra(alone.rgb, to_bytes(matte.full))
    return _before(alone.rgb, matte.full, options.background)


def _before(
    rgb: NDArray[np.uint8], alpha: AlphaMatte, background: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    """Colours with alpha over one colour with alpha (Porter and Duff, 1984), straight: BGRA."""
    behind = background[3] / 255 * (1 - alpha)
    total = alpha + behind
    weight = (alpha / np.maximum(total, _FLAT))[..., None]
    colour = np.array(background[:3], np.float32)
    mixed = np.rint(colour + weight * (rgb - colour)).astype(np.uint8)
    return picture_bgra(mixed, to_bytes(total))

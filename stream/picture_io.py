"""Pictures read and written: PNG, WebP and JPEG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.colour import Plane
from pipeline.errors import SinkError, SourceError
from pipeline.frame import RgbImage
from pipeline.matted import Matted
from stream.convert import to_bytes
from stream.picture_header import header_size, may_have_alpha

READ = frozenset({".jpeg", ".jpg", ".png", ".webp"})
WITH_ALPHA = frozenset({".png", ".webp"})
WRITTEN = frozenset({*WITH_ALPHA, ".jpg", ".jpeg"})
_LOSSLESS_WEBP = 101


def read_picture(file: Path, most_pixels: int) -> RgbImage:
    """RGB uint8 (H, W, 3), turned upright as its EXIF says; SourceError if it cannot be read.

    Its header is read first: what is larger than `most_pixels` is never decoded.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SourceError(f"{file}: cannot be read: {error.strerror}") from None
    try:
        size = header_size(data)
    except SourceError as error:
        raise SourceError(f"{file}: {error}") from None
    if size is None:
        raise SourceError(f"{file}: pictures are read as PNG, JPEG or WebP: convert it first")
    if not 0 < size[0] * size[1] <= most_pixels:
        raise SourceError(
            f"{file}: {size[0]} by {size[1]}, more than {most_pixels} pixels: "
            "make it smaller, or raise --max-pixels"
        )
    rgb = decoded(data)
    if rgb is None:
        raise SourceError(f"{file}: a damaged picture: it cannot be decoded")
    return rgb


def write_picture(file: Path, matted: Matted, quality: int) -> None:
    """The composite, or straight colours and alpha where there is no background.

    Written beside and moved into place. SinkError if it cannot be.
    """
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_bytes(encoded(matted, file.suffix.lower(), quality))
        part.replace(file)
    except SinkError as error:
        raise SinkError(f"{file}: cannot be written: {error}") from None
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SinkError(f"{file}: cannot be written: {error.strerror}") from None


def encoded(matted: Matted, extension: str, quality: int) -> bytes:
    """The composite, or straight colours and alpha, as a file's content; SinkError if it fails."""
    bgr = cv2.cvtColor(matted.frame.rgb, cv2.COLOR_RGB2BGR)
    picture = np.dstack((bgr, to_bytes(matted.alpha))) if matted.transparent else bgr
    if extension == ".png":
        return encoded_as(extension, picture)
    if extension == ".webp":
        webp = _LOSSLESS_WEBP if matted.transparent else quality
        return encoded_as(extension, picture, (cv2.IMWRITE_WEBP_QUALITY, webp))
    return encoded_as(extension, picture, (cv2.IMWRITE_JPEG_QUALITY, quality))


def encoded_as(extension: str, picture: NDArray[np.uint8], how: Sequence[int] = ()) -> bytes:
    """Grey, BGR or BGRA as a file's content; SinkError if a file of that kind cannot hold it."""
    try:
        done, code = cv2.imencode(extension, picture, list(how))
    except cv2.error:
        done, code = False, None
    if not done or code is None:
        height, width = picture.shape[:2]
        raise SinkError(f"{width} by {height} pixels cannot be encoded: try another format")
    return code.tobytes()


def decoded(data: bytes) -> RgbImage | None:
    """RGB uint8 (H, W, 3), upright, of a file's content; None if it is damaged."""
    picture = _decoded(data, cv2.IMREAD_COLOR_RGB)
    return None if picture is None else picture.astype(np.uint8, copy=False)


def decoded_alpha(data: bytes) -> Plane | None:
    """What a file has of alpha, uint8 (H, W), upright; None if that is nothing."""
    if not may_have_alpha(data):
        return None
    picture = _decoded(data, cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        return None
    alpha = picture[..., 3] if picture.dtype == np.uint8 else picture[..., 3] >> 8
    return None if alpha.min() == 255 else np.ascontiguousarray(alpha, np.uint8)


def _decoded(data: bytes, how: int) -> NDArray[Any] | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), how)
    except cv2.error:
        return None

"""Pictures read and written: PNG, WebP and JPEG."""

from pathlib import Path

import cv2
import numpy as np

from pipeline.errors import SinkError, SourceError
from pipeline.frame import RgbImage
from pipeline.matting import Matted
from stream.convert import to_bytes
from stream.picture_header import header_size

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
    return _decoded(file, data)


def write_picture(file: Path, matted: Matted, quality: int) -> None:
    """The composite, or straight colours and alpha where there is no background.

    Written beside and moved into place. SinkError if it cannot be.
    """
    bgr = cv2.cvtColor(matted.frame.rgb, cv2.COLOR_RGB2BGR)
    picture = np.dstack((bgr, to_bytes(matted.alpha))) if matted.transparent else bgr
    webp = _LOSSLESS_WEBP if matted.transparent else quality
    how = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_WEBP_QUALITY, webp]
    part = file.with_name(f".{file.name}.part")
    try:
        encoded, code = cv2.imencode(file.suffix.lower(), picture, how)
        if not encoded:
            raise SinkError(f"{file}: a picture of {matted.frame.width} by {matted.frame.height}")
        part.write_bytes(code.tobytes())
        part.replace(file)
    except (OSError, cv2.error) as error:
        part.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or "it cannot be encoded: try another format"
        raise SinkError(f"{file}: cannot be written: {reason}") from None


def _decoded(file: Path, data: bytes) -> RgbImage:
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        picture = None
    if picture is None:
        raise SourceError(f"{file}: a damaged picture: it cannot be decoded")
    rgb: RgbImage = picture.astype(np.uint8, copy=False)
    return rgb

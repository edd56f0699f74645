"""Pictures from strangers: their size is read and judged before anything decodes them."""

import cv2

from pipeline.errors import SourceError
from pipeline.frame import RgbImage
from stream.picture_header import header_size
from stream.picture_io import decoded
from stream.server.problems import Problem

UPLOAD_BYTES = 10 * 1024 * 1024
UPLOAD_PIXELS = 24_000_000
KEPT_SIDE = 1920
"""Pixels of the longer side of a picture that is kept."""
THUMBNAIL_SIDE = 240


def decode_picture(data: bytes) -> RgbImage:
    """RGB uint8 (h, w, 3), no larger than is kept; Problem 415 or 422."""
    width, height = picture_size(data)
    if not 0 < width * height <= UPLOAD_PIXELS:
        raise Problem(422, f"A picture of {width} by {height}: at most {UPLOAD_PIXELS} pixels.")
    picture = decoded(data)
    if picture is None:
        raise Problem(422, "This picture cannot be decoded.")
    return shrunk(picture, KEPT_SIDE)


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height as the file's header says; Problem 415 if it is no picture that is taken."""
    try:
        size = header_size(data)
    except SourceError:
        raise Problem(422, "This picture is cut off.") from None
    if size is None:
        raise Problem(415, "Pictures are taken as PNG, JPEG or WebP.")
    return size


def thumbnail(rgb: RgbImage) -> bytes:
    """A small JPEG."""
    bgr = cv2.cvtColor(shrunk(rgb, THUMBNAIL_SIDE), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def shrunk(rgb: RgbImage, side: int) -> RgbImage:
    """No longer than `side` on either side."""
    scale = side / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)

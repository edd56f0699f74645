"""Pictures from strangers: their size is read and judged before anything decodes them."""

import struct

import cv2
import numpy as np

from pipeline.frame import RgbImage
from stream.server.problems import Problem

UPLOAD_BYTES = 10 * 1024 * 1024
UPLOAD_PIXELS = 24_000_000
KEPT_SIDE = 1920
"""Pixels of the longer side of a picture that is kept."""
THUMBNAIL_SIDE = 240

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_NO_SIZE = {0xC4, 0xC8, 0xCC}
"""JPEG markers among those of frames, 0xC0 … 0xCF, that are none."""


def decode_picture(data: bytes) -> RgbImage:
    """RGB uint8 (h, w, 3), no larger than is kept; Problem 415 or 422."""
    width, height = picture_size(data)
    if not 0 < width * height <= UPLOAD_PIXELS:
        raise Problem(422, f"A picture of {width} by {height}: at most {UPLOAD_PIXELS} pixels.")
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        picture = None
    if picture is None:
        raise Problem(422, "This picture cannot be decoded.")
    return shrunk(picture.astype(np.uint8, copy=False), KEPT_SIDE)


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height as the file's header says; Problem 415 if it is no picture that is taken."""
    try:
        if data.startswith(_PNG):
            width, height = struct.unpack(">II", data[16:24])
            return width, height
        if data.startswith(_JPEG):
            return _jpeg_size(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp_size(data)
    except (struct.error, IndexError):
        raise Problem(422, "This picture is cut off.") from None
    raise Problem(415, "Pictures are taken as PNG, JPEG or WebP.")


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


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        if data[at] != 0xFF:
            raise IndexError
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF

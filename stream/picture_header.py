"""The size of a picture as its file's header says, before anything decodes it."""

import struct

from pipeline.errors import SourceError

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_NO_SIZE = {0xC4, 0xC8, 0xCC}
"""JPEG markers among those of frames, 0xC0 … 0xCF, that are none."""
_PNG_TABLES = 64 * 1024
"""Bytes of a PNG among which the colour that is transparent is named, before its pixels."""


def header_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, JPEG or WebP; None for anything else. SourceError if cut off.

    They are those of the pixels in the file: a JPEG may say that it is to be turned.
    """
    try:
        if data.startswith(_PNG):
            width, height = struct.unpack(">II", data[16:24])
            return width, height
        if data.startswith(_JPEG):
            return _jpeg_size(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp_size(data)
    except (struct.error, IndexError):
        raise SourceError("the picture is cut off") from None
    return None


def may_have_alpha(data: bytes) -> bool:
    """Whether a PNG or WebP, by its header, has a channel for alpha or a transparent colour."""
    if data.startswith(_PNG):
        return data[25:26] in (b"\x04", b"\x06") or b"tRNS" in data[:_PNG_TABLES]
    kind = data[12:16] if data[8:12] == b"WEBP" else b""
    return kind == b"VP8L" or (kind == b"VP8X" and bool(data[20] & 0x10))


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

"""Packets as an encoder gave them, kept in a file until they are put into a container."""

import os
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

_HEAD = struct.Struct("<qqqqq?Q")
"""Pts, dts, duration, numerator and denominator of the time base, key frame, bytes that follow."""


class PacketLog:
    """Nothing is lost or changed, as a container might: times, order and bytes stay."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def add(self, packet: "av.Packet[Any]") -> None:
        assert packet.pts is not None
        assert packet.dts is not None
        base, data = packet.time_base, bytes(packet)
        times = packet.pts, packet.dts, packet.duration or 0, base.numerator, base.denominator
        self._file.write(_HEAD.pack(*times, packet.is_keyframe, len(data)))
        self._file.write(data)

    def close(self) -> None:
        """All of it is on the disk."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()


def read_log(path: Path) -> "Iterator[av.Packet[Any]]":
    """The packets, in the order in which they were added."""
    with path.open("rb") as file:
        while head := file.read(_HEAD.size):
            pts, dts, duration, numerator, denominator, is_key, size = _HEAD.unpack(head)
            packet: av.Packet[Any] = av.Packet(file.read(size))
            packet.time_base = Fraction(numerator, denominator)
            packet.pts, packet.dts, packet.duration = pts, dts, duration
            packet.is_keyframe = is_key
            yield packet

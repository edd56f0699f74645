"""Pipes as FFmpeg reads and writes them, that can be given up while they wait."""

import os
import select
from io import RawIOBase

_LOOK_EVERY_S = 0.1


class Pipe(RawIOBase):
    """One end of a pipe, by its file descriptor, which stays open."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._given_up = False

    def give_up(self) -> None:
        """From any thread: what is waited for is no longer; reading ends, writing fails."""
        self._given_up = True

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        """Up to so many bytes, as soon as there are any; none at the end."""
        while not self._given_up:
            if select.select([self._descriptor], [], [], _LOOK_EVERY_S)[0]:
                return os.read(self._descriptor, size)
        return b""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """All of it; BrokenPipeError if nobody reads any more."""
        left = memoryview(data)
        while left:
            if self._given_up:
                raise BrokenPipeError
            if select.select([], [self._descriptor], [], _LOOK_EVERY_S)[1]:
                left = left[os.write(self._descriptor, left[: select.PIPE_BUF]) :]
        return len(data)

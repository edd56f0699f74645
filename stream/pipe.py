"""Pipes as FFmpeg reads and writes them, that can be given up while they wait."""

import math
import os
import select
import time
from io import RawIOBase

_LOOK_EVERY_S = 0.1


class Pipe(RawIOBase):
    """One end of a pipe, by its file descriptor, which stays open.

    What stalls for longer than `patience_s` is given up.
    """

    def __init__(self, descriptor: int, patience_s: float = math.inf) -> None:
        self._descriptor = descriptor
        self._patience_s = patience_s
        self._given_up = False

    @property
    def given_up(self) -> bool:
        return self._given_up

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
        began = time.monotonic()
        while not self._given_up:
            if select.select([self._descriptor], [], [], _LOOK_EVERY_S)[0]:
                return os.read(self._descriptor, size)
            self._look_at(began)
        return b""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """All of it; BrokenPipeError if nobody reads any more."""
        left, began = memoryview(data), time.monotonic()
        while left:
            if self._given_up:
                raise BrokenPipeError
            if select.select([], [self._descriptor], [], _LOOK_EVERY_S)[1]:
                left = left[os.write(self._descriptor, left[: select.PIPE_BUF]) :]
                began = time.monotonic()
            self._look_at(began)
        return len(data)

    def _look_at(self, began: float) -> None:
        if time.monotonic() - began > self._patience_s:
            self._given_up = True

"""A process that carries bytes between a pipe and a network, so that whatever stalls can be ended.

FFmpeg has no time limit for writing, and PyAV holds the interpreter's lock while it connects. What
PyAV's wheels cannot speak at all, SRT, is spoken by the program ffmpeg in the same way. Neither
outlives the thread that made the bridge, even if livematte is killed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

from stream.live import carry, leash
from stream.pipe import Pipe

FAREWELL_S, HASTE_S = 2.0, 0.1
"""For what was written to reach the network; for a process that fails to say why."""
_CARRY, _LEASH = Path(carry.__file__), Path(leash.__file__)
"""Run by their paths: as parts of their package they would load all of livematte first."""
_SRT_BYTES = 7 * 188
_PROGRAM = ("ffmpeg", "-nostdin", "-v", "error")
_IO_MICROSECONDS = "10000000"


class Bridge:
    """The process, and our end of its pipe. Whoever holds the other end of the network may go."""

    def __init__(self, command: list[str], *, reads: bool, patience_s: float) -> None:
        self.reason = ""
        """The last that the process said, once it is closed."""
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  (closed by close)
        ours = subprocess.DEVNULL
        leashed = [sys.executable, "-ISs", os.fspath(_LEASH), str(os.getpid()), *command]
        self._process = subprocess.Popen(
            leashed,
            stdin=ours if reads else subprocess.PIPE,
            stdout=subprocess.PIPE if reads else ours,
            stderr=self._words,
            start_new_session=True,  # Ctrl-C is for us: it ends when its pipe does
        )
        self._file = self._process.stdout if reads else self._process.stdin
        assert self._file
        self.pipe = Pipe(self._file.fileno(), patience_s)

    @classmethod
    def into(cls, url: str, *, by_program: bool, patience_s: float) -> Self:
        """Takes bytes for a URL."""
        command = [sys.executable, "-P", os.fspath(_CARRY), url]
        if by_program:
            size = ("-raw_packet_size", str(_SRT_BYTES))
            command = [*_PROGRAM, "-f", "data", *size, "-i", "-", *_copied(url)]
        return cls(command, reads=False, patience_s=patience_s)

    @classmethod
    def out_of(cls, url: str, *, patience_s: float) -> Self:
        """Gives bytes from a URL, by the program."""
        limit = ("-timeout", _IO_MICROSECONDS)
        command = [*_PROGRAM, *limit, "-f", "data", "-i", url, *_copied("-")]
        return cls(command, reads=True, patience_s=patience_s)

    def close(self, *, at_once: bool = False) -> None:
        """End the process, and keep its reason; what was written is sent, if not `at_once`."""
        assert self._file
        if self._file.closed:
            return
        self._file.close()
        try:
            self._process.wait(HASTE_S if at_once else FAREWELL_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process.wait()
        self._words.seek(0)
        lines = self._words.read().decode(errors="replace").strip().splitlines()
        self.reason = lines[-1].rpartition(": ")[2] if lines else ""
        self._words.close()


def _copied(target: str) -> tuple[str, ...]:
    return "-map", "0", "-c", "copy", "-flush_packets", "1", "-f", "data", target

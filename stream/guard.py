"""What keeps a file from being written, in one line."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av.error

from pipeline.errors import LivematteError, SinkError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises SinkError, which names the path and the remedy, for whatever goes wrong within."""
    try:
        yield
    except LivematteError:
        raise
    except (OSError, av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        full = getattr(error, "errno", None) == errno.ENOSPC
        remedy = "free some space, or write elsewhere" if full else "check place and options"
        raise SinkError(f"{path}: cannot be written: {reason}: {remedy}") from error

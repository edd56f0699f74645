"""Media files as FFmpeg is told of them."""

from pathlib import Path

import av
import av.container
import av.error

from pipeline.errors import SourceError
from stream.formats import is_sequence


def open_input(path: Path) -> av.container.InputContainer:
    """Open a media file for reading; SourceError says why it cannot be."""
    if not path.exists():
        raise SourceError(f"{path}: no such file")
    try:
        return av.open(url(path), metadata_errors="replace")
    except av.error.InvalidDataError:
        raise SourceError(
            f"{path}: not a media file, or one whose end with its index is missing"
        ) from None
    except (OSError, av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{path}: cannot be read: {reason}") from None


def url(path: Path) -> str:
    """The path as FFmpeg takes it: in `10:30 talk.mp4` it would look for a protocol named 10."""
    return f"file:{path}"


def output_url(path: Path) -> str:
    """The same for writing, where in the name of a sequence, and there alone, % is a number."""
    folder = str(path.parent).replace("%", "%%")
    return url(Path(folder) / path.name if is_sequence(path) else path)

"""Media files as FFmpeg is told of them."""

from fractions import Fraction
from pathlib import Path

import av
import av.container
import av.error

from pipeline.errors import SourceError
from stream.formats import is_numbered
from stream.place import numbers_of

PICTURES_A_SECOND = Fraction(25)
"""Of numbered pictures, which do not say."""


def open_input(
    path: Path, pictures_a_second: Fraction = PICTURES_A_SECOND
) -> av.container.InputContainer:
    """Open a media file, or numbered pictures, for reading; SourceError says why it cannot be."""
    options, form, place = {}, None, url(path)
    if not path.exists():
        first = _first_number(path)
        options = {"start_number": str(first), "framerate": str(pictures_a_second)}
        form, place = "image2", output_url(path)
    try:
        return av.open(place, format=form, options=options, metadata_errors="replace")
    except av.error.InvalidDataError:
        raise SourceError(
            f"{path}: not a media file, or one whose end with its index is missing"
        ) from None
    except (OSError, av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{path}: cannot be read: {reason}") from None


def _first_number(path: Path) -> int:
    """Of the pictures that a name such as frames/%06d.png stands for, which follow one another."""
    numbers = sorted(numbers_of(path)) if is_numbered(path) else []
    if not numbers:
        raise SourceError(f"{path}: no such file")
    if gaps := set(range(numbers[0], numbers[-1])).difference(numbers):
        raise SourceError(
            f"{path}: number {min(gaps)} is missing between {numbers[0]} and {numbers[-1]}: "
            "number them without gaps"
        )
    return numbers[0]


def url(path: Path) -> str:
    """The path as FFmpeg takes it: in `10:30 talk.mp4` it would look for a protocol named 10."""
    return f"file:{path}"


def output_url(path: Path) -> str:
    """The same where in the name of numbered pictures, and there alone, % is a number."""
    folder = str(path.parent).replace("%", "%%")
    return url(Path(folder) / path.name if is_numbered(path) else path)

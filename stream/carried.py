"""All that a file holds beside its pictures: sound, subtitles, chapters, what it says of itself."""

from pathlib import Path
from typing import Any, Literal

import av.container
from av.stream import Disposition

from stream.carrier import TEXT, Carrier
from stream.formats import Container
from stream.inputs import open_input
from stream.span import Span

AudioOutcome = Literal["copied", "encoded", "none"]
_OF_THE_FILE = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}
)
"""What is said of a file itself, not of what is in it."""


class Carried:
    """Carries every stream of sound and of subtitles that the container can hold.

    `left_out` names what it cannot hold, and further pictures, which nobody has matted.
    """

    def __init__(
        self, path: Path, output: av.container.OutputContainer, container: Container, span: Span
    ) -> None:
        self.left_out: list[str] = []
        self._unknown = False
        self._sound: list[Carrier] = []
        self._subtitles: list[Carrier] = []
        with open_input(path) as source:
            _carry_words(source, output, span)
            pictures = 0
            for stream in source.streams:
                pictures += stream.type == "video"
                if stream.type == "video" and pictures > 1:
                    is_cover = stream.disposition & Disposition.attached_pic
                    self.left_out.append("its cover" if is_cover else "further pictures")
                elif stream.type in ("audio", "subtitle") and self._can(stream, container):
                    carriers = self._sound if stream.type == "audio" else self._subtitles
                    carriers.append(Carrier(path, stream.index, output, container, span))

    @property
    def outcome(self) -> AudioOutcome:
        """Of the sound; encoded if any was."""
        if not self._sound:
            return "none"
        return "encoded" if any(one.outcome == "encoded" for one in self._sound) else "copied"

    @property
    def losses(self) -> list[str]:
        if self._unknown:
            return ["the sound, of a codec that is unknown here, was left out"]
        sound = sum(one.damaged for one in self._sound)
        words = sum(one.damaged for one in self._subtitles)
        return [
            *[f"{sound} damaged packets of sound were left out"] * (sound > 0),
            *[f"{words} damaged subtitles were left out"] * (words > 0),
        ]

    def advance(self, seconds: float) -> None:
        """Write all that begins before this moment of the output."""
        for carrier in (*self._sound, *self._subtitles):
            carrier.advance(seconds)

    def close(self) -> None:
        for carrier in (*self._sound, *self._subtitles):
            carrier.close()

    def _can(self, stream: Any, container: Container) -> bool:
        if stream.codec_context is None:
            self._unknown = self._unknown or stream.type == "audio"
            return False
        if stream.type == "audio":
            return container.audio_encoder is not None
        codec = stream.codec_context.codec.canonical_name
        if codec in container.subtitles or (codec in TEXT and container.subtitle_encoder):
            return True
        self.left_out.append(f"subtitles ({codec})")
        return False


def _carry_words(
    source: av.container.InputContainer, output: av.container.OutputContainer, span: Span
) -> None:
    """Title, artist and the like, and the chapters of the part that is taken."""
    said = {key: value for key, value in source.metadata.items() if key.lower() not in _OF_THE_FILE}
    output.metadata.update(said)
    output.set_chapters([kept for one in source.chapters() if (kept := _within(one, span))])


def _within(chapter: Any, span: Span) -> Any:
    """A chapter by the output's clock, or None if nothing of it is in the part."""
    base = chapter["time_base"]
    start, end = chapter["start"] * base, chapter["end"] * base
    if span.is_over(start) or (span.first is not None and end <= span.first):
        return None
    start = max(start, span.first or start) - span.shift
    end = min(end, span.end or end) - span.shift
    ticks = {"start": int(start / base), "end": int(end / base)}
    return {**chapter, **ticks}

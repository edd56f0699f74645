"""Which file holds what: containers by extension, their encoders, and whether alpha survives."""

from dataclasses import dataclass
from pathlib import Path

import av

from pipeline.errors import OptionError


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """An encoder of FFmpeg's, how it is told its quality, and the pixel formats it is given."""

    name: str
    pixel_format: str
    alpha_format: str | None = None
    crf: int | None = None
    preset: tuple[str, str] | None = None
    """The option's name and default."""
    options: tuple[tuple[str, str], ...] = ()
    even_sizes: bool = False

    def tuned(self, crf: int | None, preset: str | None) -> dict[str, str]:
        """The encoder's options; OptionError for a knob that it does not have."""
        options = dict(self.options)
        if crf is not None and self.crf is None:
            raise OptionError(f"--crf {crf}: {self.name} has no such setting: leave it out")
        if preset is not None and self.preset is None:
            raise OptionError(f"--preset {preset}: {self.name} has no such setting: leave it out")
        if self.crf is not None:
            options["crf"] = str(self.crf if crf is None else crf)
        if self.preset is not None:
            options[self.preset[0]] = preset or self.preset[1]
        return options


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file. The first of `codecs` is the default; audio in `audio` is copied as it is."""

    name: str
    codecs: tuple[str, ...]
    audio: frozenset[str]
    audio_encoder: str
    options: tuple[tuple[str, str], ...] = ()
    keeps_rotation: bool = False


def _lossy(name: str, crf: int, preset: str) -> VideoEncoder:
    return VideoEncoder(name, "yuv420p", crf=crf, preset=("preset", preset), even_sizes=True)


ENCODERS = {
    "h264": _lossy("libx264", 20, "veryfast"),
    "h265": _lossy("libx265", 24, "veryfast"),
    "av1": _lossy("libsvtav1", 32, "9"),
    "vp9": VideoEncoder(
        "libvpx-vp9",
        "yuv420p",
        "yuva420p",
        crf=30,
        preset=("cpu-used", "5"),
        # The alternate reference frame loses the alpha plane.
        options=(("b", "0"), ("deadline", "good"), ("row-mt", "1"), ("auto-alt-ref", "0")),
    ),
    "prores": VideoEncoder("prores_aw", "yuv444p10le", "yuva444p10le"),
}

_MP4_AUDIO = frozenset({"aac", "ac3", "alac", "eac3", "mp3", "opus"})
_MOVIE = (("movflags", "+faststart"),)
CONTAINERS = {
    ".mp4": Container("mp4", ("h264", "h265", "av1"), _MP4_AUDIO, "aac", _MOVIE, True),
    ".m4v": Container("mp4", ("h264", "h265"), _MP4_AUDIO, "aac", _MOVIE, True),
    ".mov": Container(
        "mov", ("prores", "h264", "h265"), _MP4_AUDIO | {"pcm_s16le"}, "aac", _MOVIE, True
    ),
    ".webm": Container("webm", ("vp9", "av1"), frozenset({"opus", "vorbis"}), "libopus"),
    ".mkv": Container(
        "matroska",
        ("h264", "h265", "av1", "vp9"),
        _MP4_AUDIO | {"vorbis", "flac", "pcm_s16le", "dts"},
        "aac",
    ),
}


@dataclass(frozen=True, slots=True)
class Format:
    """What a file will be written as."""

    container: Container
    encoder: VideoEncoder
    with_alpha: bool

    @property
    def pixel_format(self) -> str:
        return (self.with_alpha and self.encoder.alpha_format) or self.encoder.pixel_format

    def padded(self, width: int, height: int) -> tuple[int, int]:
        """The size that is really written: H.264 and its like want even numbers."""
        if not self.encoder.even_sizes:
            return width, height
        return width + width % 2, height + height % 2


def choose_format(path: Path, codec: str | None, *, with_alpha: bool) -> Format:
    """By a path's extension; OptionError if it is unknown or cannot hold what is asked for."""
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        raise OptionError(
            f"{path}: unknown extension {path.suffix!r}: one of {', '.join(CONTAINERS)}"
        )
    if codec is not None and codec not in container.codecs:
        raise OptionError(
            f"codec {codec!r} in {path.suffix}: there it is one of {', '.join(container.codecs)}"
        )
    encoder = ENCODERS[codec or container.codecs[0]]
    if with_alpha and encoder.alpha_format is None:
        raise OptionError(
            f"{path}: {encoder.name} in {path.suffix} holds no transparency: choose "
            f"{alpha_extensions()}, or another --background"
        )
    if encoder.name not in av.codecs_available:
        raise OptionError(f"{path}: this FFmpeg has no encoder {encoder.name}: use another --codec")
    return Format(container, encoder, with_alpha)


def alpha_extensions() -> str:
    """The extensions whose default encoder keeps alpha, for people."""
    able = (suffix for suffix, c in CONTAINERS.items() if ENCODERS[c.codecs[0]].alpha_format)
    return " or ".join(sorted(able, reverse=True))

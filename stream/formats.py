"""Which file holds what: containers by extension, their encoders, and whether alpha survives."""

from dataclasses import dataclass
from pathlib import Path

import av

from pipeline.errors import OptionError


@dataclass(frozen=True, slots=True)
class Knob:
    """A setting of an encoder: FFmpeg's name for it, what is set by default, what may be set."""

    option: str
    default: str
    choices: tuple[str, ...]

    def take(self, what: str, value: str | None) -> str:
        """The value, or the default; OptionError names the choices."""
        if value is not None and value not in self.choices:
            raise OptionError(f"{what} takes {self._choices()}")
        return self.default if value is None else value

    def _choices(self) -> str:
        if self.choices[0].isdigit():
            return f"{self.choices[0]} to {self.choices[-1]}"
        return ", ".join(self.choices)


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """An encoder of FFmpeg's, how it is told its quality, and the pixel formats it is given."""

    name: str
    pixel_format: str
    alpha_format: str | None = None
    crf: Knob | None = None
    preset: Knob | None = None
    options: tuple[tuple[str, str], ...] = ()
    even_sizes: bool = False
    full_range: bool = True
    """Whether the file can say that samples use 0 … 255."""
    tag: str | None = None
    """The code in the file, where players want another than FFmpeg's first choice."""

    def tuned(self, crf: int | None, preset: str | None) -> dict[str, str]:
        """The encoder's options; OptionError for a setting that it does not have."""
        options = dict(self.options)
        wanted = {"crf": None if crf is None else str(crf), "preset": preset}
        for what, knob in {"crf": self.crf, "preset": self.preset}.items():
            value = wanted[what]
            if knob is not None:
                options[knob.option] = knob.take(f"--{what} {value}: {self.name}", value)
            elif value is not None:
                raise OptionError(
                    f"--{what} {value}: {self.name} has no such setting: leave it out"
                )
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


_X264_PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)


def _steps(option: str, default: int, last: int) -> Knob:
    return Knob(option, str(default), tuple(map(str, range(last + 1))))


ENCODERS = {
    "h264": VideoEncoder(
        "libx264",
        "yuv420p",
        crf=_steps("crf", 20, 51),
        preset=Knob("preset", "veryfast", _X264_PRESETS),
        even_sizes=True,
    ),
    "h265": VideoEncoder(
        "libx265",
        "yuv420p",
        crf=_steps("crf", 24, 51),
        preset=Knob("preset", "veryfast", _X264_PRESETS),
        options=(("x265-params", "log-level=none"),),
        even_sizes=True,
        tag="hvc1",  # the only one that Apple's players take
    ),
    "av1": VideoEncoder(
        "libsvtav1",
        "yuv420p",
        crf=_steps("crf", 32, 63),
        preset=_steps("preset", 9, 13),
        even_sizes=True,
    ),
    "vp9": VideoEncoder(
        "libvpx-vp9",
        "yuv420p",
        "yuva420p",
        crf=_steps("crf", 30, 63),
        preset=_steps("cpu-used", 5, 8),
        # The alternate reference frame loses the alpha plane.
        options=(("b", "0"), ("deadline", "good"), ("row-mt", "1"), ("auto-alt-ref", "0")),
    ),
    "prores": VideoEncoder(
        "prores_aw", "yuv444p10le", "yuva444p10le", even_sizes=True, full_range=False
    ),
}

_MP4_AUDIO = frozenset({"aac", "ac3", "alac", "eac3", "mp3", "opus"})
_MOVIE = (("movflags", "+faststart"),)
# Else a sound that begins a little before 0, as AAC's does, moves all pictures back by as much.
_MATROSKA = (("avoid_negative_ts", "disabled"),)
CONTAINERS = {
    ".mp4": Container("mp4", ("h264", "h265", "av1"), _MP4_AUDIO, "aac", _MOVIE, True),
    ".m4v": Container("mp4", ("h264", "h265"), _MP4_AUDIO, "aac", _MOVIE, True),
    ".mov": Container(
        "mov", ("prores", "h264", "h265"), _MP4_AUDIO | {"pcm_s16le"}, "aac", _MOVIE, True
    ),
    ".webm": Container("webm", ("vp9", "av1"), frozenset({"opus", "vorbis"}), "libopus", _MATROSKA),
    ".mkv": Container(
        "matroska",
        ("h264", "h265", "av1", "vp9"),
        _MP4_AUDIO | {"vorbis", "flac", "pcm_s16le", "dts"},
        "aac",
        _MATROSKA,
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
        """The size that is really written: most encoders want even numbers."""
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

"""Which file holds what: containers by extension, their encoders, and whether alpha survives."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av

from pipeline.errors import OptionError
from stream.encoders import ENCODERS, VideoEncoder
from stream.stacked import stacked_size
from stream.video_info import VideoInfo

AlphaIn = Literal["nothing", "channel", "stacked"]
"""Where a file's alpha lies: there is none, beside the colours, or as a grey picture below them."""


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file. The first of `codecs` is the default; audio in `audio` is copied as it is."""

    name: str
    codecs: tuple[str, ...]
    audio: frozenset[str] = frozenset()
    audio_encoder: str | None = None
    """What other audio is encoded with; None where a file of this kind is mute."""
    subtitles: frozenset[str] = frozenset()
    """Those that are copied as they are."""
    subtitle_encoder: str | None = None
    """What other text is encoded with; None where a file of this kind holds none."""
    options: tuple[tuple[str, str], ...] = ()
    is_movie: bool = False
    """Whether it says how pictures are to be turned and how wide their pixels are."""
    tick: Fraction | None = None
    """Seconds: its clock counts in these, where it does not count in whatever the source does."""
    ticks_apart: int = 1
    """Pictures that follow each other sooner are left out."""
    constant_rate: bool = False
    """Whether every picture is shown for the same time."""
    joins: bool = True
    """Whether it can be put together from parts that were encoded each for itself."""


_MP4_AUDIO = frozenset({"aac", "ac3", "alac", "eac3", "mp3", "opus"})
_TIMED_TEXT = frozenset({"mov_text"}), "mov_text"
_WEB_TEXT = frozenset({"webvtt"}), "webvtt"
_MATROSKA_TEXT = frozenset(
    {"ass", "subrip", "webvtt", "dvb_subtitle", "dvd_subtitle", "hdmv_pgs_subtitle"}
)
_MP4_BESIDE = _MP4_AUDIO, "aac", *_TIMED_TEXT
_MOVIE = (("movflags", "+faststart"),)
# Else a sound that begins a little before 0, as AAC's does, moves all pictures back by as much.
_MATROSKA = (("avoid_negative_ts", "disabled"),)
CONTAINERS = {
    ".mp4": Container(
        "mp4", ("h264", "h265", "av1"), _MP4_AUDIO, "aac", *_TIMED_TEXT, _MOVIE, True
    ),
    ".m4v": Container("mp4", ("h264", "h265"), _MP4_AUDIO, "aac", *_TIMED_TEXT, _MOVIE, True),
    ".mov": Container(
        "mov",
        ("prores", "animation", "png", "h264", "h265"),
        _MP4_AUDIO | {"pcm_s16le"},
        "aac",
        *_TIMED_TEXT,
        _MOVIE,
        True,
    ),
    ".webm": Container(
        "webm",
        ("vp9", "vp8", "av1"),
        frozenset({"opus", "vorbis"}),
        "libopus",
        *_WEB_TEXT,
        _MATROSKA,
    ),
    ".mkv": Container(
        "matroska",
        ("h264", "h265", "av1", "vp9", "vp8", "ffv1"),
        _MP4_AUDIO | {"vorbis", "flac", "pcm_s16le", "dts"},
        "aac",
        _MATROSKA_TEXT,
        "srt",
        _MATROSKA,
    ),
    ".avi": Container(
        "avi",
        ("utvideo",),
        frozenset({"mp3", "ac3", "pcm_s16le"}),
        "pcm_s16le",
        constant_rate=True,
    ),
    ".apng": Container("apng", ("apng",), options=(("plays", "0"),), joins=False),
    ".webp": Container("webp", ("webp_anim",), options=(("loop", "0"),), joins=False),
    # Browsers show a picture that is due for a hundredth of a second for a tenth.
    ".gif": Container("gif", ("gif",), tick=Fraction(1, 100), ticks_apart=2, joins=False),
}
SEQUENCES = {".png": Container("image2", ("png",)), ".webp": Container("image2", ("webp",))}
"""Pictures in files of their own, for names such as frames/%06d.png."""
READ_NUMBERED = frozenset({*SEQUENCES, ".bmp", ".jpeg", ".jpg", ".tif", ".tiff"})
"""The same for reading."""
_NUMBER = re.compile(r"%(0\d+)?d")


@dataclass(frozen=True, slots=True)
class Format:
    """What a file will be written as."""

    container: Container
    encoder: VideoEncoder
    alpha: AlphaIn

    @property
    def pixel_format(self) -> str:
        with_channel = self.alpha == "channel" and self.encoder.alpha_format
        return with_channel or self.encoder.pixel_format

    @property
    def is_sequence(self) -> bool:
        return self.container.name == "image2"

    @property
    def keeps_aspect(self) -> bool:
        """Whether pixels may be other than square."""
        return self.container.is_movie or self.encoder.keeps_aspect

    def padded(self, width: int, height: int) -> tuple[int, int]:
        """The size of the picture: most encoders, and what is stacked, want even numbers."""
        if not self.encoder.even_sizes and self.alpha != "stacked":
            return width, height
        return width + width % 2, height + height % 2

    def upright_size(self, info: VideoInfo) -> tuple[int, int]:
        """The size of the upright picture: its pixels are square where the file cannot say else."""
        if self.keeps_aspect:
            return info.width, info.height
        return squared_width(info.width, info.upright_aspect), info.height

    def size(self, info: VideoInfo) -> tuple[int, int]:
        """The upright size that is really written."""
        size = self.padded(*self.upright_size(info))
        return stacked_size(*size) if self.alpha == "stacked" else size


def squared_width(width: int, aspect: Fraction) -> int:
    """How wide a picture is in square pixels, of one whose pixels have this width by height."""
    return max(1, round(width * aspect))


def choose_format(path: Path, codec: str | None, alpha: AlphaIn) -> Format:
    """By a path's extension; OptionError if it is unknown or cannot hold what is asked for."""
    container = _container(path)
    if codec is not None and codec not in container.codecs:
        raise OptionError(
            f"codec {codec!r} in {path.suffix}: there it is one of {', '.join(container.codecs)}"
        )
    encoder = ENCODERS[codec or container.codecs[0]]
    if alpha == "channel" and encoder.alpha_format is None:
        raise OptionError(
            f"{path}: {encoder.name} in {path.suffix} holds no transparency: choose one of "
            f"{alpha_extensions()}, --stacked, an --alpha-output beside it, or another --background"
        )
    if encoder.name not in av.codecs_available:
        raise OptionError(f"{path}: this FFmpeg has no encoder {encoder.name}: use another --codec")
    return Format(container, encoder, alpha)


def holds_alpha(path: Path, codec: str | None) -> bool:
    """Whether a file of that name, written so, has a channel for alpha."""
    return choose_format(path, codec, "nothing").encoder.alpha_format is not None


def is_sequence(path: Path) -> bool:
    """Whether a name stands for many: one number, as %06d, and an extension of pictures."""
    return path.suffix.lower() in SEQUENCES and _NUMBER.search(path.name) is not None


def is_numbered(path: Path) -> bool:
    """The same of what can be read."""
    return path.suffix.lower() in READ_NUMBERED and _NUMBER.search(path.name) is not None


def numbered(path: Path) -> re.Pattern[str]:
    """What the names of a sequence's files look like."""
    before, after = _NUMBER.split(path.name, maxsplit=1)[::2]
    return re.compile(rf"{re.escape(before)}(\d+){re.escape(after)}")


def numbered_name(path: Path, number: int) -> str:
    """The name of one of a sequence's files."""
    return _NUMBER.sub(lambda found: found[0] % number, path.name, count=1)


def _container(path: Path) -> Container:
    suffix = path.suffix.lower()
    if is_sequence(path):
        return SEQUENCES[suffix]
    if suffix in CONTAINERS:
        return CONTAINERS[suffix]
    if suffix in SEQUENCES:
        raise OptionError(
            f"{path}: one picture holds no video: name many, {path.stem}-%06d{suffix}, or "
            f"{path.stem}.apng"
        )
    raise OptionError(f"{path}: unknown extension {path.suffix!r}: one of {', '.join(CONTAINERS)}")


def alpha_extensions() -> str:
    """The extensions whose default encoder keeps alpha, for people."""
    return ", ".join(_able())


def _able() -> Iterator[str]:
    for suffix, container in CONTAINERS.items():
        if ENCODERS[container.codecs[0]].alpha_format:
            yield suffix
    yield from (f"%06d{suffix}" for suffix in SEQUENCES)

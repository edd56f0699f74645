"""What goes through pipes: YUV4MPEG2, which describes itself, or bare pictures."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av

from pipeline.errors import OptionError
from stream.convert import holds_alpha
from stream.encoders import VideoEncoder
from stream.formats import Container, Format

InputFormat = Literal["y4m", "raw"]

_AT_ONCE = (("flush_packets", "1"),)
_Y4M = Format(
    Container("yuv4mpegpipe", (), options=_AT_ONCE, constant_rate=True),
    VideoEncoder("wrapped_avframe", "yuv420p", any_chroma=True, keeps_aspect=True),
    "nothing",
)


@dataclass(frozen=True, slots=True)
class RawVideo:
    """What nobody says of bare pictures: width and height, pictures a second, pixel format."""

    width: int
    height: int
    rate: Fraction
    pixel_format: str

    @classmethod
    def parse(cls, size: str | None, fps: str | None, pixel_format: str | None) -> "RawVideo":
        """From the options' texts; OptionError for one that is missing or makes no sense."""
        wanted = {"--size": size, "--fps": fps, "--pixel-format": pixel_format}
        lacking = [option for option, value in wanted.items() if value is None]
        if size is None or fps is None or pixel_format is None:
            raise OptionError(
                f"--input-format raw: {', '.join(lacking)} is missing: raw has no header"
            )
        return cls(*_size(size), _rate(fps), known_pixel_format("--pixel-format", pixel_format))

    @property
    def options(self) -> dict[str, str]:
        """As FFmpeg's demuxer takes them."""
        return {
            "video_size": f"{self.width}x{self.height}",
            "framerate": str(self.rate),
            "pixel_format": self.pixel_format,
        }


def output_format(pixel_format: str | None, *, transparent: bool) -> Format:
    """YUV4MPEG2, or bare pictures in a pixel format; OptionError if it cannot hold alpha."""
    if pixel_format is None and not transparent:
        return _Y4M
    if pixel_format is None:
        raise OptionError(
            "--background transparent: YUV4MPEG2 holds no alpha: add --output-pixel-format "
            "yuva420p or rgba, for raw video"
        )
    name = known_pixel_format("--output-pixel-format", pixel_format)
    with_alpha = holds_alpha(av.VideoFormat(name))
    if transparent and not with_alpha:
        raise OptionError(
            f"--output-pixel-format {name}: holds no alpha: take yuva420p or rgba, or another "
            "--background"
        )
    encoder = VideoEncoder("rawvideo", name, name, keeps_aspect=True)
    container = Container("rawvideo", (), options=_AT_ONCE, constant_rate=True)
    return Format(container, encoder, "channel" if transparent else "nothing")


def known_pixel_format(option: str, name: str) -> str:
    """The name; OptionError if FFmpeg knows none so, or one that has no pixels of its own."""
    try:
        known = av.VideoFormat(name)
    except ValueError:
        raise OptionError(f"{option} {name!r}: see `ffmpeg -pix_fmts` for what there is") from None
    if known.has_palette or not known.components:
        raise OptionError(f"{option} {name}: it has no pixels of its own: take yuv420p or rgba")
    return name


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if found is None:
        raise OptionError(f"--size {text!r}: it is WIDTHxHEIGHT in pixels, as 1280x720")
    return int(found[1]), int(found[2])


def _rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise OptionError(f"--fps {text!r}: it is a number as 25 or 30000/1001, to 1000")
    return rate

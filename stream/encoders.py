"""FFmpeg's encoders: what each is told, which pixels it takes, and whether it keeps alpha."""

from dataclasses import dataclass

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
    """What it is given where there is alpha; None if it holds none."""
    crf: Knob | None = None
    preset: Knob | None = None
    options: tuple[tuple[str, str], ...] = ()
    even_sizes: bool = False
    full_range: bool = True
    """Whether the file can say that samples use 0 … 255."""
    tag: str | None = None
    """The code in the file, where players want another than FFmpeg's first choice."""
    any_chroma: bool = False
    """Whether it takes chroma subsampled as the source's is, rather than in its own format."""
    alpha_beside: bool = False
    """Whether alpha is a packet's side data, which only Matroska can keep."""
    one_bit_alpha: bool = False
    """Whether a pixel is either there or not."""
    keeps_aspect: bool = False
    """Whether the video itself says how wide its pixels are, whatever file it lies in."""

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
        keeps_aspect=True,
    ),
    "h265": VideoEncoder(
        "libx265",
        "yuv420p",
        crf=_steps("crf", 24, 51),
        preset=Knob("preset", "veryfast", _X264_PRESETS),
        options=(("x265-params", "log-level=none"),),
        even_sizes=True,
        keeps_aspect=True,
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
        alpha_beside=True,
    ),
    "vp8": VideoEncoder(
        "libvpx",
        "yuv420p",
        "yuva420p",
        crf=_steps("crf", 10, 63),
        preset=_steps("cpu-used", 4, 8),
        # Quality rules only under a bit rate that is never reached.
        options=(("b", "100M"), ("deadline", "good"), ("auto-alt-ref", "0")),
        alpha_beside=True,
    ),
    "prores": VideoEncoder(
        "prores_aw", "yuv444p10le", "yuva444p10le", even_sizes=True, full_range=False
    ),
    "animation": VideoEncoder("qtrle", "rgb24", "argb"),
    "ffv1": VideoEncoder(
        "ffv1",
        "yuv420p",
        "yuva420p",
        any_chroma=True,
        options=(("level", "3"), ("g", "1"), ("slicecrc", "1")),
    ),
    "utvideo": VideoEncoder("utvideo", "gbrp", "gbrap"),
    # WebP's own YCbCr is that of BT.601 whatever a picture's tags say, so it is given RGB.
    "webp": VideoEncoder("libwebp", "bgra", "bgra", options=(("quality", "90"),)),
    "webp_anim": VideoEncoder("libwebp_anim", "bgra", "bgra", options=(("quality", "80"),)),
    "png": VideoEncoder("png", "rgb24", "rgba"),
    "apng": VideoEncoder("apng", "rgb24", "rgba"),
    "gif": VideoEncoder("gif", "pal8", "pal8", one_bit_alpha=True),
}

"""What a user calls a live source or sink, made into what FFmpeg is told."""

import re
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pipeline.errors import OptionError

Kind = Literal["mpegts", "flv", "nut", "whip", "camera"]
"""Of a sink: the container that goes through the network, or what needs none."""

_DATAGRAM = 7 * 188
"""Bytes: as many packets of MPEG-TS as go unbroken through a network."""
_SOON = {"analyzeduration": "1000000", "fpsprobesize": "3", "fflags": "nobuffer"}
"""FFmpeg would look at five seconds before it gave the first picture."""
_SOURCES = "rtsp://, rtmp://, srt://, udp://, tcp:// (MPEG-TS), http(s):// (HLS), /dev/video0"
_SINKS = (
    "rtmp://, srt:// or udp:// or tcp:// (MPEG-TS), nut+tcp:// (NUT), http(s):// (WHIP), camera or "
    "camera:/dev/video10"
)


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """Where video comes from. `name` is for people: it tells no keys."""

    url: str
    name: str
    format: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    paced: bool = False
    """Whether it gives more than there is yet, as HLS does."""
    listens: bool = False
    """Whether others come to it, at any time."""
    patience_s: float = 10.0
    """How long it may give nothing before it counts as broken."""

    @property
    def by_program(self) -> bool:
        return needs_program(self.url)


@dataclass(frozen=True, slots=True)
class SinkAddress:
    """Where video goes. `name` is for people: it tells no keys."""

    url: str
    name: str
    kind: Kind
    listens: bool = False

    @property
    def by_program(self) -> bool:
        return needs_program(self.url)

    @property
    def holds_alpha(self) -> bool:
        return self.kind == "nut"


def source_address(text: str) -> SourceAddress:
    """Raises OptionError, with the choices, for what is no live source."""
    scheme, name = _scheme(text), _name(text)
    listens = _listens(text)
    if text.startswith("/dev/"):
        return _device(text)
    if scheme in ("rtsp", "rtsps"):
        return SourceAddress(text, name, "rtsp", {"rtsp_transport": "tcp"} | _SOON)
    if scheme in ("rtmp", "rtmps"):
        listen = {"listen": "1"} if listens else {}
        return SourceAddress(_without_listen(text), name, "flv", _SOON | listen, listens=listens)
    if scheme in ("srt", "udp", "tcp"):
        _check_program("SOURCE", text)
        is_bound = listens or scheme == "udp"
        return SourceAddress(text, name, "mpegts", dict(_SOON), listens=is_bound)
    if scheme in ("http", "https"):
        # A segment of HLS may last ten seconds.
        return SourceAddress(text, name, paced=True, patience_s=30)
    raise OptionError(
        f"SOURCE {text!r}: a live source is {_SOURCES}, or - for a pipe; for files there is "
        "livematte file"
    )


def sink_address(text: str) -> SinkAddress:
    """Raises OptionError, with the choices, for what is no live sink."""
    scheme, name, listens = _scheme(text), _name(text), _listens(text)
    if text == "camera" or text.startswith("camera:/"):
        return SinkAddress(text.removeprefix("camera").removeprefix(":"), text, "camera")
    if scheme in ("rtmp", "rtmps"):
        return SinkAddress(text, name, "flv")
    if scheme in ("srt", "tcp"):
        _check_program("SINK", text)
        return SinkAddress(text, name, "mpegts", listens)
    if scheme == "udp":
        return SinkAddress(_with(text, "pkt_size", str(_DATAGRAM)), name, "mpegts")
    if scheme == "nut+tcp":
        return SinkAddress(text.removeprefix("nut+"), name, "nut", listens)
    if scheme in ("http", "https"):
        return SinkAddress(text, name, "whip")
    raise OptionError(
        f"SINK {text!r}: a live sink is {_SINKS}, or - for a pipe; for files there is "
        "livematte file"
    )


def needs_program(url: str) -> bool:
    """PyAV's wheels are built without SRT; the program ffmpeg of most systems has it."""
    return url.startswith("srt:")


def _check_program(end: str, text: str) -> None:
    if needs_program(text) and shutil.which("ffmpeg") is None:
        raise OptionError(
            f"{end} {_name(text)}: SRT goes through the program ffmpeg, which is not there: "
            "install it (apt-get install ffmpeg)"
        )


def _device(text: str) -> SourceAddress:
    try:
        is_device = stat.S_ISCHR(Path(text).stat().st_mode)
    except OSError:
        is_device = False
    if not is_device:
        raise OptionError(f"SOURCE {text}: no such camera: see `ls /dev/video*`")
    return SourceAddress(text, text, "v4l2")


def _scheme(text: str) -> str:
    return urlsplit(text).scheme if "://" in text else ""


def _name(text: str) -> str:
    """Scheme and host: a path may be a stream's key, and a query a password."""
    parts = urlsplit(text)
    if not parts.netloc:
        return text
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}"


def _listens(text: str) -> bool:
    query = dict(parse_qsl(urlsplit(text).query, keep_blank_values=True))
    return "listen" in query or query.get("mode") == "listener"


def _without_listen(text: str) -> str:
    """FFmpeg takes it as an option of RTMP, not as a part of the URL."""
    return re.sub(r"[?&]listen(=1)?$", "", text)


def _with(url: str, key: str, value: str) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return urlunsplit(parts._replace(query=urlencode({key: value} | query)))

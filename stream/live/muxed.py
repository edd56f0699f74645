"""Pictures and sound encoded into a container, and that into the network."""

import contextlib
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.container
import av.error

from pipeline.errors import SinkError
from pipeline.matted import Matted
from pipeline.network import usable_processors
from stream.convert import tag, video_from_frame
from stream.live.address import SinkAddress
from stream.live.bridge import Bridge
from stream.live.clock import TIME_BASE
from stream.live.sound import LAYOUT, RATE, Sound

PATIENCE_S = 10.0
"""How long the network may take nothing before it counts as broken."""
_KEY_FRAME_S = 2
"""Seconds between pictures at which whoever comes later can begin."""


@dataclass(frozen=True, slots=True)
class Muxing:
    """A container for live video, and what goes into it."""

    container: str
    video: str
    audio: str
    options: tuple[tuple[str, str], ...] = ()


_H264 = {
    "preset": "veryfast",
    "tune": "zerolatency",
    "crf": "21",
    "maxrate": "6M",
    "bufsize": "6M",
}
_AT_ONCE = (("flush_packets", "1"),)
_MUXINGS = {
    "mpegts": Muxing("mpegts", "libx264", "aac", _AT_ONCE),
    "flv": Muxing("flv", "libx264", "aac", (*_AT_ONCE, ("flvflags", "no_duration_filesize"))),
    "nut": Muxing("nut", "rawvideo", "pcm_s16le", _AT_ONCE),
}


class MuxedOutlet:
    """One connection; its time begins with `first`, whose size all pictures get. It blocks."""

    def __init__(
        self, address: SinkAddress, first: Matted, rate: Fraction, *, has_sound: bool
    ) -> None:
        self._ended = False
        self._muxing = _MUXINGS[address.kind]
        self._origin = first.frame.pts
        self._size = first.frame.width, first.frame.height
        self._pixel_format = "yuva420p" if first.transparent else "yuv420p"
        patience = math.inf if address.listens else PATIENCE_S
        self._bridge = Bridge.into(address.url, by_program=address.by_program, patience_s=patience)
        options = dict(self._muxing.options)
        self._output = av.open(
            self._bridge.pipe, "w", format=self._muxing.container, options=options
        )
        self._video = self._add_video(first, rate)
        self._audio = self._add_audio() if has_sound else None

    def write(self, matted: Matted, sound: Sound) -> None:
        if self._ended:
            raise SinkError("it has ended")
        try:
            if self._audio and len(sound.samples):
                origin = round(self._origin * TIME_BASE * RATE)
                self._output.mux(self._audio.encode(sound.frame(origin)))
            self._output.mux(self._video.encode(self._picture(matted)))
        except (OSError, av.error.FFmpegError, ValueError) as error:
            stalled = self._bridge.pipe.given_up
            self._end(at_once=True)
            reason = f"it took nothing for {PATIENCE_S:g} s" if stalled else self._bridge.reason
            raise SinkError(reason or f"cannot be written: {error}") from None

    def close(self) -> None:
        if self._ended:
            return
        with contextlib.suppress(OSError, av.error.FFmpegError):
            for stream in (self._video, self._audio):
                if stream is not None:
                    self._output.mux(stream.encode(None))
        self._end(at_once=False)

    def give_up(self) -> None:
        self._bridge.pipe.give_up()

    def _end(self, *, at_once: bool) -> None:
        self._ended = True  # PyAV crashes at what is given to a container that is closed
        with contextlib.suppress(OSError, av.error.FFmpegError):
            self._output.close()
        self._bridge.close(at_once=at_once)

    def _picture(self, matted: Matted) -> av.VideoFrame:
        alpha = matted.alpha if self._pixel_format == "yuva420p" else None
        video = video_from_frame(matted.frame, self._pixel_format, alpha, full_range=False)
        if (video.width, video.height) != self._size:
            video = video.reformat(*self._size)
        video.pts, video.time_base = matted.frame.pts - self._origin, TIME_BASE
        return video

    def _add_video(self, first: Matted, rate: Fraction) -> av.VideoStream:
        compresses = self._muxing.video == "libx264"
        options = _H264 | {"g": str(round(_KEY_FRAME_S * rate))} if compresses else {}
        stream = self._output.add_stream(self._muxing.video, rate=rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = self._size
        stream.pix_fmt = self._pixel_format
        stream.codec_context.time_base = stream.time_base = TIME_BASE
        stream.codec_context.thread_count = max(1, usable_processors() // 2)
        tag(stream.codec_context, first.frame.colour)
        return stream

    def _add_audio(self) -> av.AudioStream:
        stream: Any = self._output.add_stream(self._muxing.audio, rate=RATE)
        stream.layout = LAYOUT
        return stream

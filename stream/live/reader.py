"""One connection to a live source. It blocks."""

import contextlib
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from typing import Any, cast

import av
import av.container
import av.error

from pipeline.errors import SourceError
from pipeline.frame import Frame
from stream.convert import frame_from_video
from stream.live import sound
from stream.live.address import SourceAddress
from stream.live.bridge import Bridge
from stream.live.clock import TIME_BASE, LiveClock, ticks
from stream.live.sound import Samples, SoundLine

_FALLBACK_RATE = Fraction(30)
_LARGEST_RATE = 120


class LiveReader:
    """Decodes the first video of a source, and its first sound into `line`.

    Raises SourceError if it cannot be opened, or breaks; `wait` is called with how many seconds a
    picture of a paced source comes too early.
    """

    def __init__(
        self,
        address: SourceAddress,
        clock: LiveClock,
        line: SoundLine,
        wait: Callable[[float], object],
    ) -> None:
        self._address, self._clock, self._line, self._wait = address, clock, line, wait
        self._bridge: Bridge | None = None
        self._container = self._open()
        streams = self._container.streams
        if not streams.video:
            self.close()
            raise SourceError("there is no video in it")
        self._video = streams.video[0]
        self._video.codec_context.thread_type = "SLICE"  # by the frame it would hold some back
        self._audio = streams.audio[0] if streams.audio else None
        self._resampler = av.AudioResampler(sound.FORMAT, sound.LAYOUT, sound.RATE)
        clock.begin()

    @property
    def rate(self) -> Fraction:
        """Pictures a second, as far as the source says."""
        rate = self._video.average_rate or self._video.guessed_rate or _FALLBACK_RATE
        return rate if 1 <= rate <= _LARGEST_RATE else _FALLBACK_RATE

    @property
    def has_sound(self) -> bool:
        return self._audio is not None

    def frames(self) -> Generator[Frame, None, None]:
        """Every picture as it comes, its time by the session's clock."""
        wanted = [self._video, *([self._audio] if self._audio else [])]
        packets: Any = self._container.demux(wanted)
        try:
            for packet in packets:
                if packet.stream is self._audio:
                    self._hear(packet)
                else:
                    yield from self._see(packet)
        except (OSError, av.error.FFmpegError) as error:
            raise SourceError(self._why(error)) from None
        finally:
            packets.close()  # before its container: freed after it, it crashes
        raise SourceError("it has ended" if self._bridge is None else self._why_bridge())

    def close(self) -> None:
        self._container.close()
        if self._bridge:
            self._bridge.close(at_once=True)

    def _open(self) -> av.container.InputContainer:
        address, place = self._address, self._address.url
        if address.by_program:
            self._bridge = Bridge.out_of(address.url, patience_s=address.patience_s)
        try:
            container = av.open(
                self._bridge.pipe if self._bridge else place,
                format=address.format,
                options=address.options,
                timeout=address.patience_s,
                metadata_errors="replace",
            )
            assert isinstance(container, av.container.InputContainer)
            return container
        except (OSError, av.error.FFmpegError, ValueError) as error:
            raise SourceError(self._why_bridge() if self._bridge else self._why(error)) from None

    def _see(self, packet: "av.Packet[Any]") -> Iterator[Frame]:
        """What is damaged is passed over: the next key frame mends it."""
        with contextlib.suppress(av.error.FFmpegError):
            for video in self._video.codec_context.decode(packet if packet.size else None):
                seconds = self._clock.place(float((video.pts or 0) * (video.time_base or 0)))
                if (early := seconds - self._clock.now()) > 0:
                    self._wait(early)
                yield frame_from_video(video, ticks(seconds), TIME_BASE)

    def _hear(self, packet: "av.Packet[Any]") -> None:
        assert self._audio
        with contextlib.suppress(av.error.FFmpegError):
            for heard in self._audio.codec_context.decode(packet if packet.size else None):
                if heard.pts is None or heard.time_base is None:
                    continue
                seconds = self._clock.place(float(heard.pts * heard.time_base))
                for part in self._resampler.resample(heard):
                    samples = cast(Samples, part.to_ndarray()).reshape(-1, 2)
                    self._line.put(seconds, samples)
                    seconds += len(samples) / sound.RATE

    def _why(self, error: Exception) -> str:
        if isinstance(error, av.error.ExitError):
            return f"nothing came for {self._address.patience_s:g} s"
        return getattr(error, "strerror", None) or str(error)

    def _why_bridge(self) -> str:
        assert self._bridge
        silent = self._bridge.pipe.given_up
        self._bridge.close(at_once=True)
        if silent:
            return f"nothing came for {self._address.patience_s:g} s"
        return self._bridge.reason or "it has ended"

"""A camera's clip, encoded beforehand so that the client costs nearly nothing, and sent in a loop.

Every two seconds the whole picture turns darker or lighter. By that a receiver finds out which of
the pictures that were sent it sees: WebRTC does not carry a sender's time stamps to the other end.
"""

import asyncio
import time
from fractions import Fraction
from typing import Any

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from pipeline.frame import RgbImage
from stream.benchmark.clip import film

FLIP_SECONDS = 2
CLOCK = 90_000
_DARKER = 0.7
_PICTURES = 30
"""That are drawn; they are shown to and fro."""
_BITS_A_PIXEL = 4
"""And second."""


def encoded_loop(size: tuple[int, int], rate: int) -> list[bytes]:
    """VP8, light for `FLIP_SECONDS` and dark for as long; each half begins with a key frame."""
    drawn = list(film(size, _PICTURES))
    around = drawn + drawn[-2:0:-1]
    encoder = _encoder(size, rate)
    half = FLIP_SECONDS * rate
    return [_encoded(encoder, around[k % len(around)], k, half) for k in range(2 * half)]


def _encoder(size: tuple[int, int], rate: int) -> av.VideoCodecContext:
    encoder = av.VideoCodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, rate), Fraction(rate)
    encoder.bit_rate, encoder.gop_size = _BITS_A_PIXEL * size[0] * size[1], FLIP_SECONDS * rate
    encoder.options = {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0"}
    return encoder


def _encoded(encoder: av.VideoCodecContext, picture: RgbImage, k: int, half: int) -> bytes:
    shown = picture if k < half else (picture * _DARKER).astype("uint8")
    video = av.VideoFrame.from_ndarray(shown, "rgb24").reformat(format="yuv420p")
    video.pts, video.time_base = k, encoder.time_base
    if k % half == 0:
        video.pict_type = av.video.frame.PictureType.I
    return b"".join(bytes(packet) for packet in encoder.encode(video))


class LoopTrack(MediaStreamTrack):
    """Sends an encoded loop, `rate` pictures a second, and remembers when."""

    kind = "video"

    def __init__(self, clip: list[bytes], rate: int) -> None:
        super().__init__()
        self.rate = rate
        self.sent: dict[int, float] = {}
        """When each picture was sent, by its number, in seconds of `time.perf_counter`."""
        self._clip, self._began, self._next = clip, 0.0, 0

    async def recv(self) -> "av.Packet[Any]":
        if self.readyState != "live":
            raise MediaStreamError
        self._began = self._began or time.perf_counter()
        await asyncio.sleep(max(0.0, self._began + self._next / self.rate - time.perf_counter()))
        packet = av.Packet(self._clip[self._next % len(self._clip)])
        packet.pts, packet.time_base = self._next * CLOCK // self.rate, Fraction(1, CLOCK)
        self.sent[self._next] = time.perf_counter()
        self._next += 1
        return packet

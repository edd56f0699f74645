"""How many bits a second pictures are sent with; aiortc's own limits are those of a thumbnail."""

import av
from aiortc import codecs
from aiortc.codecs import h264, vpx
from av.frame import Frame

BITS_A_PIXEL = 2.7
"""And second: 2.5 Mbit/s for 720p, 5 for 720p above its matte."""
LEAST_FIRST, LARGEST = 1_000_000, 12_000_000
"""Bits a second: of the smallest pictures, and of 1080p above its matte."""
_Encoded = tuple[list[bytes], int]


def first_bitrate(width: int, height: int) -> int:
    """Bits a second for pictures of a size, until the peer says what it can take."""
    return round(min(max(BITS_A_PIXEL * width * height, LEAST_FIRST), LARGEST))


def fit_bitrates() -> None:
    """From now on aiortc sends pictures of any size with bits that suit it, in this process."""
    vpx.MAX_BITRATE = h264.MAX_BITRATE = LARGEST
    codecs.Vp8Encoder = _Vp8Encoder  # type: ignore[attr-defined]
    codecs.H264Encoder = _H264Encoder  # type: ignore[attr-defined]


class _Vp8Encoder(vpx.Vp8Encoder):
    _suits = vpx.DEFAULT_BITRATE

    def encode(self, frame: Frame, force_keyframe: bool = False) -> _Encoded:
        self._suits = _fit(self, self._suits, frame)
        return super().encode(frame, force_keyframe)


class _H264Encoder(h264.H264Encoder):
    _suits = h264.DEFAULT_BITRATE

    def encode(self, frame: Frame, force_keyframe: bool = False) -> _Encoded:
        self._suits = _fit(self, self._suits, frame)
        return super().encode(frame, force_keyframe)


def _fit(encoder: vpx.Vp8Encoder | h264.H264Encoder, before: int, frame: Frame) -> int:
    """What suits a frame; one of another size gets as many bits a pixel as those before it had."""
    assert isinstance(frame, av.VideoFrame)
    suits = first_bitrate(frame.width, frame.height)
    if suits != before:
        encoder.target_bitrate = round(encoder.target_bitrate * suits / before)
    return suits

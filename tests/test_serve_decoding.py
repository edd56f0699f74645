"""What waits to be decoded is bounded: an overloaded process shows new pictures, not late ones."""

import threading
from fractions import Fraction

import pytest
from aiortc import rtcrtpreceiver
from aiortc.codecs import get_decoder
from aiortc.codecs.base import Decoder
from aiortc.codecs.h264 import H264Encoder, h264_depayload
from aiortc.codecs.vpx import Vp8Encoder, vp8_depayload
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av import VideoFrame
from av.frame import Frame as MediaFrame

from pipeline.frame import AlphaMatte, Frame
from pipeline.subject import WHOLE, Look
from stream.server.decode_queue import ASK_AGAIN, DecodeQueue, is_key
from tests.calling import Camera, Half, room
from tests.serving import Caller, post_sdp, served

RATE = 30


class Overload:
    """Decodes as many pictures as it is let, however many come."""

    def __init__(self) -> None:
        self.turns = threading.Semaphore(0)

    def decoder(self, codec: RTCRtpCodecParameters) -> Decoder:
        real, turns = get_decoder(codec), self.turns

        class Late(Decoder):
            def decode(self, encoded_frame: JitterFrame) -> list[MediaFrame]:
                assert turns.acquire(timeout=20)
                return real.decode(encoded_frame)

        return Late()


class Watched(Half):
    """Notes which picture it saw last, counted from the first."""

    def __init__(self) -> None:
        super().__init__()
        self.latest = 0

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        self.latest = round(frame.seconds * RATE)
        return super().__call__(frame, look)


async def test_pictures_do_not_get_later_while_they_come_faster_than_they_are_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    overload, network, camera = Overload(), Watched(), Camera(RATE)
    monkeypatch.setattr(rtcrtpreceiver, "get_decoder", overload.decoder)
    source = Caller(camera)
    source.send_only()
    late = []
    async with served(network) as client, source:
        try:
            await post_sdp(client, "/whip/desk", source)
            await source.connected.wait()
            begun = camera.sent
            for _ in range(60):
                await camera.goes_on(2)
                overload.turns.release()
                late.append(camera.sent - begun - network.latest)
        finally:
            overload.turns.release(9999)
    assert max(late) < 35  # and 60 if all of them were kept


def waiting(*frames: bytes, mime: str = "video/VP8", most: int = 4) -> tuple[list[bytes], int]:
    """What is left of some frames that nobody took, and how often a key frame was asked for."""
    asked = []
    held = DecodeQueue(most, lambda: asked.append(1))
    codec = RTCRtpCodecParameters(mime, 90_000)
    for frame in frames:
        held.put((codec, JitterFrame(frame, 0)))
    return [item[1].data for item in held.queue if item], len(asked)


KEY, NEXT = b"\x00key", b"\x01next"
"""Of VP8, as far as it matters here."""


def test_few_frames_wait_in_order() -> None:
    assert waiting(KEY, NEXT, NEXT, NEXT) == ([KEY, NEXT, NEXT, NEXT], 0)


def test_too_many_frames_go_up_to_the_latest_key_frame() -> None:
    assert waiting(KEY, NEXT, KEY, b"\x01a", b"\x01b") == ([KEY, b"\x01a", b"\x01b"], 0)


def test_without_a_key_frame_all_go_until_one_comes_that_was_asked_for() -> None:
    assert waiting(KEY, *[NEXT] * 9) == ([], 1)
    assert waiting(KEY, *[NEXT] * 9, KEY, NEXT) == ([KEY, NEXT], 1)


def test_a_key_frame_that_does_not_come_is_asked_for_again() -> None:
    assert waiting(KEY, *[NEXT] * (4 + 2 * ASK_AGAIN)) == ([], 3)


def test_of_sound_the_newest_goes_on() -> None:
    assert waiting(*map(bytes, range(6)), mime="audio/opus") == ([bytes(4), bytes(5)], 0)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x00\x00\x00\x01\x67sps\x00\x00\x00\x01\x68pps\x00\x00\x00\x01\x65idr", True),
        (b"\x00\x00\x01\x25idr", True),
        (b"\x00\x00\x00\x01\x41slice", False),
        (b"\x00\x00\x00\x01\x06sei\x00\x00\x00\x01\x01slice", False),
        (b"", False),
    ],
)
def test_a_key_frame_of_h264_is_known_by_its_slices(data: bytes, expected: bool) -> None:
    assert is_key((RTCRtpCodecParameters("video/H264", 90_000), JitterFrame(data, 0))) is expected


@pytest.mark.parametrize("codec", ["h264", "libvpx"])
def test_the_key_frames_of_real_encoders_are_known(codec: str) -> None:
    encoder = H264Encoder() if codec == "h264" else Vp8Encoder()
    depayload = h264_depayload if codec == "h264" else vp8_depayload
    mime = RTCRtpCodecParameters("video/H264" if codec == "h264" else "video/VP8", 90_000)
    known = []
    for index in range(6):
        picture = VideoFrame.from_ndarray(room(), "rgb24")
        picture.pts, picture.time_base = index * 3000, Fraction(1, 90_000)
        payloads, _ = encoder.encode(picture, force_keyframe=index == 3)
        known.append(is_key((mime, JitterFrame(b"".join(map(depayload, payloads)), 0))))
    assert known == [True, False, False, True, False, False]


def test_whoever_ends_the_decoder_does_not_wait_for_what_is_left() -> None:
    held = DecodeQueue(4, lambda: None)
    held.put((RTCRtpCodecParameters("video/VP8", 90_000), JitterFrame(KEY, 0)))
    held.put(None)
    assert held.get_nowait() is None

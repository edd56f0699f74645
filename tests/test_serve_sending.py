"""What aiortc makes of a call's pictures: each can be decoded, with bits enough from the first."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from aiortc.codecs import get_encoder
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from stream.server.bitrate import LARGEST, LEAST_FIRST, first_bitrate, fit_bitrates
from stream.server.matte_track import VIDEO_CLOCK, MatteTrack

NAMES = ("VP8", "H264")
CODECS = [RTCRtpCodecParameters(f"video/{name}", 90_000) for name in NAMES]


def picture(pts: int = 0, width: int = 160, height: int = 120) -> av.VideoFrame:
    video = av.VideoFrame.from_ndarray(np.full((height * 3 // 2, width), 128, np.uint8), "yuv420p")
    video.pts, video.time_base = pts, VIDEO_CLOCK
    return video


@pytest.mark.parametrize("codec", CODECS, ids=NAMES)
async def test_pictures_of_the_same_moment_are_sent_with_times_of_their_own(
    codec: RTCRtpCodecParameters,
) -> None:
    """As the first curtain and the first matte are; receivers would join them into one."""
    track, encoder = MatteTrack(), get_encoder(codec)
    sent = []
    for pts in (0, 0, 0, 3000):
        await track.give(picture(pts))
        sent.append(encoder.encode(await track.recv())[1])
    assert sent == sorted(set(sent))


async def test_times_keep_to_the_source_s() -> None:
    track = MatteTrack()
    for index in range(5):
        video = picture()
        video.pts, video.time_base = index, Fraction(1, 30)
        await track.give(video)
        assert (await track.recv()).pts == 3000 * index


@pytest.mark.parametrize("codec", CODECS, ids=NAMES)
def test_bits_suit_the_picture_from_the_first_on(codec: RTCRtpCodecParameters) -> None:
    fit_bitrates()
    encoder: Any = get_encoder(codec)
    encoder.encode(picture(0, 640, 720))
    assert encoder.target_bitrate == first_bitrate(640, 720)
    encoder.encode(picture(3000, 640, 1456))  # the same above its matte
    assert encoder.target_bitrate == pytest.approx(first_bitrate(640, 1456), rel=0.01)


@pytest.mark.parametrize("codec", CODECS, ids=NAMES)
def test_what_a_peer_asks_for_counts_in_pictures_of_another_size_too(
    codec: RTCRtpCodecParameters,
) -> None:
    fit_bitrates()
    encoder: Any = get_encoder(codec)
    encoder.encode(picture(0, 640, 720))
    encoder.target_bitrate = first_bitrate(640, 720) // 2
    encoder.encode(picture(3000, 640, 720))
    assert encoder.target_bitrate == first_bitrate(640, 720) // 2
    encoder.encode(picture(6000, 640, 1456))
    assert encoder.target_bitrate == pytest.approx(first_bitrate(640, 1456) / 2, rel=0.01)


def test_first_bitrates_have_bounds() -> None:
    assert first_bitrate(160, 120) == LEAST_FIRST
    assert first_bitrate(1280, 1456) == pytest.approx(2 * first_bitrate(1280, 720), rel=0.02)
    assert first_bitrate(7680, 4320) == LARGEST

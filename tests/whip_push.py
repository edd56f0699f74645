"""FFmpeg's whip muxer at work: `python -m tests.whip_push URL CERTIFICATE KEY`, until it is ended.

In a process of its own, for the muxer holds the interpreter's lock while it waits for the answer.
"""

import sys
import time
from fractions import Fraction

import av
import numpy as np

from tests.calling import room

RATE = 30
SOUND_RATE, SOUND_SAMPLES = 48_000, 960


def push(url: str, certificate: str, key: str, seconds: float) -> None:
    """The marked room with a tone, in real time."""
    options = {"whip_flags": "dtls_active", "cert_file": certificate, "key_file": key}
    with av.open(url, "w", format="whip", options=options) as output:
        video = output.add_stream(
            "libx264", RATE, options={"profile": "baseline", "tune": "zerolatency", "g": "15"}
        )
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        sound = output.add_stream("libopus", SOUND_RATE)
        assert isinstance(sound, av.AudioStream)
        sound.layout = "stereo"
        began, samples = time.monotonic(), 0
        for index in range(round(seconds * RATE)):
            time.sleep(max(0.0, began + index / RATE - time.monotonic()))
            output.mux(video.encode(picture(index)))
            while samples < (index + 1) * SOUND_RATE / RATE:
                output.mux(sound.encode(silence(samples)))
                samples += SOUND_SAMPLES


def picture(index: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(room(), "rgb24").reformat(format="yuv420p")
    frame.pts, frame.time_base = index, Fraction(1, RATE)
    return frame


def silence(start: int) -> av.AudioFrame:
    empty = np.zeros((1, 2 * SOUND_SAMPLES), np.int16)
    frame = av.AudioFrame.from_ndarray(empty, "s16", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
    return frame


if __name__ == "__main__":
    push(sys.argv[1], sys.argv[2], sys.argv[3], seconds=30)

"""A clip to try things on: a public-domain portrait, filmed as if by hand, with sound."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import skimage.data

WIDTH, HEIGHT, RATE, SECONDS = 1280, 720, 25, 4
SOUND_RATE = 48_000
SOUND_BLOCK = 1024
CHORD_HZ = (220.0, 277.2, 329.6)


def make_clip(path: Path) -> Path:
    """Write 4 s of H.264 and AAC, 1280×720, from NASA's portrait of Eileen Collins."""
    portrait = skimage.data.astronaut()
    with av.open(path, "w") as output:
        video = output.add_stream("libx264", rate=RATE, options={"crf": "18"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = output.add_stream("aac", rate=SOUND_RATE, layout="mono")
        for index in range(RATE * SECONDS):
            picture = av.VideoFrame.from_ndarray(film(portrait, index / RATE), format="rgb24")
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
        for block in blocks(chord()):
            output.mux(sound.encode(block))
        output.mux(sound.encode(None))
    return path


def film(portrait: np.ndarray, seconds: float) -> np.ndarray:
    """What a hand that is not quite still sees at a moment: uint8 (720, 1280, 3)."""
    turn = 2 * np.pi * seconds
    zoom = WIDTH / portrait.shape[1] * (1.1 + 0.04 * np.sin(0.25 * turn))
    sway = 9 * np.sin(0.4 * turn) + 3 * np.sin(1.3 * turn + 1)
    nod = 6 * np.sin(0.3 * turn + 2) + 2 * np.sin(1.7 * turn)
    view = cv2.getRotationMatrix2D((256 + sway, 150 + nod), 0.8 * np.sin(0.5 * turn), zoom)
    view[:, 2] += WIDTH / 2 - (256 + sway), HEIGHT / 2 - (150 + nod)
    return cv2.warpAffine(
        portrait, view, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


def chord() -> np.ndarray:
    """A soft chord that swells and fades: float32 (1, samples)."""
    seconds = np.arange(SOUND_RATE * SECONDS) / SOUND_RATE
    tones = sum(np.sin(2 * np.pi * hertz * seconds) for hertz in CHORD_HZ)
    return (0.1 * tones * np.sin(np.pi * seconds / SECONDS)).astype(np.float32)[None]


def blocks(samples: np.ndarray) -> list[av.AudioFrame]:
    """Samples as the encoder takes them, with time stamps."""
    frames = []
    for first in range(0, samples.shape[1], SOUND_BLOCK):
        block = np.ascontiguousarray(samples[:, first : first + SOUND_BLOCK])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SOUND_RATE, first
        frame.time_base = Fraction(1, SOUND_RATE)
        frames.append(frame)
    return frames

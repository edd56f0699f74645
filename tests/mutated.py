"""Small sound files of many kinds, and what seeded chance does to their bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import av

from tests.clips import Sound, make_clip

HEADER = 1024
"""Bytes in which most files say what they are."""
LIES = [0, 1, 0x7F, 0x80, 0xFF]
WIDTHS = [1, 2, 4, 8]
"""Bytes of a number in a header."""


@dataclass(frozen=True)
class Kind:
    """A file of `make_clip`."""

    suffix: str
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    sound: str | None = "aac"


KINDS = [
    Kind(".mp4"),
    Kind(".mp4", "libx265", "yuv420p10le"),
    Kind(".mp4", "libsvtav1", sound=None),
    Kind(".mov", "prores_ks", "yuva444p10le", "pcm_s16le"),
    Kind(".mov", "qtrle", "argb", None),
    Kind(".mkv", "ffv1", "yuv420p", "flac"),
    Kind(".mkv"),
    Kind(".webm", "libvpx-vp9", "yuva420p", "libopus"),
    Kind(".webm", "libvpx", "yuv420p", "libvorbis"),
    Kind(".avi", "mpeg4", "yuv420p", "mp3"),
    Kind(".avi", "utvideo", "gbrap", "pcm_s16le"),
    Kind(".ts", "mpeg2video", "yuv420p", "mp2"),
    Kind(".ts"),
    Kind(".flv", "flv1", "yuv420p", None),
    Kind(".gif", "gif", "rgb8", None),
    Kind(".apng", "apng", "rgba", None),
    Kind(".wmv", "wmv2", "yuv420p", None),
    Kind(".nut", "mjpeg", "yuvj420p", "pcm_s16le"),
]


def make_sound_files(folder: Path) -> list[Path]:
    """One of each kind: a second of a tone and less of a picture."""
    paths = []
    for number, kind in enumerate(KINDS):
        paths.append(
            make_clip(
                folder / f"{number:02}{kind.suffix}",
                frames=12,
                codec=kind.codec,
                pix_fmt=kind.pix_fmt,
                sound=Sound(kind.sound, layout="stereo")
                if kind.sound in av.codecs_available
                else None,
                options={"g": "6"} if kind.codec == "libx264" else {},
            )
        )
    return paths


def flipped(data: bytearray, random: Random) -> None:
    """Single bytes, a few or a few hundred, anywhere."""
    for _ in range(random.choice([1, 3, 10, 100, 500])):
        data[random.randrange(len(data))] = random.randrange(256)


def cut(data: bytearray, random: Random) -> None:
    """The end, the beginning or a piece of the middle is gone."""
    start, end = sorted(random.sample(range(len(data) + 1), 2))
    del data[random.choice([slice(end, None), slice(0, start), slice(start, end)])]


def lied(data: bytearray, random: Random) -> None:
    """Numbers near the beginning or the end, where indexes lie, are others."""
    for _ in range(random.choice([1, 2, 5])):
        width = random.choice(WIDTHS)
        reach = min(HEADER, len(data)) - width
        place = random.randrange(reach)
        if random.random() < 0.4:
            place = len(data) - width - place
        data[place : place + width] = bytes([random.choice(LIES)] * width)


def zeroed(data: bytearray, random: Random) -> None:
    """A piece was never written."""
    start, end = sorted(random.sample(range(len(data) + 1), 2))
    data[start:end] = bytes(end - start)


def repeated(data: bytearray, random: Random) -> None:
    """A piece is there twice, or stands where another belongs."""
    start, end = sorted(random.sample(range(len(data) + 1), 2))
    place = random.randrange(len(data))
    data[place : place + random.choice([0, end - start])] = data[start:end]


WAYS: list[Callable[[bytearray, Random], None]] = [flipped, cut, lied, zeroed, repeated]


def mutate(sound: Path, target: Path, random: Random) -> str:
    """Write what became of a file, and say in a word what was done to it."""
    data = bytearray(sound.read_bytes())
    way = random.choice(WAYS)
    way(data, random)
    target.write_bytes(data)
    return way.__name__

"""A long run of SRT in and out: memory stays flat, sound stays with the picture."""

import asyncio
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.frame import RgbImage
from tests.clips import AUDIO_RATE, DISC, WALL
from tests.live import live, shows_disc
from tests.programs import ffmpeg_sends, free_port, needs_ffmpeg, running

SECONDS = float(os.environ.get("LIVEMATTE_SOAK_SECONDS", "600"))
RATE, PERIOD_S = 25, 2
MOST_GROWTH = 30 << 20
"""Bytes, from a third of the run to its end."""
MOST_APART_S = 0.04


def make_metronome(path: Path) -> Path:
    """A second of the empty wall and silence, a second of red and a tone, and so on."""
    with av.open(path, "w") as output:
        options = {"g": "25", "tune": "zerolatency"}
        video = output.add_stream("libx264", rate=RATE, options=options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = output.add_stream("aac", rate=AUDIO_RATE)
        assert isinstance(audio, av.AudioStream)
        audio.layout = "mono"
        for index in range(5 * PERIOD_S * RATE):
            output.mux(video.encode(picture(index)))
            output.mux(audio.encode(sound(index)))
        output.mux(video.encode(None))
        output.mux(audio.encode(None))
    return path


def is_on(index: int) -> bool:
    return index // RATE % PERIOD_S == 1


def picture(index: int) -> av.VideoFrame:
    rgb: RgbImage = np.full((48, 64, 3), DISC if is_on(index) else WALL, np.uint8)
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p")
    frame.pts, frame.time_base = index, Fraction(1, RATE)
    return frame


def sound(index: int) -> av.AudioFrame:
    each = AUDIO_RATE // RATE
    moments = np.arange(index * each, (index + 1) * each) / AUDIO_RATE
    wave = 8000 * np.sin(2 * np.pi * 440 * moments) * is_on(index)
    frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], "s16", "mono")
    frame.sample_rate, frame.pts = AUDIO_RATE, index * each
    frame.time_base = Fraction(1, AUDIO_RATE)
    return frame


def resident() -> int:
    """Bytes of memory in use by this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def onsets(path: Path) -> tuple[list[float], list[float]]:
    """When red begins to be seen, and the tone to be heard, in seconds."""
    return _rising(_reds(path)), _rising(_tones(path))


def _reds(path: Path) -> Iterator[tuple[float, bool]]:
    with av.open(path) as container:
        for frame in container.decode(video=0):
            yield frame.time or 0.0, shows_disc(frame.to_ndarray(format="rgb24").astype(np.uint8))


def _tones(path: Path) -> Iterator[tuple[float, bool]]:
    """By the millisecond."""
    with av.open(path) as container:
        for frame in container.decode(audio=0):
            wave = np.abs(frame.to_ndarray()[0])
            step = frame.sample_rate // 1000
            for at in range(0, len(wave) - step, step):
                loud = bool(wave[at : at + step].max() > 0.05)
                yield (frame.time or 0.0) + at / frame.sample_rate, loud


def _rising(states: Iterator[tuple[float, bool]]) -> list[float]:
    """Where it begins after half a second without."""
    found, last = [], -1.0
    for moment, on in states:
        if on and moment - last > 0.5 and last >= 0:
            found.append(moment)
        if on or last < 0:
            last = moment
    return found


@pytest.mark.slow
@pytest.mark.timeout(SECONDS * 2 + 120)
@needs_ffmpeg
async def test_srt_in_and_out_for_long(tmp_path: Path) -> None:
    loop, written = make_metronome(tmp_path / "loop.mp4"), tmp_path / "out.ts"
    source, sink = (f"srt://127.0.0.1:{free_port()}" for _ in range(2))
    sender = ffmpeg_sends(loop, "-f", "mpegts", f"{source}?mode=listener")
    receiver = ("ffmpeg", "-v", "error", "-i", f"{sink}?mode=listener", "-c", "copy", str(written))
    with running(*receiver), running(*sender):
        async with live(source, sink):
            await asyncio.sleep(SECONDS / 3)
            settled = resident()
            await asyncio.sleep(SECONDS * 2 / 3)
            assert resident() - settled < MOST_GROWTH
    seen, heard = await asyncio.to_thread(onsets, written)
    apart = [min((tone - red for tone in heard), key=abs) for red in seen]
    assert len(seen) > SECONDS / PERIOD_S / 2
    assert abs(float(np.median(apart))) <= MOST_APART_S, apart


def test_the_metronome_itself_is_in_time(tmp_path: Path) -> None:
    seen, heard = onsets(make_metronome(tmp_path / "loop.mp4"))
    assert len(seen) == len(heard) == 5
    assert max(abs(red - tone) for red, tone in zip(seen, heard, strict=True)) < MOST_APART_S

"""Sound is held back for as long as the picture takes, and no longer."""

import asyncio

from stream.server.audio_delay import AudioDelay
from tests.calling import Microphone


async def _released(delay: float) -> float:
    """Seconds from a sound's arrival to its release."""
    source, clock = Microphone(), asyncio.get_running_loop().time
    audio = AudioDelay(lambda: delay)
    track = audio.track()
    began = clock()
    running = asyncio.ensure_future(audio.run(source))
    await track.recv()
    took = clock() - began
    source.stop()
    await asyncio.wait_for(running, 10)
    assert track.readyState == "live"
    return took


async def test_sound_waits_for_the_picture() -> None:
    assert await _released(0.3) >= 0.3


async def test_sound_keeps_its_time_stamps_and_ends_with_its_source() -> None:
    source, audio = Microphone(), AudioDelay(lambda: 0.0)
    first, second = audio.track(), audio.track()
    running = asyncio.ensure_future(audio.run(source))
    for track in (first, second):
        stamps = [(await track.recv()).pts for _ in range(4)]
        assert stamps == [0, 960, 1920, 2880]
    source.stop()
    await asyncio.wait_for(running, 10)

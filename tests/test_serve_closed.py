"""Whatever breaks, what a call shows never holds anything of the room.

The room holds a marker; not one picture may show it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest

from pipeline.colour import Planes
from pipeline.composite import Transparent
from pipeline.frame import Frame, RgbImage
from pipeline.matte import EdgeMatte
from stream.server.call import FAILURE, Call
from stream.server.matte_track import SHORTEST_STEP, MatteTrack
from tests.calling import Camera, Half, open_call, pictures, room, shows_marker, shows_person, until

GREEN = "#00b140"


@asynccontextmanager
async def running(call: Call, camera: Camera) -> AsyncIterator[MatteTrack]:
    """The call at work, and a viewer of it."""
    track = call.fan.track()
    task = asyncio.ensure_future(call.run(camera))
    try:
        yield track
    finally:
        camera.stop()
        await asyncio.wait_for(task, 20)


def is_bare(rgb: RgbImage) -> bool:
    """Whether nobody is seen, and no marker."""
    return not shows_person(rgb) and not shows_marker(rgb)


def assert_closed(seen: list[RgbImage]) -> None:
    assert seen
    assert not any(shows_marker(rgb) for rgb in seen)


def test_the_marker_is_seen_where_it_is() -> None:
    assert shows_marker(room())
    assert shows_person(room())


async def test_a_call_shows_the_person_before_the_background() -> None:
    call = await open_call(Half())
    async with running(call, Camera(count=30)) as track:
        seen = await pictures(track)
    assert_closed(seen)
    assert shows_person(seen[-1])
    assert np.abs(seen[-1][60, 140].astype(int) - (0, 0, 255)).max() < 12


async def test_before_the_first_result_the_background_is_shown_alone() -> None:
    network = Half()
    network.may_go.clear()
    call = await open_call(network)
    async with running(call, Camera()) as track:
        first = await until(track, lambda rgb: True)
        assert is_bare(first[0])
        assert np.abs(first[0].astype(int) - (0, 0, 255)).max() < 12
        network.may_go.set()
        assert_closed(await until(track, shows_person))


async def test_a_slow_network_shows_the_last_composite_and_never_the_room() -> None:
    network = Half()
    call = await open_call(network)
    camera = Camera(rate=120)
    async with running(call, camera) as track:
        assert_closed(await until(track, shows_person))
        network.may_go.clear()
        await camera.goes_on(60)
        network.may_go.set()
        seen = [rgb for _ in range(10) for rgb in await until(track, lambda rgb: True)]
    assert_closed(seen)
    assert call.statistics.dropped > 40


@pytest.mark.parametrize("at", [1, 2, 9])
async def test_a_network_that_fails_once_is_tried_again(
    at: int, caplog: pytest.LogCaptureFixture
) -> None:
    network = Half()
    network.fails = lambda call: call == at
    call = await open_call(network)
    async with running(call, Camera()) as track:
        seen = await until(track, lambda rgb: network.calls > at and shows_person(rgb))
    assert_closed(seen)
    assert f"no matte for frame {at}" in caplog.text


async def test_a_network_that_goes_on_failing_leaves_the_background_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    network = Half()
    call = await open_call(network)
    async with running(call, Camera()) as track:
        assert_closed(await until(track, shows_person))
        network.fails = lambda call: True
        seen = await until(track, is_bare)
        assert call.error == FAILURE
        network.fails = lambda call: False
        seen += await until(track, shows_person)
        assert call.error is None
    assert_closed(seen)


class Broken:
    """A background that cannot be had any more."""

    def __call__(self, frame: Frame, matte: EdgeMatte) -> Planes:
        raise OSError("the disk is gone")


async def test_a_background_that_fails_is_replaced_by_grey(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    call = await open_call(Half(), "picture:gone", **{"picture:gone": Broken()})
    async with running(call, Camera()) as track:
        first = await until(track, lambda rgb: True)
        assert np.ptp(first[0].astype(int), axis=-1).max() < 6
        await call.change({"background": GREEN})
        assert_closed(first + await until(track, shows_person))


async def test_what_was_begun_when_the_track_ends_is_still_matted() -> None:
    call = await open_call(Half())
    async with running(call, Camera(count=7)) as track:
        seen = await pictures(track)
    assert_closed(seen)
    assert track.readyState == "ended"


async def test_a_switch_of_background_shows_within_two_frames_and_drops_none() -> None:
    call = await open_call(Half())
    async with running(call, Camera(rate=20)) as track:
        assert_closed(await until(track, shows_person))
        before = call.statistics.frames_out
        await call.change({"background": GREEN})
        seen = await until(track, lambda rgb: rgb[60, 140, 1] > 120)
        assert len(seen) <= 3
        assert_closed(seen)
        seen = await until(track, lambda rgb: call.statistics.frames_out > before + 10)
    assert_closed(seen)
    assert call.statistics.dropped <= 2


def _has_shape(wanted: tuple[int, int, int]) -> Callable[[RgbImage], bool]:
    return lambda rgb: rgb.shape == wanted


async def test_a_change_of_size_in_mid_call_is_followed() -> None:
    call, camera = await open_call(Half()), Camera()
    async with running(call, camera) as track:
        for size in [(160, 120), (320, 240), (80, 60), (162, 122), (321, 241)]:
            camera.size = size
            wanted = (size[1] // 2 * 2, size[0] // 2 * 2, 3)
            seen = await until(track, _has_shape(wanted))
            seen += [rgb for _ in range(8) for rgb in await until(track, lambda rgb: True)]
            assert_closed(seen)
            assert shows_person(seen[-1])
    assert call.error is None


async def test_the_matte_can_be_shown_instead() -> None:
    call = await open_call(Half())
    async with running(call, Camera()) as track:
        await call.change({"show": "matte"})
        seen = await until(track, lambda rgb: rgb[60, 20].min() > 245)
        assert seen[-1][60, 140].max() < 10
        assert_closed(seen)


async def test_transparent_is_stacked_and_holds_nothing_of_the_room() -> None:
    call = await open_call(Half(), transparent=Transparent())
    async with running(call, Camera()) as track:
        await call.change({"background": "transparent"})
        seen = await until(track, lambda rgb: len(rgb) == 256 and shows_person(rgb[:120]))
        await call.change({"background": "#0000ff"})
        seen += await until(track, lambda rgb: len(rgb) == 120)
    assert_closed(seen)
    stacked = next(rgb for rgb in reversed(seen) if len(rgb) == 256)
    colour, alpha = stacked[:120], stacked[136:]
    assert alpha[60, 20].min() > 245
    assert alpha[60, 140].max() < 10
    assert colour[60, 140].max() < 10
    assert (stacked[120:128] == stacked[119]).all()
    assert (stacked[128:136] == stacked[136]).all()


async def test_time_stamps_are_the_camera_s_in_the_90_khz_clock() -> None:
    call = await open_call(Half())
    async with running(call, Camera(rate=30)) as track:
        await until(track, shows_person)
        stamps = [(await track.recv()).pts or 0 for _ in range(6)]
    assert all(stamp % 3000 in (0, SHORTEST_STEP) for stamp in stamps)
    assert stamps == sorted(set(stamps))

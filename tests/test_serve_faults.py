"""Faults injected while a peer watches over the wire: the room's marker never reaches it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from pipeline.errors import OptionError
from pipeline.frame import RgbImage
from stream.background import VideoBackground
from tests.calling import Camera, Half, pictures, shows_marker, shows_person, until
from tests.clips import make_clip
from tests.serving import Caller, call_page, served


@dataclass
class Scene:
    """A call that works, and what a fault can be done to."""

    client: aiohttp.ClientSession
    session: str
    network: Half
    camera: Camera
    caller: Caller

    async def sees(self, wanted: Callable[[RgbImage], bool]) -> list[RgbImage]:
        return await until(self.caller.received(), wanted)

    async def set(self, **options: object) -> None:
        async with self.client.patch(self.session, json=options) as response:
            assert response.status == 200, await response.text()


Fault = Callable[[Scene], Awaitable[list[RgbImage]]]


async def the_network_fails(scene: Scene) -> list[RgbImage]:
    scene.network.fails = lambda call: True
    seen = await scene.sees(lambda rgb: not shows_person(rgb))
    scene.network.fails = lambda call: False
    return seen + await scene.sees(shows_person)


async def the_network_is_slow(scene: Scene) -> list[RgbImage]:
    scene.network.may_go.clear()
    await scene.camera.goes_on(40)
    scene.network.may_go.set()
    before = scene.camera.sent
    return await scene.sees(lambda rgb: scene.camera.sent > before + 10)


async def the_background_is_switched(scene: Scene) -> list[RgbImage]:
    seen = []
    for colour in ("#00ff00", "#0000ff", "#00ff00"):
        await scene.set(background=colour)
        green = colour == "#00ff00"
        seen += await scene.sees(lambda rgb, green=green: (rgb[60, 140, 1] > 160) == green)  # type: ignore[misc]
    return seen


async def transparent_comes_and_goes(scene: Scene) -> list[RgbImage]:
    await scene.set(background="transparent")
    seen = await scene.sees(lambda rgb: len(rgb) == 256)
    await scene.set(background="#0000ff")
    return seen + await scene.sees(lambda rgb: len(rgb) == 120)


async def the_room_changes_its_size(scene: Scene) -> list[RgbImage]:
    scene.camera.size = (320, 240)
    return await scene.sees(lambda rgb: len(rgb) == 240 and shows_person(rgb))


async def the_network_fails_while_all_changes(scene: Scene) -> list[RgbImage]:
    scene.network.fails = lambda call: call % 3 == 0
    await scene.set(background="transparent", smooth=False, refine="off")
    scene.camera.size = (240, 180)
    await scene.camera.goes_on(20)
    await scene.set(background="#0000ff", show="matte")
    await scene.camera.goes_on(20)
    await scene.set(show="composite")
    scene.network.fails = lambda call: False
    return await scene.sees(lambda rgb: len(rgb) == 180 and shows_person(rgb))


async def the_track_ends(scene: Scene) -> list[RgbImage]:
    await scene.caller.connection.getSenders()[0].stop()
    async with asyncio.timeout(20):
        return await pictures(scene.caller.received())


@pytest.mark.parametrize(
    "fault",
    [
        the_network_fails,
        the_network_is_slow,
        the_background_is_switched,
        transparent_comes_and_goes,
        the_room_changes_its_size,
        the_network_fails_while_all_changes,
        the_track_ends,
    ],
)
async def test_the_marker_never_reaches_a_peer_when(fault: Fault) -> None:
    network, camera = Half(), Camera()
    async with served(network) as client, Caller(camera) as caller:
        session = (await call_page(client, caller))["session"]
        scene = Scene(client, session, network, camera, caller)
        seen = await scene.sees(shows_person)
        seen += await fault(scene)
    assert not any(map(shows_marker, seen))


async def test_a_video_background_that_breaks_leaves_grey(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_clip(tmp_path / "waves.mp4")
    async with served(backgrounds=tmp_path) as client, Caller(Camera()) as caller:
        listed = (await (await client.get("/settings")).json())["backgrounds"]
        waves = next(one["value"] for one in listed if one["title"] == "waves")
        session = (await call_page(client, caller, background=waves))["session"]
        seen = await until(caller.received(), shows_person)

        def broken(self: VideoBackground, *_: object) -> None:
            raise OptionError("the disk is gone")

        monkeypatch.setattr(VideoBackground, "__call__", broken)
        seen += await until(caller.received(), lambda rgb: not shows_person(rgb))
        await client.patch(session, json={"background": "#0000ff"})
        seen += await until(caller.received(), shows_person)
    assert not any(map(shows_marker, seen))

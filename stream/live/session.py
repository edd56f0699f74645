"""A live session: any source, any sink, and the background alone while one of them is broken."""

import asyncio

from pipeline.composite import Background, Transparent
from pipeline.errors import OptionError
from pipeline.matted import Matted
from pipeline.matting import Matting
from stream.live.address import SinkAddress, SourceAddress
from stream.live.camera import CameraOutlet, check_camera
from stream.live.clock import LiveClock
from stream.live.muxed import MuxedOutlet
from stream.live.outlet import OpenOutlet, Outlet, in_thread
from stream.live.report import Report
from stream.live.sink import LiveSink
from stream.live.sound import SoundLine
from stream.live.source import LiveSource
from stream.live.whip import OPEN_ACCESS, WhipAccess, WhipOutlet
from stream.session import LIVE, OnFrame, first_error, run_session


def check_sink(sink: SinkAddress, background: Background) -> None:
    """OptionError or SinkError for what can never work."""
    if isinstance(background, Transparent) and not sink.holds_alpha:
        raise OptionError(
            f"--background transparent: {sink.name} holds no alpha: take green, or nut+tcp://"
        )
    if sink.kind == "camera":
        check_camera(sink)


async def run_live(
    source: SourceAddress,
    matting: Matting,
    sink: SinkAddress,
    *,
    report: Report,
    access: WhipAccess = OPEN_ACCESS,
    on_frame: OnFrame | None = None,
) -> None:
    """Until it is cancelled, or the matting fails: then the sink is closed."""
    clock, line = LiveClock(paced=source.paced), SoundLine()
    reader = LiveSource(source, clock, line, report)
    open_outlet = _outlets(sink, reader, access)
    writer = LiveSink(sink.name, open_outlet, matting.background, clock, line, report)
    try:
        async with asyncio.TaskGroup() as tasks:
            curtains = tasks.create_task(writer.draw_curtains())
            await run_session(reader, matting, writer, pace=LIVE, on_frame=on_frame)
            curtains.cancel()
    except BaseExceptionGroup as group:
        raise first_error(group) from None


def _outlets(sink: SinkAddress, source: LiveSource, access: WhipAccess) -> OpenOutlet:
    """The source is known by the time at which the first is opened."""

    async def whip(first: Matted) -> Outlet:
        return await WhipOutlet.open(sink, access, has_sound=source.has_sound)

    def camera(first: Matted) -> CameraOutlet:
        return CameraOutlet(sink, first, source.rate)

    def muxed(first: Matted) -> MuxedOutlet:
        return MuxedOutlet(sink, first, source.rate, has_sound=source.has_sound)

    if sink.kind == "whip":
        return whip
    return in_thread(camera if sink.kind == "camera" else muxed)

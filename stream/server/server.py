"""What a server has, and how a session on it is made and served."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from aiohttp import web

from pipeline.composite import Background
from pipeline.refine import EdgeRefiner
from pipeline.segment import Segmenter
from stream.hard_cases import HardCases
from stream.server.bitrate import fit_bitrates
from stream.server.call import Call
from stream.server.control import Control
from stream.server.gallery import Gallery
from stream.server.metrics import Metrics
from stream.server.networks import Networks
from stream.server.offer import OfferRules
from stream.server.options import CallOptions
from stream.server.peer import Peer
from stream.server.problems import Problem
from stream.server.sessions import Session, Sessions, until_first
from stream.server.settings import ServerSettings

REPORT_SECONDS = 1.0
UPLOADS_AT_ONCE = 4
"""Each holds its whole file in memory."""


class Server:
    """Everything that requests share. It is the wardrobe of its calls."""

    def __init__(self, settings: ServerSettings, networks: Networks) -> None:
        fit_bitrates()
        self.settings, self.networks = settings, networks
        self.metrics = Metrics()
        self.gallery = Gallery(settings.backgrounds)
        self.hard_cases = HardCases(settings.hard_cases) if settings.hard_cases else None
        self.uploads = asyncio.Semaphore(UPLOADS_AT_ONCE)
        self.sessions = Sessions(settings.max_sessions, settings.max_viewers, self.metrics)
        self.defaults = CallOptions(
            refine=settings.refine, budget_ms=settings.frame_budget_ms, model=settings.model
        )

    async def network(self, name: str) -> Segmenter:
        return await self.networks.get(name)

    def edges(self) -> EdgeRefiner | None:
        return self.networks.refiner()

    async def background(self, text: str) -> Background:
        return await self.gallery.open(text)

    async def open_call(self, wanted: Mapping[str, object]) -> Call:
        """Raises OptionError or ModelError."""
        return await Call.open(self.defaults.changed(wanted), self, self.settings.rate)

    @asynccontextmanager
    async def answering(self, sdp: str, rules: OfferRules) -> AsyncIterator[Peer]:
        """A peer that has taken the offer; it is closed if making a session of it fails."""
        peer = Peer(self.settings.ice_servers)
        try:
            await peer.offered(sdp, rules)
            yield peer
        except BaseException:
            await peer.aclose()
            raise

    async def change(self, session: Session, wanted: Mapping[str, object]) -> CallOptions:
        """Set a call's options; at a Problem, OptionError or ModelError nothing is changed."""
        old, new = session.call.options, session.call.options.changed(wanted)
        if new.stream != old.stream:
            await self.claim(new.stream, session)
        changed = await session.call.change(wanted)
        if new.stream != old.stream:
            await self._send_away(session)
        return changed

    async def claim(self, name: str | None, session: Session) -> None:
        """Let a session have a name, also from an older one of its browser; Problem 409."""
        holder = self.sessions.published(name) if name else None
        if holder is None or holder is session:
            return
        if holder.kind != "page" or not holder.browser or holder.browser != session.browser:
            raise Problem(409, f"{name!r} is being published already.")
        holder.call.options = replace(holder.call.options, stream=None)
        await self._send_away(holder)

    async def _send_away(self, session: Session) -> None:
        """Nobody watches a call any more under a name that it has no longer."""
        for viewer in self.sessions.viewers(session.call):
            await self.sessions.end(viewer)

    async def serve_call(self, session: Session) -> None:
        """Until the peer is gone or its video has ended."""
        call, peer = session.call, session.peer
        control = Control(call, partial(self.change, session))
        peer.on_control(control.attach)
        video = peer.track("video")
        assert video is not None, "the offer was checked"
        await until_first(
            call.run(video, peer.track("audio")),
            peer.ended(),
            control.run(),
            self._report(session, control),
        )

    async def serve_viewer(self, session: Session) -> None:
        """Until the viewer or the call is gone."""
        await until_first(session.peer.ended(), session.call.ended())

    async def _report(self, session: Session, control: Control) -> None:
        """Every second to the peer and to the metrics."""
        call, meter = session.call, self.metrics.meter()
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            meter.read(call)
            session.latest = call.statistics.report() | {"layout": call.layout, "error": call.error}
            control.send({"type": "stats", **session.latest})


SERVER = web.AppKey("server", Server)
"""Where a request finds it: `request.app[SERVER]`."""

"""One WebRTC connection, from its offer to its end."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiortc import (
    RTCConfiguration,
    RTCIceCandidate,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcdatachannel import RTCDataChannel
from aiortc.sdp import SessionDescription

from stream.server.decode_queue import bound_decoding
from stream.server.dtls import DtlsLog, transports_of
from stream.server.offer import OfferRules, check_offer
from stream.server.problems import Problem
from stream.server.settings import IceServer
from stream.worker import all_done

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 20.0
"""From the answer to a connection; then the peer is given up."""
ANSWER_SECONDS = 5.0


class Peer:
    """A connection that answers; `aclose` in every case."""

    def __init__(self, ice_servers: tuple[IceServer, ...] = ()) -> None:
        self._connection = RTCPeerConnection(configuration(ice_servers))
        self._connected, self._closed = asyncio.Event(), asyncio.Event()
        self._closing: asyncio.Future[None] | None = None
        self._dtls = DtlsLog()
        self._on_control: Callable[[RTCDataChannel], None] | None = None
        self._connection.on("connectionstatechange", self._note_state)
        self._connection.on("datachannel", self._note_channel)

    async def offered(self, sdp: str, rules: OfferRules) -> None:
        """Take an offer; Problem 400 or 422."""
        check_offer(sdp, rules)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        except Exception as error:  # aiortc raises anything at what it cannot do
            logger.info("an offer was refused: %r", error)
            raise Problem(422, "The offer has no codec or transport that is served.") from None
        for transceiver in self._connection.getTransceivers():
            bound_decoding(transceiver.receiver, transceiver.kind)

    def track(self, kind: str) -> MediaStreamTrack | None:
        """What the peer sends of a kind."""
        for transceiver in self._connection.getTransceivers():
            if transceiver.kind == kind:
                return transceiver.receiver.track
        return None

    @property
    def kinds(self) -> list[str]:
        """Of media in the offer."""
        return [transceiver.kind for transceiver in self._connection.getTransceivers()]

    @property
    def hears(self) -> bool:
        """Whether the peer wants sound back, as far as its offer says."""
        return any(
            transceiver.kind == "audio" and transceiver._offerDirection in ("sendonly", "sendrecv")
            for transceiver in self._connection.getTransceivers()
        )

    def send(self, track: MediaStreamTrack) -> None:
        self._connection.addTrack(track)

    def on_control(self, attach: Callable[[RTCDataChannel], None]) -> None:
        """Call this with each data channel named control."""
        self._on_control = attach

    def one_way(self) -> None:
        """Send where there is something to send, else receive, whatever else was offered."""
        sends = any(sender.track for sender in self._connection.getSenders())
        for transceiver in self._connection.getTransceivers():
            direction = "sendonly" if transceiver.sender.track else "inactive"
            transceiver.direction = direction if sends else "recvonly"

    async def answer(self) -> str:
        """SDP with all candidates."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._connection.setLocalDescription(await self._connection.createAnswer())
        except TimeoutError:
            raise Problem(422, "No answer could be made in time.") from None
        except Exception as error:
            logger.info("an offer could not be answered: %r", error)
            raise Problem(422, "The offer cannot be answered.") from None
        self._dtls.watch(self._connection)
        return self._connection.localDescription.sdp

    @property
    def remote_user(self) -> str:
        """The user fragment of the peer's ICE session."""
        media = SessionDescription.parse(self._connection.remoteDescription.sdp).media[0]
        return (media.ice.usernameFragment if media.ice else None) or ""

    async def add_candidate(self, candidate: RTCIceCandidate | None) -> None:
        """One more address of the peer's; None: there will be no more."""
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._connection.addIceCandidate(candidate)

    async def ended(self) -> None:
        """Until the connection is gone, or never came."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connected.wait()
        except TimeoutError:
            logger.warning("a peer did not connect in %g s: %s", CONNECT_SECONDS, self._dtls.reason)
            return
        await self._closed.wait()

    async def aclose(self) -> None:
        """Free everything. A caller that is cancelled waits: half closed, sockets would be left."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(close(self._connection))
        await all_done([self._closing])

    def _note_state(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._connected.set()
        if state in ("failed", "closed"):
            self._connected.set()
            self._closed.set()

    def _note_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == "control" and self._on_control:
            self._on_control(channel)
        else:
            channel.close()


def configuration(ice_servers: Sequence[IceServer]) -> RTCConfiguration:
    """These servers and no others: told of none, aiortc would ask one of its own choice."""
    return RTCConfiguration(
        [RTCIceServer(one.url, one.username, one.credential) for one in ice_servers]
    )


async def close(connection: RTCPeerConnection) -> None:
    """Close a connection, also while it connects.

    aioice 0.13 goes on to ask the peer for consent, for half a minute, when it is closed at the
    moment at which it connects.
    """
    for transport in transports_of(connection):
        transport.transport._connection.query_consent = _ask_nothing  # type: ignore[method-assign]
    await connection.close()


async def _ask_nothing() -> None:
    pass

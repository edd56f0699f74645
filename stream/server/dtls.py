"""Why a DTLS handshake failed, in OpenSSL's own words."""

import logging
from functools import partial
from typing import Any, cast

from aiortc import RTCPeerConnection
from aiortc.rtcdtlstransport import RTCDtlsTransport
from OpenSSL import SSL

logger = logging.getLogger(__name__)

_UNFINISHED = "the peer went away before it was finished"


class DtlsLog:
    """Listens to the handshakes of a connection, and logs why one fails.

    aiortc swallows the reason: OpenSSL gives it while aiortc reads a datagram, and what fails
    afterwards knows nothing of it.
    """

    def __init__(self) -> None:
        self.reason = "no handshake was begun"

    def watch(self, connection: RTCPeerConnection) -> None:
        """From before the handshake on."""
        for transport in transports_of(connection):
            transport.on("statechange", partial(self._note, transport))

    def _note(self, transport: RTCDtlsTransport) -> None:
        if transport.state == "connecting":
            self.reason = _UNFINISHED
            transport._ssl = cast(SSL.Connection, _Telling(transport._ssl, self))
        elif transport.state == "failed":
            level = logging.INFO if self.reason == _UNFINISHED else logging.WARNING
            logger.log(level, "a DTLS handshake failed: %s", self.reason)


def transports_of(connection: RTCPeerConnection) -> set[RTCDtlsTransport]:
    """One, or one for each track where the peer does not bundle them."""
    transports = {one.receiver.transport for one in connection.getTransceivers()}
    if connection.sctp is not None:
        transports.add(connection.sctp.transport)
    return transports


class _Telling:
    """An OpenSSL connection that remembers what its reading failed of."""

    def __init__(self, connection: Any, log: DtlsLog) -> None:
        self._connection, self._log = connection, log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def recv(self, size: int) -> bytes:
        try:
            return self._connection.recv(size)
        except (SSL.WantReadError, SSL.ZeroReturnError):
            raise
        except SSL.Error as error:
            self._log.reason = _words(error)
            raise

    def do_handshake(self) -> None:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            raise
        except SSL.Error as error:
            if _words(error):
                self._log.reason = _words(error)
            raise


def _words(error: SSL.Error) -> str:
    """OpenSSL's queue of reasons, or of nothing."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(str(entry[-1]) for entry in queue)

"""Candidates that arrive after the offer: RFC 9725, section 4.3."""

from dataclasses import dataclass, field

from aiohttp import web
from aiortc import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp

from stream.server.body import read_text
from stream.server.offer import MOST_CANDIDATES
from stream.server.problems import Problem
from stream.server.sessions import Session

SDP_FRAGMENT = "application/trickle-ice-sdpfrag"


@dataclass(slots=True)
class Fragment:
    """What an SDP fragment (RFC 8840) says."""

    user: str | None = None
    candidates: list[RTCIceCandidate] = field(default_factory=list)
    complete: bool = False


async def trickle(request: web.Request, session: Session) -> web.Response:
    """204; Problem 428 without an ETag, 412 with an old one, 422 at an ICE restart."""
    fragment = parse_fragment(await read_text(request, SDP_FRAGMENT))
    known = request.headers.get("If-Match")
    if known is None:
        raise Problem(428, "If-Match with the session's ETag is wanted.")
    if known.strip() == "*" or fragment.user not in (None, session.peer.remote_user):
        raise Problem(422, "An ICE restart is not served: make a new session.")
    if known.strip() != session.etag:
        raise Problem(412, "The ETag is not that of the session.")
    for candidate in fragment.candidates:
        await session.peer.add_candidate(candidate)
    if fragment.complete:
        await session.peer.add_candidate(None)
    return web.Response(status=204)


def parse_fragment(text: str) -> Fragment:
    """Problem 400 if it cannot be read, 422 if there is too much of it."""
    fragment, mid = Fragment(), None
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "a=ice-ufrag":
            fragment.user = value.strip()
        elif name == "a=mid":
            mid = value.strip()
        elif name == "a=candidate":
            fragment.candidates.append(_candidate(value, mid))
        elif line.strip() == "a=end-of-candidates":
            fragment.complete = True
        elif line.strip() and line[1:2] != "=":
            raise Problem(400, "This is not an SDP fragment.")
    if len(fragment.candidates) > MOST_CANDIDATES:
        raise Problem(422, f"More than {MOST_CANDIDATES} candidates.")
    return fragment


def _candidate(value: str, mid: str | None) -> RTCIceCandidate:
    try:
        candidate = candidate_from_sdp(value.strip())
    except (AssertionError, ValueError, IndexError):
        raise Problem(400, "A candidate cannot be read.") from None
    candidate.sdpMid, candidate.sdpMLineIndex = mid, None if mid is not None else 0
    return candidate

"""SDP offers (RFC 8829), looked at before anything is done with them."""

from collections import Counter
from dataclasses import dataclass

from aiortc.sdp import MediaDescription, SessionDescription

from stream.server.problems import Problem

MOST_CANDIDATES = 64
"""To each of which this server would send packets."""


@dataclass(frozen=True, slots=True)
class OfferRules:
    """What one kind of client may offer, and in which directions its audio and video may go."""

    directions: tuple[str, ...]
    kinds: tuple[str, ...] = ("video", "audio")
    audio: tuple[str, ...] = ()
    """Directions of audio alone, if others."""


PAGE = OfferRules(("sendrecv",), ("video", "audio", "application"), ("sendrecv", "sendonly"))
WHIP = OfferRules(("sendonly", "sendrecv"))
"""RFC 9725, section 4.2."""
WHEP = OfferRules(("recvonly", "sendrecv"))


def check_offer(sdp: str, rules: OfferRules) -> None:
    """Problem 400 if it is no SDP, 422 if it cannot be served whole."""
    offer = _parse(sdp)
    kinds = Counter(media.kind for media in offer.media)
    if not kinds["video"]:
        raise Problem(422, "The offer has no video.")
    for kind, count in kinds.items():
        if kind not in rules.kinds:
            raise Problem(422, f"The offer has {kind[:40]!r}, which is not served here.")
        if count > 1:
            raise Problem(422, f"The offer has {count} tracks of {kind}: one is served.")
    if sum(len(media.ice_candidates) for media in offer.media) > MOST_CANDIDATES:
        raise Problem(422, f"More than {MOST_CANDIDATES} candidates.")
    for media in offer.media:
        _check_media(media, rules)


def _parse(sdp: str) -> SessionDescription:
    try:
        if not sdp.startswith("v=0"):
            raise ValueError("no version")
        return SessionDescription.parse(sdp)
    except Exception:  # whatever a parser raises at hostile text
        raise Problem(400, "This is not an SDP offer.") from None


def _check_media(media: MediaDescription, rules: OfferRules) -> None:
    allowed = (media.kind == "audio" and rules.audio) or rules.directions
    if media.kind != "application" and (media.direction or "sendrecv") not in allowed:
        wanted = " or ".join(allowed)
        raise Problem(422, f"The offer's {media.kind} is {media.direction}, wanted is {wanted}.")
    if not media.port:
        raise Problem(422, f"The offer's {media.kind} is switched off (port 0).")
    if media.dtls is None or not media.dtls.fingerprints:
        raise Problem(422, "The offer has no DTLS fingerprint.")
    if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
        raise Problem(422, "The offer has no ICE credentials.")

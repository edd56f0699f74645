"""What waits to be decoded, bounded: aiortc's own queue lets a peer's pictures get ever later.

aiortc 1.16 puts every encoded frame into a queue without end before its decoder's thread. Decoded
at half the rate at which they come, they are a second later every two seconds.
"""

import queue
import re
from collections.abc import Callable
from typing import TypeAlias

from aiortc import RTCRtpReceiver
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

MOST_PICTURES, MOST_SOUNDS = 15, 50
"""Half a second of pictures at 30 a second, and a second of sound."""
ASK_AGAIN = 15
"""Pictures passed over, after which a key frame that has not come is asked for once more."""
_IDR = re.compile(rb"\x00\x00\x01[\x05\x25\x45\x65]")
"""Where a slice of an H.264 key frame begins (ITU-T H.264, table 7-1: type 5)."""

Waiting: TypeAlias = tuple[RTCRtpCodecParameters, JitterFrame] | None
"""An encoded frame; None tells the decoder to end."""


class DecodeQueue(queue.Queue[Waiting]):
    """Holds at most `most` frames, in order. What is too much goes, the oldest first.

    A picture can be decoded after the one before it, or if it is a key frame. So the queue goes on
    with the latest key frame that waits, or else lets all go until one comes, and asks for it.
    """

    def __init__(self, most: int, ask_for_key: Callable[[], None]) -> None:
        super().__init__()
        self._most, self._ask_for_key = most, ask_for_key
        self._passed: int | None = None
        """Pictures let go while a key frame is waited for."""

    def _put(self, item: Waiting) -> None:
        """Called by `put`, under its lock."""
        if item is None:
            self.queue.clear()  # whoever ends the decoder waits for it
        elif self._passed is not None and not is_key(item):
            self._passed += 1
            if self._passed % ASK_AGAIN == 0:
                self._ask_for_key()
            return
        self.queue.append(item)
        self._passed = None
        if len(self.queue) > self._most:
            self._skip()

    def _skip(self) -> None:
        keys = [index for index, item in enumerate(self.queue) if item and is_key(item)]
        if keys and keys[-1] > 0:
            for _ in range(keys[-1]):
                self.queue.popleft()
            return
        self.queue.clear()
        self._passed = 0
        self._ask_for_key()


def is_key(item: tuple[RTCRtpCodecParameters, JitterFrame]) -> bool:
    """Whether a frame can be decoded without those before it; all sound can."""
    codec, frame = item
    if codec.mimeType == "video/VP8":
        return bool(frame.data) and not frame.data[0] & 1  # RFC 6386, 9.1
    if codec.mimeType == "video/H264":
        return _IDR.search(frame.data) is not None
    return True


def bound_decoding(receiver: RTCRtpReceiver, kind: str) -> None:
    """Before the receiver starts. aiortc has no way to do so: these are its private names."""
    error = receiver._RTCRtpReceiver__decoder_error  # type: ignore[attr-defined]
    most = MOST_PICTURES if kind == "video" else MOST_SOUNDS
    # As after an error, the sender hears of a picture loss (RFC 4585, 6.3.1) with the next packet.
    waiting = DecodeQueue(most, error.set)
    receiver._RTCRtpReceiver__decoder_queue = waiting  # type: ignore[attr-defined]

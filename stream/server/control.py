"""The data channel `control`: options come in, statistics go out, as JSON texts."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiortc.rtcdatachannel import RTCDataChannel

from pipeline.errors import LivematteError
from stream.server.body import JSON_BYTES, parse_json
from stream.server.call import Call
from stream.server.options import CallOptions
from stream.server.problems import Problem

Change = Callable[[Mapping[str, object]], Awaitable[CallOptions]]
"""Sets options, or raises Problem, OptionError or ModelError."""

WAITING = 16
"""Messages that may wait to be obeyed; one more is refused."""
UNSENT_BYTES = 64 * 1024
"""Beyond which a slow peer gets no more statistics."""


class Control:
    """Obeys one peer's messages, in order. `attach` may be called for each channel it opens."""

    def __init__(self, call: Call, change: Change) -> None:
        self._call, self._change = call, change
        call.on_layout = self._tell_layout
        self._channel: RTCDataChannel | None = None
        self._messages: asyncio.Queue[str | bytes] = asyncio.Queue(WAITING)

    def attach(self, channel: RTCDataChannel) -> None:
        self._channel = channel
        channel.on("message", self._take)
        self.send({"type": "options", "options": self._call.options.as_dict()})
        self._tell_layout(self._call.layout)

    async def run(self) -> None:
        """Obey until cancelled."""
        while True:
            if answer := await self._obey(await self._messages.get()):
                self.send(answer)

    def send(self, message: dict[str, Any]) -> None:
        """If the channel is open and not choked."""
        channel = self._channel
        if channel and channel.readyState == "open" and channel.bufferedAmount < UNSENT_BYTES:
            channel.send(json.dumps(message))

    def _tell_layout(self, layout: dict[str, int | bool]) -> None:
        self.send({"type": "layout", "layout": layout})

    def _take(self, message: str | bytes) -> None:
        if self._messages.full():
            self.send({"type": "error", "id": None, "detail": "Too many messages at once."})
        else:
            self._messages.put_nowait(message)

    async def _obey(self, text: str | bytes) -> dict[str, Any] | None:
        """The answer; None to what is of an unknown type, which may come from a newer page."""
        number = None
        try:
            if len(text) > JSON_BYTES:
                raise Problem(413, f"At most {JSON_BYTES} characters are taken here.")
            message = parse_json(text)
            number = message.get("id") if isinstance(message.get("id"), int) else None
            wanted = message.get("options")
            if message.get("type") != "set":
                return None
            if not isinstance(wanted, dict):
                raise Problem(400, 'Wanted is {"type": "set", "id": …, "options": {…}}.')
            options = await self._change(wanted)
        except (Problem, LivematteError) as error:
            return {"type": "error", "id": number, "detail": str(error)}
        return {"type": "options", "id": number, "options": options.as_dict()}

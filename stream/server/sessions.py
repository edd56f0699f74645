"""The sessions of a server: their names, their number, their tasks."""

import asyncio
import logging
import secrets
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from stream.server.call import Call
from stream.server.metrics import Metrics
from stream.server.peer import Peer
from stream.server.problems import Full, Problem
from stream.worker import end_all

logger = logging.getLogger(__name__)

Kind = Literal["page", "whip", "whep"]


@dataclass(eq=False)
class Session:
    """One peer, and the call that it makes or watches. Its id is a secret between it and us."""

    kind: Kind
    peer: Peer
    call: Call
    name: str | None = None
    """Under which the call is published, or watched."""
    browser: str | None = None
    """The cookie of a page's browser."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    etag: str = field(default_factory=lambda: f'"{secrets.token_urlsafe(9)}"')
    """Of its ICE session, RFC 9725, section 4.3.1."""
    latest: dict[str, Any] = field(default_factory=dict)
    """The last statistics."""


class Sessions:
    """Owns the task of every session. Each kind has its own number of places."""

    def __init__(self, calls: int, viewers: int, metrics: Metrics) -> None:
        self._most: dict[Kind, int] = {"page": calls, "whip": calls, "whep": viewers}
        self._metrics = metrics
        self._open: dict[str, Session] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._reserved: list[Kind] = []

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def place(self, kind: Kind) -> Iterator[None]:
        """Hold a place while a session is being made; Problem 503 if all are taken."""
        most = self._most[kind]
        if self._taken(kind) >= most:
            self._metrics.refused.inc()
            raise Full(f"The server is full: it serves {most} at once. Try again in a moment.")
        self._reserved.append(kind)
        try:
            yield
        finally:
            self._reserved.remove(kind)

    async def start(self, session: Session, work: Coroutine[Any, Any, None]) -> None:
        """Begin a session's work; when that ends the session does."""
        self._open[session.id] = session
        self._metrics.sessions.labels(session.kind).inc()
        self._tasks[session.id] = asyncio.create_task(self._run(session, work))
        await asyncio.sleep(0)  # a task that is cancelled before it ran would free nothing

    def get(self, name: str) -> Session:
        """By its id; Problem 404."""
        if name not in self._open:
            raise Problem(404, "There is no such session, or it has ended.")
        return self._open[name]

    def published(self, name: str) -> Session | None:
        """The session that publishes a name."""
        for session in self._open.values():
            shared = {"whip": session.name, "page": session.call.options.stream, "whep": None}
            if shared[session.kind] == name:
                return session
        return None

    def viewers(self, call: Call) -> list[Session]:
        return [one for one in self._open.values() if one.kind == "whep" and one.call is call]

    async def end(self, session: Session) -> None:
        """Everything that it held is free when this returns."""
        if task := self._tasks.get(session.id):
            await end_all([task])

    async def aclose(self) -> None:
        await end_all(list(self._tasks.values()))

    def _taken(self, kind: Kind) -> int:
        """Places of calls are shared by both kinds that make them."""
        kinds = ("whep",) if kind == "whep" else ("page", "whip")
        held = [session.kind for session in self._open.values()] + self._reserved
        return sum(one in kinds for one in held)

    async def _run(self, session: Session, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            logger.exception("a session ended with an error")
        finally:
            try:
                await session.peer.aclose()
            finally:
                self._metrics.sessions.labels(session.kind).dec()
                del self._open[session.id], self._tasks[session.id]


async def until_first(*work: Coroutine[Any, Any, None]) -> None:
    """Run all until one of them returns; then the others are cancelled."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(part) for part in work]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

"""The two ends of a session."""

from collections.abc import AsyncIterator
from typing import Protocol

from pipeline.frame import Frame
from pipeline.matted import Matted


class Source(Protocol):
    """Gives frames in the order of their pts; the iteration ends where the source does."""

    @property
    def busy_seconds(self) -> float:
        """Time spent decoding so far."""

    def __aiter__(self) -> AsyncIterator[Frame]: ...

    async def aclose(self) -> None:
        """Free everything, at any time, once or more."""


class Sink(Protocol):
    """Takes what became of each frame, in order.

    Nothing is where the user asked for it until `finish` has returned. `aclose` frees everything,
    at any time, once or more; without `finish` before it, the work is thrown away.
    """

    @property
    def busy_seconds(self) -> float:
        """Time spent encoding so far."""

    async def write(self, matted: Matted) -> None: ...

    async def finish(self, *, complete: bool = True) -> None:
        """Put the result in place; if it is not complete, beside its place and named so."""

    async def aclose(self) -> None: ...

"""A result that is still known when its picture is sent again as a hard case."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol


class Judged(Protocol):
    """What became of a picture."""

    @property
    def matte(self) -> bytes:
        """A grey PNG; empty where there is none."""

    @property
    def doubts(self) -> Sequence[str]: ...


FindResult = Callable[[str], Awaitable[Judged | None]]
"""By its id; None if there is none of it, or no more."""


async def no_result(result_id: str) -> None:
    """Of a server that keeps no results."""

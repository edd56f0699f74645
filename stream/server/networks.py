"""The networks that all calls share."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.edges import Patches
from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte, Frame
from pipeline.patch_network import ColourDifference, Correction, PatchNetwork
from pipeline.refine import GanRefiner
from pipeline.segment import Segmenter
from pipeline.subject import WHOLE, Look

Use = Literal["call", "picture", "published"]
"""What a model is loaded for: the frames of calls, in several sizes; single pictures, in its own;
or pictures as its authors run it."""
PATCHES_A_TURN = 8
"""A picture has hundreds; so many take about as long as a frame's network."""


class Turns:
    """Lets one in at a time, in the order in which they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._drawn = self._served = 0

    @property
    def waiting(self) -> int:
        """Those who wait, and not the one who is in."""
        return max(0, self._drawn - self._served - 1)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, and take it."""
        with self._changed:
            number, self._drawn = self._drawn, self._drawn + 1
            self._changed.wait_for(lambda: self._served == number)
        try:
            yield
        finally:
            with self._changed:
                self._served += 1
                self._changed.notify_all()


class InTurn:
    """A network that serves many calls, one frame at a time on all processors.

    A call asks for one frame at a time, so that serving in order of asking goes round among them.
    What a call waits counts as its network's time: the more calls, the further each one's quality
    steps down, and their frames do not get older.
    """

    def __init__(self, segmenter: Segmenter, turns: Turns) -> None:
        self._segmenter, self._turns = segmenter, turns

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        with self._turns.turn():
            return self._segmenter(frame, look)


class PatchesInTurn:
    """What refines the edges of pictures, a few patches at a time, so that calls get in between."""

    def __init__(self, patches: PatchNetwork, turns: Turns) -> None:
        self.runtime, self.device = patches.runtime, patches.device
        self.precision = patches.precision
        self._patches, self._turns = patches, turns

    def __call__(self, patches: Patches) -> tuple[Correction, ColourDifference]:
        found = []
        for start in range(0, len(patches), PATCHES_A_TURN):
            with self._turns.turn():
                found.append(self._patches(patches[start : start + PATCHES_A_TURN]))
        corrections, colours = zip(*found, strict=True)
        return np.concatenate(corrections), np.concatenate(colours)


@dataclass(frozen=True, slots=True)
class Stills:
    """The same models for pictures and clips, by name."""

    load: Callable[[str, Use], Segmenter]
    digest: Callable[[str], str]
    """What identifies its file."""
    arguments: Callable[[str], list[str]]
    """By which `livematte file` runs it as this server does."""


class Networks:
    """The models that may be chosen, each loaded when it is first asked for.

    `loaders` by name; they run in a thread and raise ModelError.
    """

    def __init__(
        self,
        loaders: Mapping[str, Callable[[], Segmenter]],
        patches: PatchNetwork | None = None,
        stills: Stills | None = None,
    ) -> None:
        """`patches` refines the edges of all, if they are to be.

        Without `stills` pictures are matted as the frames of calls are.
        """
        self._patches, self._stills = patches, stills
        self._loaders = dict(loaders)
        self._loaded: dict[tuple[str, Use], Segmenter] = {}
        self._turns, self._loading = Turns(), asyncio.Lock()

    @property
    def names(self) -> list[str]:
        return list(self._loaders)

    @property
    def refines(self) -> bool:
        """Whether there is what refines edges."""
        return self._patches is not None

    def refiner(self) -> GanRefiner | None:
        """A new one, for it remembers what it saw; None where edges are not refined."""
        return GanRefiner(self._patches) if self._patches else None

    def picture_refiner(self) -> GanRefiner | None:
        """The same for a picture, which waits its turn among the calls."""
        return GanRefiner(PatchesInTurn(self._patches, self._turns)) if self._patches else None

    def digest(self, name: str) -> str:
        """What identifies a model's file; the same on every server. It reads the file."""
        return self._stills.digest(name) if self._stills else ""

    def arguments(self, name: str) -> list[str]:
        """By which `livematte file`, a process of its own, runs a model."""
        return self._stills.arguments(name) if self._stills else ["--model", name]

    async def get(self, name: str, use: Use = "call") -> Segmenter:
        if name not in self._loaders:
            raise OptionError(f"model {name!r}: one of {', '.join(self._loaders)}")
        if (name, use) in self._loaded:
            return self._loaded[name, use]
        async with self._loading:
            if (name, use) not in self._loaded:
                segmenter = await asyncio.to_thread(self._load, name, use)
                self._loaded[name, use] = InTurn(segmenter, self._turns)
        return self._loaded[name, use]

    def _load(self, name: str, use: Use) -> Segmenter:
        if use == "call" or self._stills is None:
            return self._loaders[name]()
        return self._stills.load(name, use)

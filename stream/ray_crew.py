"""Parts of long works, made on the machines of a Ray cluster."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

import av
import ray
from ray.exceptions import RayActorError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from pipeline.errors import LivematteError, ModelError, SinkError
from stream.loaded_networks import LoadedNetworks, NetworkChoice
from stream.part import Made, Order, make_part
from stream.plan import Part
from stream.ray_cluster import Place, places_of
from stream.silence import silence

LOOK_EVERY_S = 0.5
"""How far a part is."""
ATTEMPTS = 3
"""A part that so many workers were lost on is what kills them."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker says of itself once its networks are loaded."""

    versions: dict[str, str]
    network: dict[str, str | int | None]


def versions() -> dict[str, str]:
    """What has to be the same on all machines for parts to fit together."""
    return {"livematte": metadata.version("livematte"), "av": av.__version__}


class PartMaker:
    """A worker, in a process of its own on some machine; the networks are loaded once."""

    def __init__(self) -> None:
        silence()
        self._networks: LoadedNetworks | None = None
        self._frames = 0

    async def load(self, choice: NetworkChoice) -> Ready:
        self._networks = choice.load()
        return Ready(versions(), self._networks.runs_on)

    async def make(self, order: Order, part: Part, attempt: str) -> Made:
        assert self._networks is not None
        self._frames = 0

        def on_frame(*_: object) -> None:
            self._frames += 1

        return await make_part(order, part, self._networks, attempt, on_frame)

    async def frames(self) -> int:
        """How many of the part that is being made have been through, warm-up and all."""
        return self._frames


@dataclass(frozen=True, slots=True, eq=False)
class _Hand:
    """A worker that is ready, and where."""

    place: Place
    actor: Any


class RayCrew:
    """A worker on each machine of the cluster, which `connected` has joined.

    One that dies is replaced, and what it was at is made again; machines that join later are taken
    in. What keeps a worker from beginning, as a network that its machine lacks, ends all.
    """

    def __init__(self, choice: NetworkChoice) -> None:
        self.networks: dict[str, dict[str, str | int | None]] = {}
        """What really runs, by machine."""
        self.hired = 0
        """Workers there are or will be."""
        self._choice = choice
        self._tasks = asyncio.TaskGroup()
        self._known: set[str] = set()
        self._idle: list[_Hand] = []
        self._hiring: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> "RayCrew":
        await self._tasks.__aenter__()
        self._look_round()
        return self

    async def __aexit__(self, *error: Any) -> None:
        for task in self._hiring:
            task.cancel()
        await self._tasks.__aexit__(*error)

    async def make(self, order: Order, part: Part, on_frames: Callable[[int], None]) -> Made:
        for _ in range(ATTEMPTS):
            hand = await self._next()
            try:
                made = await _watched(hand, order, part, on_frames)
            except RayActorError:
                self._replace(hand)
                on_frames(0)
                continue
            except RayTaskError as error:
                await self._give_back(hand)
                raise _cause(error) from None
            except BaseException:
                self._replace(hand)
                raise
            await self._give_back(hand)
            self._look_round()
            return made
        raise SinkError(
            f"{order.source}: {ATTEMPTS} workers were lost on frames {part.skipped} to "
            f"{part.skipped + part.warm_up + part.frames}: is there enough memory?"
        )

    async def _next(self) -> _Hand:
        """Whoever is idle; SinkError if there is nobody any more."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._idle or not self.hired)
            if not self._idle:
                raise SinkError("no machine of the Ray cluster is left: see `ray status`")
            return self._idle.pop()

    async def _give_back(self, hand: _Hand) -> None:
        async with self._changed:
            self._idle.append(hand)
            self._changed.notify()

    def _look_round(self) -> None:
        """Hire where nobody was hired before."""
        for node in ray.nodes():
            if node["NodeID"] not in self._known:
                for place in places_of(node):
                    self._known.add(place.node)
                    self._hire(place)

    def _replace(self, hand: _Hand) -> None:
        ray.kill(hand.actor)
        self.hired -= 1
        self._hire(hand.place)

    def _hire(self, place: Place) -> None:
        self.hired += 1
        task = self._tasks.create_task(self._begin(place))
        self._hiring.add(task)
        task.add_done_callback(self._hiring.discard)

    async def _begin(self, place: Place) -> None:
        runtime = self._choice.runtime
        threads = runtime.threads or int(place.cpus)
        choice = replace(self._choice, runtime=replace(runtime, threads=threads))
        try:
            actor = _actor(place)
            ready = await actor.load.remote(choice)
        except RayActorError:  # the machine is gone
            async with self._changed:
                self.hired -= 1
                self._changed.notify_all()
            return
        except RayTaskError as error:
            raise ModelError(f"{place.machine}: {_cause(error)}") from None
        if ready.versions != versions():
            raise ModelError(
                f"{place.machine} has {ready.versions}, this machine {versions()}: install "
                "the same on both"
            )
        self.networks[place.machine] = ready.network
        await self._give_back(_Hand(place, actor))


def _actor(place: Place) -> Any:
    """A worker that lives and dies with its machine."""
    there = NodeAffinitySchedulingStrategy(place.node, soft=False)
    options = {"num_cpus": place.cpus, "num_gpus": place.gpus, "scheduling_strategy": there}
    return ray.remote(PartMaker).options(**options).remote()


async def _watched(hand: _Hand, order: Order, part: Part, on_frames: Callable[[int], None]) -> Made:
    """Two attempts at a part never write to the same place: a lost worker may live on for a bit."""
    attempt = f"attempt-{uuid.uuid4().hex}"
    made = asyncio.wrap_future(hand.actor.make.remote(order, part, attempt).future())
    try:
        while not (await asyncio.wait([made], timeout=LOOK_EVERY_S))[0]:
            on_frames(max(0, await hand.actor.frames.remote() - part.warm_up))
        return made.result()
    finally:
        made.cancel()


def _cause(error: Any) -> Exception:
    """What a worker raised, without the traces of both ends if it was raised on purpose."""
    return error.cause if isinstance(error.cause, LivematteError) else error

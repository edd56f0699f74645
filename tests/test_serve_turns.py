"""Calls share the network in turn: each has its share, and quality goes before anybody does."""

import asyncio
import threading
import time

import numpy as np

from pipeline.edges import PATCH, Patches
from pipeline.frame import AlphaMatte, Frame
from pipeline.patch_network import COLOUR_STEP, ColourDifference, Correction, blank_patches
from pipeline.subject import WHOLE, Look
from stream.server.call import Call
from stream.server.networks import PATCHES_A_TURN, InTurn, PatchesInTurn, Turns
from stream.server.options import CallOptions
from tests.calling import Camera, Rack

CALLS, PICTURES = 4, 60
SECONDS = 0.012
"""That a network takes at least: less than a budget alone, more than one with three before it."""


def test_turns_are_taken_in_the_order_of_asking() -> None:
    turns, order = Turns(), list[int]()
    asked = [threading.Event() for _ in range(5)]

    def take(number: int) -> None:
        asked[number].set()
        with turns.turn():
            order.append(number)

    takers = [threading.Thread(target=take, args=(number,)) for number in range(5)]
    with turns.turn():
        for number, taker in enumerate(takers):
            taker.start()
            assert asked[number].wait(10)
            while turns.waiting <= number:
                time.sleep(0.001)
    for taker in takers:
        taker.join(10)
    assert order == list(range(5))


class Noted:
    """Refines nothing, and notes how many patches it is given, and when."""

    runtime = device = precision = "none"

    def __init__(self, order: list[str]) -> None:
        self.order = order

    def __call__(self, patches: Patches) -> tuple[Correction, ColourDifference]:
        assert len(patches) <= PATCHES_A_TURN
        self.order.append("picture")
        low = PATCH // COLOUR_STEP
        return np.ones((len(patches), PATCH, PATCH), np.float32), np.ones(
            (len(patches), 3, low, low), np.float32
        )


def test_a_picture_s_patches_let_a_call_s_frame_in_between() -> None:
    turns, order, asked = Turns(), list[str](), threading.Event()

    class Asks(Noted):
        """While its first patches are worked on, a call's frame comes to wait."""

        def __call__(self, patches: Patches) -> tuple[Correction, ColourDifference]:
            if not asked.is_set():
                frame.start()
                asked.set()
                while not turns.waiting:
                    time.sleep(0.001)
            return super().__call__(patches)

    def call() -> None:
        with turns.turn():
            order.append("call")

    frame = threading.Thread(target=call)
    count = 3 * PATCHES_A_TURN + 1
    correction, colour = PatchesInTurn(Asks(order), turns)(blank_patches(count))
    frame.join(10)
    assert order == ["picture", "call", "picture", "picture", "picture"]
    assert len(correction) == len(colour) == count


class Crowded:
    """A call's network that works only while all other calls wait for theirs.

    `order` has, of all calls, whose pictures were worked on, one after another.
    """

    def __init__(self, number: int, turns: Turns, order: list[int], done: threading.Event) -> None:
        self._number, self._turns, self._order, self._done = number, turns, order, done

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        while self._turns.waiting < CALLS - 1 and not self._done.is_set():
            time.sleep(0.001)
        time.sleep(SECONDS)
        self._order.append(self._number)
        if len(self._order) == PICTURES:
            self._done.set()
        return np.ones((12, 16), np.float32)


async def test_four_calls_take_turns_and_give_up_quality_not_each_other() -> None:
    turns, order, done = Turns(), list[int](), threading.Event()
    networks = [Crowded(number, turns, order, done) for number in range(CALLS)]
    options = CallOptions("#0000ff", budget_ms=33.3)
    calls = [await Call.open(options, Rack(InTurn(network, turns))) for network in networks]
    cameras = [Camera(rate=100) for _ in calls]
    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        for call, camera in zip(calls, cameras, strict=True):
            tasks.create_task(call.run(camera))
        await asyncio.to_thread(done.wait, 100)
        for camera in cameras:
            camera.stop()
    begun = order[:PICTURES]
    assert all(len(set(begun[at : at + CALLS])) == CALLS for at in range(PICTURES - CALLS + 1))
    assert all(call.statistics.report()["quality"]["step"] > 0 for call in calls)

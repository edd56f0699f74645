"""`bench.calls`: what came back is laid beside what was sent, and the page says what was found."""

import asyncio

import pytest

from bench.call_client import Caller
from bench.call_clip import FLIP_SECONDS, LoopTrack, encoded_loop
from bench.call_latency import Seen, trips
from bench.calls_page import page
from pipeline.errors import SourceError
from tests.serving import served

RATE = 30
HALF = FLIP_SECONDS * RATE
SENT = {number: number / RATE for number in range(6 * HALF)}


def seen(number: int, took: float) -> Seen:
    """A picture as it comes back, on a clock that began elsewhere."""
    light = number // HALF % 2 == 0
    return Seen(700_003 + number * 3000, SENT[number] + took, 120.0 if light else 90.0)


def test_each_picture_that_comes_back_is_told_from_the_others() -> None:
    took = {number: 0.1 + 0.05 * (number % 7) for number in SENT}
    ways = trips(SENT, [seen(number, took[number]) for number in SENT], RATE)
    assert [round(way.seconds, 6) for way in ways] == [round(one, 6) for one in took.values()]


def test_pictures_left_out_after_a_flip_mislead_nobody() -> None:
    back = [number for number in SENT if number % HALF > 3 or number == 3 * HALF]
    ways = trips(SENT, [seen(number, 1.5) for number in back], RATE)
    assert {round(way.seconds, 6) for way in ways} == {1.5}


def test_pictures_that_come_later_and_later_are_told_apart_nevertheless() -> None:
    took = {number: 0.1 + 0.8 * SENT[number] for number in SENT}
    ways = trips(SENT, [seen(number, took[number]) for number in SENT], RATE)
    assert [round(way.seconds, 6) for way in ways] == [round(one, 6) for one in took.values()]


def test_a_first_flip_that_took_longer_than_the_next_misleads_nobody() -> None:
    took = {number: 0.1 if number < HALF else 4.5 for number in SENT}
    ways = trips(SENT, [seen(number, took[number]) for number in SENT], RATE)
    assert [round(way.seconds, 6) for way in ways] == list(took.values())


def test_a_call_without_a_flip_says_nothing() -> None:
    with pytest.raises(SourceError, match="longer"):
        trips(SENT, [seen(number, 0.1) for number in range(HALF)], RATE)


async def test_a_caller_sends_a_clip_and_counts_what_comes_back() -> None:
    loop = encoded_loop((160, 96), 4)
    async with served() as client:
        track = LoopTrack(loop, 4)
        async with Caller(client, track, background="blur") as caller:
            async with asyncio.timeout(60):
                while len(track.sent) < 3 * FLIP_SECONDS * 4:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            await caller.saw(1)
            assert (await caller.session())["options"]["background"] == "blur"
        ways = caller.trips()
    assert len(ways) <= len(track.sent)
    assert all(0 <= way.seconds < 2 * FLIP_SECONDS for way in ways)


def test_the_page_says_what_was_measured() -> None:
    times = {"p50": 100.0, "p95": 150.0, "p99": 170.0}
    told = {"age_ms": {"p50": 40.0, "p95": 60.0}, "step": 1, "fps": 29.0}
    row = {"fps": 29.5, "ms": times, "offered": 30, "server": told}
    held = {"tasks": 5.0, "threads": 20, "files": 30, "sockets": 4, "mib": 300.0}
    text = page(
        {
            "command": "python -m bench.calls",
            "commit": "abc",
            "date": "2026-01-01",
            "machine": {
                **{"processor": "P", "cores": 2, "instructions": [], "gpu": None},
                **{"system": "Linux", "python": "3.11", "versions": {"av": "1"}},
            },
            "latency": [{"name": "livematte", **row}, {"name": "echo", **row, "server": None}],
            "overload": {
                **{"size": "1080p", "rate": 60},
                "windows": [{"from_s": 0, **row, "server_mib": 400.0}] * 2,
            },
            "sharing": [row] * 4,
            "coming_and_going": {"rounds": 20, "before": held, "after": held},
        }
    )
    assert "p95 is **150 ms**" in text
    assert "| 4    | 29.5" in text
    assert "+0.0 MiB" in text
    assert "| after  | 5.0   | 20" in text

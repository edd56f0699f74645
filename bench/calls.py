"""Calls under load, over loopback, on this machine: writes docs/calls-load.md and .json.

    python -m bench.calls

Takes some five minutes, and wants the machine for itself. `livematte serve` runs in a process of
its own; this one is the client.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.call_client import Caller
from bench.call_clip import LoopTrack, encoded_loop
from bench.call_latency import Trip
from bench.call_server import ECHO, SERVE, Served, served
from bench.calls_page import page
from bench.quality import current_commit
from pipeline.errors import LivematteError
from stream.benchmark.clip import SIZES
from stream.benchmark.machine import describe_machine
from stream.benchmark.usage import percentiles

_DOCS = Path(__file__).parents[1] / "docs" / "calls-load"
_BLUR = {"background": "blur"}
_WARM_SECONDS = 6.0
"""At the start of a call, in which quality settles; they are not counted."""
_SESSIONS = 4


@dataclass(frozen=True, slots=True)
class Load:
    """How long each part takes, in seconds, and how often callers come and go."""

    latency: float = 20.0
    overload: float = 120.0
    window: float = 20.0
    sharing: float = 20.0
    rounds: int = 20


QUICK = Load(latency=6.0, overload=12.0, window=4.0, sharing=6.0, rounds=4)


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A minute: no figures to keep.")] = False,
    out: Annotated[Path, typer.Option(help="Without suffix.", show_default=False)] = _DOCS,
) -> None:
    """Measure calls, and write the page and the figures."""
    load = QUICK if quick else Load()
    try:
        report = _origin(quick) | asyncio.run(_measure(load))
    except (LivematteError, TimeoutError) as error:
        _say(str(error) or "the server did not answer in time")
        raise typer.Exit(1) from error
    text = json.dumps(report, indent=1, ensure_ascii=False)
    out.with_name(f"{out.name}.json").write_text(text + "\n", encoding="utf-8")
    out.with_name(f"{out.name}.md").write_text(page(report), encoding="utf-8")
    _say(f"{out.name}.md and .json are written")


def _origin(quick: bool) -> dict[str, Any]:
    return {
        "command": "python -m bench.calls" + " --quick" * quick,
        "commit": current_commit(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": describe_machine(),
    }


async def _measure(load: Load) -> dict[str, Any]:
    return {
        "latency": [one async for one in _latencies(load)],
        "overload": await _overload(load),
        "sharing": await _sharing(load),
        "coming_and_going": await _coming_and_going(load),
    }


async def _latencies(load: Load) -> AsyncIterator[dict[str, Any]]:
    """720p at 30 a second, matted, and from an echo that only decodes and encodes."""
    loop = encoded_loop(SIZES["720p"], 30)
    for name, program, options in (("livematte", SERVE, _BLUR), ("echo", ECHO, {})):
        _say(f"720p at 30 a second: {name}")
        async with served(*program) as server:
            track = LoopTrack(loop, 30)
            async with Caller(server.client, track, **options) as caller:
                await asyncio.sleep(_WARM_SECONDS + load.latency)
                told = await caller.session() if name == "livematte" else None
            yield {"name": name, **_figures(caller, load.latency), "server": _told(told)}


async def _overload(load: Load) -> dict[str, Any]:
    """1080p at 60 a second, and a server that is asked for as many."""
    rate = 60
    loop = encoded_loop(SIZES["1080p"], rate)
    _say(f"overload: 1080p at {rate} a second for {load.overload:g} s")
    async with (
        served(*SERVE, "--rate", str(rate)) as server,
        Caller(server.client, LoopTrack(loop, rate), **_BLUR) as caller,
    ):
        await asyncio.sleep(_WARM_SECONDS)
        began = [one async for one in _samples(server, caller, load)]
    ways = caller.trips()
    rows = [
        {"from_s": round(load.window * n), **_window(ways, at, load.window), **held}
        for n, (at, held) in enumerate(began)
    ]
    return {"size": "1080p", "rate": rate, "windows": rows}


async def _samples(
    server: Served, caller: Caller, load: Load
) -> AsyncIterator[tuple[float, dict[str, Any]]]:
    """The begin of each window, and what the server held and said at its end."""
    for _ in range(round(load.overload / load.window)):
        began = time.perf_counter()
        await asyncio.sleep(load.window)
        told = _told(await caller.session())
        yield began, {"server": told, "server_mib": round(server.mebibytes, 1)}


async def _sharing(load: Load) -> list[dict[str, Any]]:
    """Four calls of 360p at once."""
    loop = encoded_loop(SIZES["360p"], 30)
    _say(f"{_SESSIONS} calls of 360p at 30 a second")
    async with served(*SERVE) as server, AsyncExitStack() as stack:
        callers = [
            await stack.enter_async_context(Caller(server.client, LoopTrack(loop, 30), **_BLUR))
            for _ in range(_SESSIONS)
        ]
        await asyncio.sleep(_WARM_SECONDS + load.sharing)
        told = [_told(await caller.session()) for caller in callers]
    return [
        {**_figures(caller, load.sharing), "server": one}
        for caller, one in zip(callers, told, strict=True)
    ]


async def _coming_and_going(load: Load) -> dict[str, Any]:
    """What the server holds before and after callers came, saw some pictures, and went."""
    loop = encoded_loop(SIZES["360p"], 30)
    _say(f"{load.rounds} callers come and go")
    async with served(*SERVE) as server:
        await _come_and_go(server, loop, 4)  # whatever is made once is made by then
        before = await server.holdings()
        await _come_and_go(server, loop, load.rounds)
        after = await server.holdings()
    return {"rounds": load.rounds, "before": before, "after": after}


async def _come_and_go(server: Served, loop: list[bytes], rounds: int) -> None:
    """Every other caller says that it goes."""
    for turn in range(rounds):
        async with Caller(server.client, LoopTrack(loop, 30), **_BLUR) as caller:
            await caller.saw(10)
            if turn % 2:
                await server.client.delete(caller.path)
        await server.forgot(caller.path)


def _figures(caller: Caller, seconds: float) -> dict[str, Any]:
    """Of the last so many seconds of a call."""
    ways = caller.trips()
    last = max(caller.track.sent.values())
    return _window(ways, last - seconds, seconds) | {"offered": caller.track.rate}


def _window(ways: list[Trip], began: float, seconds: float) -> dict[str, Any]:
    """Of the pictures that came in a window: how many a second, and ms from send to receive."""
    within = [way for way in ways if began <= way.arrived < began + seconds]
    took = percentiles([way.seconds for way in within])
    return {"fps": round(len(within) / seconds, 1), "ms": took}


def _told(session: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of the server's own statistics what the page shows."""
    if session is None:
        return None
    stats = session["stats"]
    return {"age_ms": stats["age_ms"], "step": stats["quality"]["step"], "fps": stats["fps_out"]}


def _say(line: str) -> None:
    typer.echo(line, err=True)


if __name__ == "__main__":
    typer.run(main)

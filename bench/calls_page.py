"""The page that `bench.calls` writes."""

from math import nan
from typing import Any

from stream.benchmark.machine import machine_sentence
from stream.benchmark.tables import table

_HOW = """\
`livematte serve` with its default network and options runs in a process of its own, the client in
another on the same machine, over loopback: both share the processor. The client sends the clip of
`livematte bench`, a drawn figure that sways before a textured room, encoded beforehand (VP8, 4 bits
a pixel and second), so that it has only to decode what comes back.

A picture's time is from the moment at which the client sends it until it is decoded again at the
client. WebRTC does not carry a sender's time stamps to the other end; the clip turns darker and
lighter every two seconds, and by that what comes back is laid beside what was sent. The first six
seconds of a call are not counted. Both ends are aiortc, which hands a picture on when the next one
begins to arrive: that alone is 33 ms at each end at 30 a second.

"age" is the server's own figure, from a picture's arrival until it is handed to the encoder, p95 of
the last second; quality step 0 is all of it, 3 the least."""
_LIMITS = """\
- One machine, one run: compare ratios, and measure on yours.
- Loopback loses and delays nothing; a real network does both.
- Browsers hand pictures on as soon as they are whole; their jitter buffers add other delays.
- No GPU path is measured here."""


def page(report: dict[str, Any]) -> str:
    """Markdown."""
    machine = report["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    parts = [
        "# Calls under load",
        f"Made by `{report['command']}` on {report['date']}, commit {report['commit']}.",
        f"Machine: {machine_sentence(machine)}.",
        f"Versions: {versions}.",
        _HOW,
        "## From send to receive, 720p at 30 a second",
        *_latency(report["latency"]),
        "## More than it can do",
        *_overload(report["overload"]),
        "## Four calls at once, 640×360 at 30 a second",
        *_sharing(report["sharing"]),
        "## Coming and going",
        *_coming_and_going(report["coming_and_going"]),
        "## With care",
        _LIMITS,
    ]
    return "\n\n".join(parts) + "\n"


def _latency(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    matted, echo = (row["ms"] for row in rows)
    share = 100 * echo["p95"] / matted["p95"]
    return (
        f"p95 is **{matted['p95']:.0f} ms**. An echo that decodes and encodes each picture and "
        f"does nothing else takes {echo['p95']:.0f} ms, {share:.0f} % of that: the encoder's, the "
        "transport's and the client's share.",
        table(
            ("", "pictures/s", "p50 ms", "p95 ms", "p99 ms", "age p95 ms", "quality step"),
            [(row["name"], *_row(row), *_server(row["server"])) for row in rows],
        ),
    )


def _overload(part: dict[str, Any]) -> tuple[str, ...]:
    rows = part["windows"]
    held = [row["server_mib"] for row in rows]
    return (
        f"{part['size']} at {part['rate']} a second, `--rate {part['rate']}`. The server's memory "
        f"at the ends of the windows: {min(held):.0f} to {max(held):.0f} MiB, from the first to "
        f"the last {held[-1] - held[0]:+.1f} MiB.",
        table(
            (
                *("from s", "pictures/s", "p50 ms", "p95 ms", "p99 ms"),
                *("age p95 ms", "quality step", "server MiB"),
            ),
            [
                (row["from_s"], *_row(row), *_server(row["server"]), row["server_mib"])
                for row in rows
            ],
        ),
    )


def _sharing(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    rates = [row["fps"] for row in rows]
    return (
        f"The slowest gets {100 * min(rates) / max(rates):.0f} % of what the fastest gets, all "
        f"together {sum(rates):.0f} pictures a second.",
        table(
            ("call", "pictures/s", "p50 ms", "p95 ms", "p99 ms", "age p95 ms", "quality step"),
            [(n, *_row(row), *_server(row["server"])) for n, row in enumerate(rows, 1)],
        ),
    )


def _coming_and_going(part: dict[str, Any]) -> tuple[str, ...]:
    before, after = part["before"], part["after"]
    return (
        f"What the server's process holds before and after {part['rounds']} calls, one after "
        "another; half of them end by DELETE, half because the peer goes. Four calls before the "
        "first count make what is made once.",
        table(("", *before), [("before", *before.values()), ("after", *after.values())]),
    )


def _row(row: dict[str, Any]) -> tuple[object, ...]:
    return (row["fps"], *(f"{row['ms'].get(rank, nan):.0f}" for rank in ("p50", "p95", "p99")))


def _server(told: dict[str, Any] | None) -> tuple[object, ...]:
    return ("", "") if told is None else (told["age_ms"]["p95"], told["step"])

"""The figures as tables, in Markdown, for a terminal and for a document alike."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from stream.benchmark.machine import machine_sentence

Row = dict[str, Any]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table, its columns filled up so that it reads as plain text too."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in (lines[0], rule, *lines[1:])
    )


def tables(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Titles and tables of all that was measured."""
    yield "File to file", file_table(report["file"])
    yield "Stages, one frame at a time: p50 / p95 / p99 in ms", stage_table(report["file"])
    yield "Live", live_table([*report["live"], *report["overload"]])
    yield "The edge refined", edge_table(report["edges"])
    yield "From the start of the process to the first frame", start_table(report["start"])


def as_text(report: dict[str, Any]) -> str:
    """The whole report for a terminal."""
    parts = [machine_sentence(report["machine"])]
    parts += [f"{title}\n\n{text}" for title, text in tables(report)]
    parts += [f"{name} is absent: {reason}" for name, reason in report["absent"].items()]
    return "\n\n".join(parts)


def file_table(rows: Sequence[Row]) -> str:
    head = (
        "size",
        "runtime",
        "threads",
        "fps",
        "processor ms",
        "network ms",
        "else ms",
        "peak MiB",
    )
    return table(
        head,
        (
            (
                *(row["size"], _ran(row), row["threads"]),
                *(row["fps"], row["processor_ms"], row["network_ms"], row["outside_network_ms"]),
                row["peak_mib"] or "unknown",
            )
            for row in rows
        ),
    )


def stage_table(rows: Sequence[Row]) -> str:
    stages = tuple(rows[0]["stages_ms"]) if rows else ()
    head = ("size", "runtime", "threads", *stages)
    return table(
        head,
        (
            (
                *(row["size"], _ran(row), row["threads"]),
                *(_three(row["stages_ms"][stage]) for stage in stages),
            )
            for row in rows
        ),
    )


def live_table(rows: Sequence[Row]) -> str:
    head = (
        *("size", "runtime", "threads", "offered/s", "written/s", "dropped"),
        *("age p50 ms", "age p95 ms", "quality step", "downs", "ups", "memory + MiB"),
    )
    return table(
        head,
        (
            (
                *(row["size"], _ran(row), row["threads"], row["rate"], row["fps"]),
                f"{row['dropped_share']:.1%}",
                *(row["age_ms"]["p50"], row["age_ms"]["p95"]),
                *(row["quality"]["step"], row["quality"]["downs"], row["quality"]["ups"]),
                row["memory_growth_mib"],
            )
            for row in rows
        ),
    )


def edge_table(rows: Sequence[Row]) -> str:
    head = ("what", "size", "refine", "fps", "age p95 ms", "patches", "refined", "carried")
    return table(
        head,
        (
            (
                *(row["kind"], row["size"], row["refine"], row["fps"]),
                row["age_ms"]["p95"] if "age_ms" in row else "",
                *(row["rois"][name] for name in ("found", "refined", "carried")),
            )
            for row in rows
        ),
    )


def start_table(rows: Sequence[Row]) -> str:
    head = ("compiled network", "runtime", "imports s", "network s", "first frame after s")
    return table(
        head,
        (
            (row["cache"], _ran(row), row["imports_s"], row["network_s"], row["first_frame_s"])
            for row in rows
        ),
    )


def _ran(row: Row) -> str:
    return f"{row['runtime']} {row['precision']}"


def _three(spread: dict[str, float]) -> str:
    return " / ".join(f"{spread[rank]:.1f}" for rank in ("p50", "p95", "p99")) if spread else "none"

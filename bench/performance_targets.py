"""What speed the project set itself, and what a report says of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.models import DEFAULT_MODEL
from stream.benchmark.clip import SIZES

_MEBIBYTE_MB = 1.048576
_BOUNDED_MS, _FLAT_MIB = 200.0, 30.0
"""What counts as bounded age and flat memory when too much is offered."""


@dataclass(frozen=True, slots=True)
class Target:
    """A row: `measured` is None where the run did not measure it."""

    what: str
    wanted: str
    measured: str | None
    met: bool = False

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return "not measured"
        return "met" if self.met else "**missed**"


def targets(report: dict[str, Any]) -> Iterator[Target]:
    """Every target, in the order of the issue that set them."""
    yield from _network(report)
    yield from _file(report)
    yield from _live(report)
    yield from _size(report)
    yield from _pictures(report)


def default_rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Files with the runtime that is chosen where the user chooses none, and most threads."""
    start = report["start"][0] if report["start"] else {}
    most = max((row["threads"] for row in report["file"]), default=0)
    wanted = start.get("runtime"), start.get("precision"), most
    rows = report["file"]
    return [row for row in rows if (row["runtime"], row["precision"], row["threads"]) == wanted]


def _at_least(what: str, value: float | None, least: float, unit: str) -> Target:
    measured = None if value is None else f"{value:.1f}{unit}"
    return Target(what, f"≥ {least:g}{unit}", measured, value is not None and value >= least)


def _at_most(what: str, value: float | None, most: float, unit: str, digits: int = 0) -> Target:
    measured = None if value is None else f"{value:.{digits}f}{unit}"
    return Target(what, f"≤ {most:g}{unit}", measured, value is not None and value <= most)


def _network(report: dict[str, Any]) -> Iterator[Target]:
    rows = {row["name"]: row for row in report.get("network", [])}
    faster = {name: row["times_faster"] for name, row in rows.items()}
    beside = "than ONNX Runtime with the published file"
    iou = {name: row["iou"] for name, row in rows.items() if row["iou"] is not None}
    for name in (DEFAULT_MODEL, "side output"):
        what = f"Network at 320 ({name})"
        yield _at_least(f"{what}, faster {beside}", faster.get(name), 10, "×")
        lost = iou["published"] - iou[name] if name in iou else None
        yield _at_most(f"{what}: mean IoU lost", lost, 0.006, "", 4)
    yield _at_least(f"f32 forced, faster {beside}", faster.get("f32 forced"), 3, "×")


def _file(report: dict[str, Any]) -> Iterator[Target]:
    peers = report.get("peers", {}).get("rows", [])
    faster = {row["name"]: row["ours_is_times_faster"] for row in peers}
    file = "720p file to file with blur"
    yield _at_least(f"{file}, faster than rembg's session", faster.get("rembg"), 9, "×")
    rvm = faster.get("robust-video-matting")
    yield _at_least(f"{file}, faster than RobustVideoMatting at 0.375", rvm, 3, "×")
    fps = next((row["fps"] for row in default_rows(report) if row["size"] == "720p"), None)
    yield _at_least(f"{file}, frames a second", fps, 30, "")


def _live(report: dict[str, Any]) -> Iterator[Target]:
    rows = [row for row in report["live"] if row["size"] == "720p"]
    row = max(rows, key=lambda row: int(row["threads"]), default=None)
    dropped, age = (100 * row["dropped_share"], row["age_ms"]["p95"]) if row else (None, None)
    yield _at_most("Live 720p at 30 a second, dropped", dropped, 5, " %", 1)
    yield _at_most("Live 720p at 30 a second, p95 age", age, 70, " ms")
    over = report["overload"][0] if report["overload"] else None
    worst, grown = (over["age_ms"]["p100"], over["memory_growth_mib"]) if over else (None, None)
    yield _at_most("Offered twice what it can do, oldest frame", worst, _BOUNDED_MS, " ms")
    yield _at_most("Offered twice what it can do, memory grows by", grown, _FLAT_MIB, " MiB", 1)


def _size(report: dict[str, Any]) -> Iterator[Target]:
    rows = {row["size"]: row for row in default_rows(report)}
    peak = rows["1080p"]["peak_mib"] if "1080p" in rows else None
    yield _at_most("1080p file, peak memory", peak and peak * _MEBIBYTE_MB, 700, " MB")
    small, large = rows.get("360p"), rows.get("4k")
    pixels = SIZES["4k"][0] * SIZES["4k"][1] / (SIZES["360p"][0] * SIZES["360p"][1])
    grows = None
    if small and large:
        grows = large["outside_network_ms"] / small["outside_network_ms"]
    yield _at_most("Time outside the network, 4K over 360p (pixels: 36)", grows, pixels, "×", 1)


def _pictures(report: dict[str, Any]) -> Iterator[Target]:
    found = report.get("pictures") or {}
    single, batch = found.get("single", {}), found.get("batch", {})
    peak = found.get("peak_mib")
    yield _at_most("1080p picture by request, refined", single.get("seconds"), 1, " s", 2)
    yield _at_least("640×480 pictures by request", batch.get("a_second"), 5, " a second")
    yield _at_most("Server: first answer after a start", found.get("first_answer_s"), 10, " s", 1)
    yield _at_most("Server of pictures, peak memory", peak and peak * _MEBIBYTE_MB, 1000, " MB")

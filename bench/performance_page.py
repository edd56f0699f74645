"""The page that `bench.performance` writes."""

from collections.abc import Iterator, Sequence
from typing import Any

from bench.methods import without_places
from bench.performance_targets import default_rows, targets
from stream.benchmark.machine import machine_sentence
from stream.benchmark.suite import LIVE_RATE
from stream.benchmark.tables import table, tables

_HOW = f"""\
Each measurement of ours runs in a process of its own. The clip is drawn on the spot: a figure that
sways before a textured room, with a camera's grain, 30 frames a second, H.264.

- *File to file*: as `livematte file` with `--background blur` and `--refine off`. Decoding, matting
  and encoding (H.264, veryfast, crf 20) overlap and are all counted; loading the network is not.
  "processor ms" is the time of all cores for a frame. "network ms" is the network's share of a
  frame and "else ms" all the rest, medians of frames taken one at a time. "peak MiB" is of the
  whole process.
- *Stages*: some thirty frames, one at a time, so that they do not compete; of so few, p99 is nearly
  the slowest. "look" reduces the frame and finds
  where the subject is; "segment" is the network with the scaling round it.
- *Live*: frames offered {LIVE_RATE:g} a second from memory, as a camera gives them, encoded for a
  call (H.264, ultrafast, zerolatency). A frame's age is from when it was offered until it was
  encoded; no network and no jitter buffer are in it. The last row offers at least twice what the
  file was done at. Quality step 0 is all of it, 3 the least; "downs" and "ups" are its changes.
- *The edge refined*: all of it in a file, in a live session what a frame's 33 ms leave; patches are
  means over frames. Everything else on this page is with `--refine off`.
- "threads" are the network's; decoder, matting and encoder have their own beside them."""
_TARGET_MACHINE_MS = 235
_PEERS = """\
720p, the same clip, frame by frame through the same decoder, queues, threads and encoder as ours,
in turns (A B C, A B C …); medians, and the median of each round's ratio. A peer runs in a process
and an environment of its own, one frame at a time, as its users run it; it gets RGB and gives alpha
through shared memory. Its composite is the plainest: alpha blends the frame over its blurred self.
The work is not the same:"""
_LIMITS = """\
- One machine, one run: compare ratios, and measure on yours by `livematte bench`.
- The clip is drawn and holds one figure, which is followed with a crop. Two people far apart, or
  hair all over the picture, cost more.
- Start-up was measured with the files of Python and of the packages in the system's cache.
- Speed says nothing of quality: see `python -m bench.quality`."""
_NO_GPU = "- No GPU was at hand. That path is covered by tests alone, and nothing is claimed of it."


def page(report: dict[str, Any], name: str) -> str:
    """Markdown; the chart is `NAME.png` beside it."""
    parts = [
        "# How fast it is",
        _origin(report),
        f"![The main figures as bars]({name}.png)",
        *_summary(report),
        "## Targets",
        _target_table(report),
        *_yardstick(report),
        *_peer_part(report),
        *_network_part(report),
        *_picture_part(report),
        "## All figures",
        _HOW,
    ]
    for title, text in tables(report):
        parts += [f"### {title}", text]
    lacks = [] if report["machine"]["gpu"] else [_NO_GPU]
    parts += ["## Not measured, and with care", "\n".join([_LIMITS, *lacks, *_absent(report)])]
    return "\n\n".join(parts) + "\n"


def _origin(report: dict[str, Any]) -> str:
    machine = report["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"Made by `{report['command']}` on {report['date']}, commit {report['commit']}.\n\n"
        f"Machine: {machine_sentence(machine)}.\n\nVersions: {versions}."
    )


def _summary(report: dict[str, Any]) -> Iterator[str]:
    for row in default_rows(report):
        if row["size"] == "720p":
            speed, memory = f"{row['fps']:.0f}", f"{row['peak_mib'] or 0:.0f}"
            network = f"{row['runtime']} {row['precision']}, threads: {row['threads']}"
            yield (
                "With `--refine off`, 720p H.264 to H.264 with a blurred background runs at "
                f"**{speed} frames a second** ({network}), in {memory} MiB."
            )


def _target_table(report: dict[str, Any]) -> str:
    head = ("what", "target", "measured", "")
    rows = [(one.what, one.wanted, one.measured or "", one.verdict) for one in targets(report)]
    return table(head, rows)


def _yardstick(report: dict[str, Any]) -> Iterator[str]:
    for one in report.get("network", []):
        if one["name"] != "published":
            continue
        yield (
            "Frames a second and ages were set as targets on a machine on which the published "
            f"network takes {_TARGET_MACHINE_MS} ms a picture in ONNX Runtime. In this run it took "
            f"{one['ms']:.0f} ms."
        )


def _peer_part(report: dict[str, Any]) -> Iterator[str]:
    peers = report.get("peers")
    if not peers:
        return
    yield "## Beside others"
    yield _PEERS
    yield "\n".join(f"- {row['title']} ({row['ran_as']}): {row['does']}." for row in peers["rows"])
    head = ("", "frames a second", "ours is so many times as fast")
    rows = [(row["title"], row["fps"], row["ours_is_times_faster"]) for row in peers["rows"]]
    yield table(head, rows)
    faster = [row["title"] for row in peers["rows"] if row["ours_is_times_faster"] < 1]
    if faster:
        yield f"Faster than ours: {', '.join(faster)}."
    if peers["absent"]:
        yield "\n".join(
            f"- {name} is absent: {without_places(why)}" for name, why in peers["absent"].items()
        )


def _network_part(report: dict[str, Any]) -> Iterator[str]:
    rows = report.get("network")
    if rows:
        yield "## The network alone"
        head = ("", "what", "ms a picture", "times faster", "mean IoU")
        yield table(
            head,
            [
                (
                    row["name"],
                    row["what"],
                    row["ms"],
                    row["times_faster"],
                    row["iou"] or "not measured",
                )
                for row in rows
            ],
        )


def _picture_part(report: dict[str, Any]) -> Iterator[str]:
    found = report.get("pictures")
    if found:
        single, batch = found["single"], found["batch"]
        yield "## Pictures by request"
        yield (
            "`livematte serve` in a process of its own, asked by `POST /api/remove-background` "
            "with refined edges; the result is fetched, too, and none is of the cache. From the "
            f"start of the process to its first answer: {found['first_answer_s']} s. "
            f"Memory: {found['peak_mib'] or 0:.0f} MiB at most."
        )
        head = ("size", "at once", "pictures", "seconds each (median)", "a second")
        rows = [
            (_times(single["size"]), 1, single["count"], single["seconds"], ""),
            (_times(batch["size"]), batch["at_once"], batch["count"], "", batch["a_second"]),
        ]
        yield table(head, rows)


def _times(size: Sequence[int]) -> str:
    return "×".join(map(str, size))


def _absent(report: dict[str, Any]) -> Iterator[str]:
    for name, why in report["absent"].items():
        yield f"- `{name}` is absent: {without_places(why)}."

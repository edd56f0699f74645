"""What was done with a file, for programs and for people."""

from dataclasses import asdict, dataclass
from typing import Any

from stream.jobs import Job
from stream.session import SessionStats
from stream.verify import Verified

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a file: its upright size, and what was lost or left out of the source."""

    size: tuple[int, int]
    audio: str
    losses: list[str]
    left_out: list[str]
    verified: Verified | None


def report(job: Job, stats: SessionStats, written: Written) -> Report:
    return {
        "frames_in": stats.frames_in,
        "frames_out": stats.frames_out,
        "width": written.size[0],
        "height": written.size[1],
        "seconds": round(stats.seconds, 3),
        "fps": round(stats.fps, 2),
        "audio": written.audio,
        "verified": asdict(written.verified) if written.verified else None,
        "stages_ms": {name: round(spent, 3) for name, spent in stats.stages_ms.items()},
        "source": str(job.source),
        "output": str(job.output),
        "losses": written.losses,
        "left_out": written.left_out,
    }


def sentence(report: Report) -> str:
    """What was done, for people."""
    if report.get("skipped"):
        return f"{report['output']}: is there already"
    left_out = f", left out: {', '.join(report['left_out'])}" if report["left_out"] else ""
    return (
        f"{report['output']}: {report['frames_out']} frames of {report['width']} by "
        f"{report['height']} in {report['seconds']:.1f} s ({report['fps']:.1f} a second), "
        f"sound: {report['audio']}, network: {report['network']['runtime']} "
        f"{report['network']['precision']} on {report['network']['device']}{left_out}"
    )


def lost(report: Report) -> str:
    """What could not be read."""
    losses = "; ".join(report["losses"])
    return f"{report['source']}: {losses}: what could be read is in {report['output']}"

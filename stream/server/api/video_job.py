"""One clip on its way: what it is, how far it is, and the process that does it."""

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from stream.server.api.matte_fields import matte_arguments
from stream.server.api.options import VideoOptions

Status = Literal["queued", "running", "done", "failed", "cancelled"]
FAREWELL_SECONDS = 3.0
"""Between asking a process to end and ending it."""
_SECRETS = frozenset({"LIVEMATTE_TOKEN", "LIVEMATTE_REDIS"})
_ENDINGS: frozenset[Status] = frozenset({"done", "failed", "cancelled"})


@dataclass(eq=False)
class VideoJob:
    """`folder` is its own: the clip lies there, and what becomes of it."""

    folder: Path
    options: VideoOptions
    background: str
    """As `livematte file` takes it."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    status: Status = "queued"
    frames_done: int = 0
    frames_total: int | None = None
    fps: float | None = None
    error: str | None = None
    ended_at: float | None = None
    """Seconds since 1970."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at the next change; another one then takes its place."""

    @property
    def source(self) -> Path:
        return source_in(self.folder)

    @property
    def result(self) -> Path:
        return self.folder / f"result.{self.options.output}"

    @property
    def has_ended(self) -> bool:
        return self.status in _ENDINGS

    def note(self, **changes: Any) -> None:
        """Change what is said of it, and wake whoever waits for that."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.changed.set()
        self.changed = asyncio.Event()

    def end(self, status: Status, error: str | None = None) -> None:
        self.note(status=status, error=error, ended_at=time.time())

    def as_dict(self, mount: str, kept_seconds: float) -> dict[str, Any]:
        expires = None
        if self.ended_at is not None:
            expires = datetime.fromtimestamp(self.ended_at + kept_seconds, UTC)
        result = f"{mount}/results/{self.id}.{self.options.output}"
        return {
            "id": self.id,
            "status": self.status,
            "frames_done": self.frames_done,
            "frames_total": self.frames_total,
            "fps": self.fps,
            "result_url": result if self.status == "done" else None,
            "error": self.error,
            "expires": expires.isoformat(timespec="seconds") if expires else None,
        }

    def command(self, network: Sequence[str], most_bytes: int) -> list[str]:
        """What does it: `livematte file`, bounded, with the arguments that choose the network."""
        options = self.options
        limited = ("-m", "stream.server.api.video_process", str(most_bytes))
        what = ("file", str(self.source), str(self.result), "--background", self.background)
        refine = ("--refine", "auto" if options.enable_gan else "off")
        matte = matte_arguments(options.matte)
        return [sys.executable, *limited, *what, *network, *refine, *matte, "--progress", "json"]


def source_in(folder: Path) -> Path:
    return folder / "clip"


async def run_job(job: VideoJob, command: Sequence[str]) -> None:
    """Until it has ended, well or not; cancelled, it ends the process and waits for that."""
    job.note(status="running")
    said: str | None = None
    async with _process(command) as process:
        assert process.stderr is not None
        async for line in process.stderr:
            said = _read(job, line.decode(errors="replace").strip()) or said
        status = await process.wait()
    there = await asyncio.to_thread(job.result.is_file)
    # A clip that is damaged ends with another status, and has a result of what could be read.
    job.end("done" if there else "failed", _told(job, said) if status else None)


def _read(job: VideoJob, line: str) -> str | None:
    """Progress is noted; anything else may be the reason of an end."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        progress = json.loads(line)
        job.note(
            frames_done=progress["frames"], frames_total=progress["total"], fps=progress["fps"]
        )
        return None
    return line or None


def _told(job: VideoJob, said: str | None) -> str:
    """One line for the client, which is told no paths of this machine."""
    line = (said or "the process ended without a word").removeprefix("livematte: ")
    told = {str(job.source): "the clip", str(job.result): "the result"}
    if Path(job.background).is_absolute():
        told[job.background] = "the background"
    for path, name in told.items():
        line = line.replace(path, name)
    return line.replace(f"{job.folder}{os.sep}", "")[:500]


@asynccontextmanager
async def _process(command: Sequence[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    made = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name not in _SECRETS},
    )
    try:
        yield made
    finally:
        if made.returncode is None:
            made.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_SECONDS):
                    await made.wait()
        if made.returncode is None:
            made.kill()
            await made.wait()

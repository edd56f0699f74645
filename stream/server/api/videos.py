"""Clips by request: uploaded, made one at a time in a process beside, kept for a while."""

import asyncio
import logging
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from stream.server.api.options import VideoOptions
from stream.server.api.settings import ApiSettings
from stream.server.api.video_job import VideoJob, run_job
from stream.server.problems import Full, Problem
from stream.worker import end_all

logger = logging.getLogger(__name__)

AT_ONCE = 1
"""Clips: one keeps all processors busy."""
SPARE_BYTES = 256 * 2**20
"""That are left free on the disk."""
Arguments = Callable[[str], Sequence[str]]
"""By which `livematte file` runs a model of that name."""


class Videos:
    """Owns every job's task and folder."""

    def __init__(self, settings: ApiSettings, arguments: Arguments) -> None:
        self._settings, self._arguments = settings, arguments
        self._clips = settings.work_folder / "clips"
        self._root = self._clips / secrets.token_hex(8)
        self._jobs: dict[str, VideoJob] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._uploading = 0
        self._at_work = asyncio.Semaphore(AT_ONCE)

    def check_room(self) -> None:
        """Problem 503 if no clip can be taken for now."""
        if len(self._tasks) + self._uploading > self._settings.queue:
            raise Full("Too many clips wait. Try again later.")
        if self._used() + self._settings.video_bytes > self._settings.keep_bytes:
            raise Full("There is no room for clips until older ones have expired.")

    @asynccontextmanager
    async def folder(self) -> AsyncIterator[Path]:
        """A new one for an upload; it goes unless a job has been started with it."""
        self.check_room()
        folder = self._root / secrets.token_hex(8)
        self._uploading += 1
        try:
            await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True)
            if shutil.disk_usage(folder).free < self._settings.video_bytes + SPARE_BYTES:
                raise Full("The disk is full.")
            yield folder
        finally:
            self._uploading -= 1
            if not any(job.folder == folder for job in self._jobs.values()):
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def start(self, folder: Path, options: VideoOptions, background: str) -> VideoJob:
        job = VideoJob(folder, options, background)
        self._jobs[job.id] = job
        self._tasks[job.id] = asyncio.create_task(self._run(job))
        await asyncio.sleep(0)  # a task that is cancelled before it ran would end nothing
        return job

    def get(self, name: str) -> VideoJob:
        """Problem 404."""
        if name not in self._jobs:
            raise Problem(404, "There is no such clip, or it has expired.")
        return self._jobs[name]

    async def end(self, job: VideoJob) -> None:
        """Cancel what is queued or running; forget what has ended."""
        if (task := self._tasks.get(job.id)) is not None:
            await end_all([task])
        else:
            await self._forget(job)

    async def sweep(self) -> None:
        """What has expired goes, and what servers left behind that are no more."""
        now, kept = time.time(), self._settings.keep_seconds
        for job in list(self._jobs.values()):
            if job.ended_at is not None and now - job.ended_at > kept:
                await self._forget(job)
        await asyncio.to_thread(self._remove_abandoned, now - 2 * kept)

    async def aclose(self) -> None:
        for job in list(self._jobs.values()):
            if job.id in self._tasks:
                await self.end(job)
        await asyncio.to_thread(shutil.rmtree, self._root, ignore_errors=True)

    async def _run(self, job: VideoJob) -> None:
        try:
            async with self._at_work:
                room = self._settings.keep_bytes - self._used()
                network = self._arguments(job.options.model)
                await run_job(job, job.command(network, room))
        except asyncio.CancelledError:
            job.end("cancelled")
            raise
        except Exception:
            logger.exception("a clip failed")
            job.end("failed", "The server failed; its log says why.")
        finally:
            del self._tasks[job.id]
            if job.status == "done":
                job.source.unlink(missing_ok=True)
            else:
                shutil.rmtree(job.folder, ignore_errors=True)

    async def _forget(self, job: VideoJob) -> None:
        self._jobs.pop(job.id, None)
        await asyncio.to_thread(shutil.rmtree, job.folder, ignore_errors=True)

    def _used(self) -> int:
        """Bytes of all clips and results."""
        files = self._root.rglob("*") if self._root.is_dir() else ()
        return sum(file.stat().st_size for file in files if file.is_file())

    def _remove_abandoned(self, before: float) -> None:
        """Folders of servers that ended without removing them."""
        for folder in self._clips.iterdir() if self._clips.is_dir() else ():
            if folder != self._root and folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)

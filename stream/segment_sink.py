"""A segment of a long work as a sink."""

import contextlib
import time
from pathlib import Path

import av.error

from pipeline.matted import Matted
from stream.guard import writing
from stream.track import Track
from stream.verify import Sample
from stream.video_file import PictureKind, VideoFile
from stream.worker import Worker


class SegmentSink:
    """Encodes some frames of a track, in a thread of its own; once it is finished they are safe."""

    def __init__(self, track: Track, folder: Path, number: int, sample: Sample | None) -> None:
        self.busy_seconds = 0.0
        self.kind: PictureKind | None = None
        """Of the pictures, once there is one."""
        self._track, self._sample = track, sample
        self._path = track.segment(folder, number)
        self._worker = Worker("encode")
        self._file: VideoFile | None = None
        self._closed = False

    async def write(self, matted: Matted) -> None:
        await self._worker.run(self._encode, matted)

    async def finish(self, *, complete: bool = True) -> None:
        """What is not complete is done again."""
        if complete:
            await self._worker.run(self._finish)

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            await self._worker.run(self._free)
            self._worker.close()

    def _encode(self, matted: Matted) -> None:
        began = time.perf_counter()
        with writing(self._track.path):
            if self._file is None:
                self.kind = PictureKind.of(matted.frame)
                self._file = self._track.open(self._path, self.kind, self._sample)
            self._file.encode(matted)
        self.busy_seconds += time.perf_counter() - began

    def _finish(self) -> None:
        if self._file is not None:
            with writing(self._track.path):
                self._file.finish(to_the_end=False)
                self._track.sync(self._path)

    def _free(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError, av.error.FFmpegError):
                self._file.close()

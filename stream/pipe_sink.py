"""Video into a pipe."""

import asyncio
import contextlib
import time

import av.error

from pipeline.errors import SinkClosedError, SinkError
from pipeline.matted import Matted
from stream.formats import Format
from stream.pipe import Pipe
from stream.video_file import Encoding, PictureKind, Recipe, VideoFile
from stream.video_info import VideoInfo
from stream.worker import Worker, all_done


class PipeSink:
    """Writes every picture at once, in order, and waits for whoever reads.

    Raises SinkClosedError when nobody does any more.
    """

    def __init__(self, pipe: Pipe, form: Format, info: VideoInfo) -> None:
        self.busy_seconds = 0.0
        self._pipe, self._form, self._info = pipe, form, info
        self._worker = Worker("encode")
        self._file: VideoFile | None = None
        self._closed = False

    async def write(self, matted: Matted) -> None:
        call = self._worker.start(self._encode, matted)
        try:
            await asyncio.shield(call)
        except asyncio.CancelledError:
            self._pipe.give_up()
            await all_done([call])
            raise

    async def finish(self, *, complete: bool = True) -> None:
        """There is nothing to do: what was written is with its reader."""

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            await self._worker.run(self._discard)
            self._worker.close()

    def _encode(self, matted: Matted) -> None:
        began = time.perf_counter()
        try:
            if self._file is None:
                kind = PictureKind.of(matted.frame)
                recipe = Recipe(self._form, Encoding(), self._info, kind)
                self._file = VideoFile(self._pipe, recipe)
            self._file.encode(matted)
        except BrokenPipeError:
            raise SinkClosedError("-: standard output was closed") from None
        except (OSError, av.error.FFmpegError, ValueError) as error:
            raise SinkError(f"-: standard output cannot be written: {error}") from error
        self.busy_seconds += time.perf_counter() - began

    def _discard(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError, av.error.FFmpegError):
                self._file.close()

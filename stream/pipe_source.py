"""Video from a pipe."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import av
import av.container
import av.error

from pipeline.errors import SourceError
from pipeline.frame import Frame
from stream.file_source import DecodedSource
from stream.pipe import Pipe
from stream.pipe_format import RawVideo
from stream.video_info import VideoInfo
from stream.video_reader import VideoReader
from stream.worker import all_done

NAME = Path("-")
_NO_LOOKING_AHEAD = {"probesize": "32", "analyzeduration": "0"}


class PipeSource(DecodedSource):
    """Every picture that comes through a pipe, in order; whoever writes it waits meanwhile.

    YUV4MPEG2, or `raw` pictures. Raises SourceError for what is neither. Waits for the first.
    """

    def __init__(self, pipe: Pipe, raw: RawVideo | None = None) -> None:
        self._pipe = pipe
        super().__init__(VideoReader(NAME, _open(pipe, raw)))

    @property
    def info(self) -> VideoInfo:
        """Without looking ahead FFmpeg knows no rate, but a tick is a picture."""
        info = super().info
        return replace(info, rate=1 / info.time_base)

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while (frame := await self._read()) is not None:
            yield frame

    async def _read(self) -> Frame | None:
        call = self._worker.start(self._next)
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            self._pipe.give_up()
            await all_done([call])
            raise


def _open(pipe: Pipe, raw: RawVideo | None) -> av.container.InputContainer:
    name, options = ("rawvideo", raw.options) if raw else ("yuv4mpegpipe", {})
    try:
        container = av.open(pipe, "r", format=name, options=_NO_LOOKING_AHEAD | options)
    except (av.error.FFmpegError, ValueError):
        remedy = "is it the end of the pipe, or raw video, for --input-format raw?"
        raise SourceError(f"{NAME}: no YUV4MPEG2 on standard input: {remedy}") from None
    assert isinstance(container, av.container.InputContainer)
    return container

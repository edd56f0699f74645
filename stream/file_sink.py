"""A video file as a sink: written beside its final place, renamed once it is whole."""

import contextlib
import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import av.error

from pipeline.colour import ColourTags
from pipeline.errors import SinkError
from pipeline.matting import Matted
from stream.audio import AudioOutcome
from stream.file_source import FileSource
from stream.formats import choose_format
from stream.video_file import Encoding, VideoFile
from stream.worker import Worker

P = ParamSpec("P")

DEFAULT_ENCODING = Encoding()


class FileSink:
    """Encodes what becomes of the frames of `like` into a file, in a thread of its own.

    Size, time base, rotation, colour tags and sound are those of `like`. The extension of `path`
    chooses the container; `transparent` asks for one that holds alpha. Raises OptionError for what
    cannot be had, SinkError where the file cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        like: FileSource,
        *,
        transparent: bool = False,
        encoding: Encoding = DEFAULT_ENCODING,
        overwrite: bool = False,
        audio: bool = True,
    ) -> None:
        self.path = Path(path)
        self.busy_seconds = 0.0
        self.audio: AudioOutcome = "none"
        self.losses: list[str] = []
        self.kept: Path | None = None
        """Where the file is, once it is finished."""
        self._form = choose_format(self.path, encoding.codec, with_alpha=transparent)
        self._form.encoder.tuned(encoding.crf, encoding.preset)
        check_place(self.path, like.path, overwrite=overwrite)
        self._encoding, self._like, self._with_audio = encoding, like, audio
        self._scratch = self.path.with_name(f".{self.path.stem}.{os.getpid()}{self.path.suffix}")
        self._worker = Worker("encode")
        self._file: VideoFile | None = None
        self._closed = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture that is written."""
        return self._form.padded(self._like.info.width, self._like.info.height)

    @property
    def partial_path(self) -> Path:
        """Where the work so far is kept when it is interrupted."""
        return self.path.with_name(f"{self.path.stem}.partial{self.path.suffix}")

    async def write(self, matted: Matted) -> None:
        await self._worker.run(self._guarded, self._encode, matted)

    async def finish(self, *, complete: bool = True) -> None:
        """Rename to `path`; what is not complete goes to `partial_path`, if it holds a picture."""
        await self._worker.run(self._guarded, self._complete, complete)

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            await self._worker.run(self._discard)
            self._worker.close()

    def _encode(self, matted: Matted) -> None:
        began = time.perf_counter()
        if self._file is None:
            self._file = self._open(matted.frame.colour)
        self._file.encode(matted)
        self.busy_seconds += time.perf_counter() - began

    def _open(self, colour: ColourTags) -> VideoFile:
        return VideoFile(
            self._scratch,
            self._form,
            self._encoding,
            self._like,
            colour=colour,
            audio=self._with_audio,
        )

    def _complete(self, complete: bool) -> None:
        if self.kept is not None:
            return
        if self._file is None:
            if complete:
                raise SinkError(f"{self.path}: not written, for no frame came")
            return
        self._file.finish(with_rest_of_sound=complete)
        if self._file.audio:
            self.audio, self.losses = self._file.audio.outcome, self._file.audio.losses
        target = self.path if complete else self.partial_path
        self._scratch.replace(target)
        self.kept = target

    def _discard(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError, av.error.FFmpegError):
                self._file.close()
        with contextlib.suppress(OSError):
            self._scratch.unlink(missing_ok=True)

    def _guarded(self, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call, and say in one line what kept the file from being written."""
        try:
            call(*args, **kwargs)
        except (OSError, av.error.FFmpegError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            full = getattr(error, "errno", None) == errno.ENOSPC
            remedy = "free some space, or write elsewhere" if full else "check place and options"
            raise SinkError(f"{self.path}: cannot be written: {reason}: {remedy}") from error


def check_place(path: Path, source: Path, *, overwrite: bool) -> None:
    """Refuse a place that cannot or should not be written, before any work is done."""
    if not path.parent.is_dir():
        raise SinkError(f"{path}: its folder {path.parent} is not there: make it first")
    if not os.access(path.parent, os.W_OK):
        raise SinkError(f"{path}: its folder {path.parent} cannot be written: choose another")
    if path.is_dir():
        raise SinkError(f"{path}: is a folder: name a file in it")
    if path.exists() and path.samefile(source):
        raise SinkError(f"{path}: is the input itself: choose another name")
    if path.exists() and not overwrite:
        raise SinkError(f"{path}: is there already: allow it with --overwrite, or rename")

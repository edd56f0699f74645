"""A video file as a sink: written beside its final place, renamed once it is whole."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import av.error

from pipeline.errors import SinkError
from pipeline.frame import Frame
from pipeline.matted import Matted
from stream.carried import AudioOutcome
from stream.file_source import FileSource
from stream.formats import AlphaIn, choose_format
from stream.guard import writing
from stream.place import place_of
from stream.verify import Sample, Verified
from stream.video_file import Encoding, PictureKind, Recipe, VideoFile
from stream.worker import Worker

P = ParamSpec("P")

DEFAULT_ENCODING = Encoding()


class FileSink:
    """Encodes what becomes of the frames of `like` into a file, in a thread of its own.

    Size, time base, rotation, colour tags and sound are those of `like`. The extension of `path`
    chooses the container; `alpha` says where in it alpha goes. Raises OptionError for what cannot
    be had, SinkError where the file cannot be written or, if it is to `verify`, where what is read
    back is not what was meant.
    """

    def __init__(
        self,
        path: str | Path,
        like: FileSource,
        *,
        alpha: AlphaIn = "nothing",
        encoding: Encoding = DEFAULT_ENCODING,
        overwrite: bool = False,
        audio: bool = True,
        verify: bool = False,
    ) -> None:
        self.path = Path(path)
        self.busy_seconds = 0.0
        self.audio: AudioOutcome = "none"
        self.losses: list[str] = []
        self.left_out: list[str] = []
        """What of the source the file cannot hold."""
        self.kept: Path | None = None
        """Where the file is, once it is finished."""
        self.verified: Verified | None = None
        self._form = choose_format(self.path, encoding.codec, alpha)
        self._form.encoder.tuned(encoding.crf, encoding.preset)
        self._sample = Sample(self._form) if verify else None
        self._place = place_of(self.path)
        self._place.check(like.path, overwrite=overwrite)
        self._encoding, self._like, self._with_audio = encoding, like, audio
        self._worker = Worker("encode")
        self._file: VideoFile | None = None
        self._closed = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture that is written."""
        return self._form.size(self._like.info)

    async def write(self, matted: Matted) -> None:
        await self._worker.run(self._guarded, self._encode, matted)

    async def finish(self, *, complete: bool = True) -> None:
        """Rename to `path`; what is not complete is named so, if it holds a picture."""
        await self._worker.run(self._guarded, self._complete, complete)

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            await self._worker.run(self._discard)
            self._worker.close()

    def _encode(self, matted: Matted) -> None:
        began = time.perf_counter()
        if self._file is None:
            self._file = self._open(matted.frame)
        self._file.encode(matted)
        self.busy_seconds += time.perf_counter() - began

    def _open(self, first: Frame) -> VideoFile:
        self._place.prepare()
        kind = PictureKind.of(first)
        recipe = Recipe(self._form, self._encoding, self._like.info, kind)
        sound = self._like if self._with_audio else None
        return VideoFile(self._place.scratch, recipe, sound, self._sample)

    def _complete(self, complete: bool) -> None:
        if self.kept is not None:
            return
        if self._file is None:
            if complete:
                raise SinkError(f"{self.path}: not written, for no frame came")
            return
        self._file.finish(to_the_end=complete)
        if carried := self._file.carried:
            self.audio, self.losses = carried.outcome, carried.losses
            self.left_out = carried.left_out
        if self._sample is not None and complete:
            self.verified = self._verify(self._sample)
        target = self.path if complete else self._place.partial
        self._place.put(target)
        self.kept = target

    def _verify(self, sample: Sample) -> Verified:
        try:
            return sample.verify(self._place.scratch)
        except SinkError as error:
            raise SinkError(f"{self.path}: {error}") from None

    def _discard(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError, av.error.FFmpegError):
                self._file.close()
        self._place.discard()

    def _guarded(self, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        with writing(self.path):
            call(*args, **kwargs)

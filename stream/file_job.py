"""One file to another, from the options of `livematte file`."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any

from pipeline.composite import Background, Transparent
from pipeline.errors import Interruption, OptionError
from pipeline.matte_options import AS_FOUND, MatteOptions
from pipeline.matting import Matting
from pipeline.segment import U2Net
from stream.background import open_background
from stream.ends import Sink
from stream.file_report import Report, Written, report
from stream.file_sink import FileSink
from stream.file_source import FileSource
from stream.formats import AlphaIn, holds_alpha
from stream.inputs import PICTURES_A_SECOND
from stream.jobs import Job
from stream.loaded_networks import LoadedNetworks
from stream.matte_sink import Both, MatteSink
from stream.place import is_there, numbered_files, place_of
from stream.progress import ProgressKind, show_progress
from stream.resumable import Outcome, run_resumable
from stream.session import OnFrame, run_session
from stream.track import Track
from stream.verify import Sample
from stream.video_file import Encoding
from stream.work import Work, is_joining, work_folder

_AS_USUAL = Encoding()


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How every file of a command is made."""

    background: str
    smooth: bool = True
    encoding: Encoding = _AS_USUAL
    alpha_output: Path | None = None
    stacked: bool = False
    start: float = 0.0
    duration: float | None = None
    overwrite: bool = False
    verify: bool = False
    resume: bool = False
    progress: ProgressKind = ProgressKind.NONE
    pictures_a_second: Fraction = PICTURES_A_SECOND
    """Of numbered pictures."""
    matte: MatteOptions = AS_FOUND


def run_job(job: Job, options: FileOptions, networks: Callable[[], LoadedNetworks]) -> Report:
    """Make the file, and say what was done; with `resume` one that is there is left as it is."""
    if (skipped := done_before(job, options)) is not None:
        return skipped
    return FileJob(job, options).run(networks)


def done_before(job: Job, options: FileOptions) -> Report | None:
    """What to say of a file that is there already and is not to be made again."""
    there = is_there(job.output) and not work_folder(job.output).exists()
    if not (options.resume and there) or options.overwrite:
        return None
    return {"source": str(job.source), "output": str(job.output), "skipped": True, "losses": []}


class FileJob:
    """Opens both ends, so that what cannot be is said before the network is loaded."""

    def __init__(self, job: Job, options: FileOptions) -> None:
        self.job, self.options = job, options
        self.reader = FileSource(
            job.source,
            start=options.start,
            duration=options.duration,
            pictures_a_second=options.pictures_a_second,
        )
        self._behind = open_background(options.background)
        self._alpha = alpha_in(job.output, options, self._behind)
        if options.alpha_output and options.alpha_output.resolve() == job.output.resolve():
            raise OptionError(
                f"--alpha-output {options.alpha_output}: is OUT itself: name another file"
            )
        self.tracks = self._tracks() if options.resume else []
        """The files, if they are made in segments."""
        self._sink = None if options.resume else self._at_once()

    def run(self, networks: Callable[[], LoadedNetworks]) -> Report:
        """Matte it, and say what was done."""
        loaded = networks()
        smooth, wanted = self.options.smooth, self.options.matte
        matting = loaded.matting(self._behind, smooth=smooth, options=wanted)
        with show_progress(self.options.progress, self.reader.info.frames) as on_frame:
            if self._sink is None:
                done = self._run_resumable(matting, on_frame)
            else:
                done = self._run_at_once(*self._sink, matting, on_frame)
        return done | {"network": loaded.runs_on, "rois": matting.rois.means()}

    @property
    def background(self) -> str:
        """As other machines can open it."""
        path = Path(self.options.background)
        return str(path.resolve()) if path.is_file() else self.options.background

    def resumed_report(self, outcome: Outcome) -> Report:
        """Of a work in segments."""
        picture = outcome.joined[0]
        size = self.tracks[0].form.size(self.reader.info)
        losses = [*self.reader.losses, *picture.losses]
        written = Written(size, picture.audio, losses, picture.left_out, picture.verified)
        now = outcome.stats.frames_out - outcome.resumed_frames
        fps = round(now / outcome.stats.seconds, 2) if outcome.stats.seconds else 0.0
        done = report(self.job, outcome.stats, written)
        return done | {"fps": fps, "resumed_frames": outcome.resumed_frames}

    def about(self, network: Any) -> dict[str, Any]:
        """All that the result of a work in segments depends on."""
        options = self.options
        return {
            "livematte": metadata.version("livematte"),
            "source": _fingerprint(self.job.source),
            "background": [options.background, *_fingerprint(Path(options.background))],
            "network": network,
            "smooth": options.smooth,
            "matte": asdict(options.matte),
            "part": [options.start, options.duration, str(options.pictures_a_second)],
            "verify": options.verify,
            "tracks": [track.about for track in self.tracks],
        }

    def _at_once(self) -> tuple[FileSink, Sink]:
        """What writes the picture, and what writes all there is to write."""
        options, reader = self.options, self.reader
        writer = FileSink(
            self.job.output,
            reader,
            alpha=self._alpha,
            encoding=options.encoding,
            overwrite=options.overwrite,
            verify=options.verify,
        )
        if options.alpha_output is None:
            return writer, writer
        matte = FileSink(options.alpha_output, reader, overwrite=options.overwrite, audio=False)
        return writer, Both(writer, MatteSink(matte))

    def _run_at_once(
        self, writer: FileSink, sink: Sink, matting: Matting, on_frame: OnFrame
    ) -> Report:
        try:
            stats = asyncio.run(run_session(self.reader, matting, sink, on_frame=on_frame))
        except KeyboardInterrupt:
            raise Interruption(f"interrupted: {_kept(writer)}") from None
        losses = [*self.reader.losses, *writer.losses]
        written = Written(writer.size, writer.audio, losses, writer.left_out, writer.verified)
        return report(self.job, stats, written)

    def _tracks(self) -> list[Track]:
        options, reader, output = self.options, self.reader, self.job.output
        tracks = [Track(output, self._alpha, options.encoding, reader.info)]
        if options.alpha_output:
            tracks.append(Track(options.alpha_output, "nothing", Encoding(), reader.info))
        overwrite = options.overwrite or is_joining(output)
        for track in tracks:
            place_of(track.path).check(reader.path, overwrite=overwrite)
        return tracks

    def _run_resumable(self, matting: Matting, on_frame: OnFrame) -> Report:
        sample = Sample(self.tracks[0].form) if self.options.verify else None
        samples = [sample, None][: len(self.tracks)]
        work = Work(self.job.output, self.about(_network(matting)))
        try:
            run = run_resumable(self.reader, matting, self.tracks, work, samples, on_frame)
            return self.resumed_report(asyncio.run(run))
        except KeyboardInterrupt:
            frames = work.last.frames if work.last else 0
            raise Interruption(
                f"interrupted: {frames} frames are kept: go on with --resume"
            ) from None


def _network(matting: Matting) -> list[Any]:
    """What sees and what refines."""
    runs_on = matting.segmenter.runs_on if isinstance(matting.segmenter, U2Net) else None
    edges = matting.edges.name if matting.edges is not None else None
    return [runs_on, edges, matting.refine, matting.ladder.budget]


def alpha_in(output: Path, options: FileOptions, background: Background) -> AlphaIn:
    """Where alpha goes; nowhere, if colours and matte are two files of which neither holds any."""
    if not isinstance(background, Transparent):
        if options.stacked:
            raise OptionError(
                f"--stacked with --background {options.background}: it is for transparent alone"
            )
        return "nothing"
    if options.stacked:
        return "stacked"
    in_pair = options.alpha_output and not holds_alpha(output, options.encoding.codec)
    return "nothing" if in_pair else "channel"


def _kept(writer: FileSink) -> str:
    return f"what was done is in {writer.kept}" if writer.kept else "nothing was written yet"


def _fingerprint(path: Path) -> list[Any]:
    """What changes with a file, or numbered pictures; nothing for what is none."""
    if is_there(path) and not path.exists():
        return [known for picture in numbered_files(path) for known in _fingerprint(picture)]
    if not path.is_file():
        return []
    known = path.stat()
    return [os.fspath(path.resolve()), known.st_size, known.st_mtime_ns]

"""One file to another, from the options of `livematte file`."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pipeline.composite import Background, Transparent
from pipeline.errors import Interruption, OptionError
from pipeline.matting import Matting
from pipeline.segment import U2Net
from stream.background import open_background
from stream.ends import Sink
from stream.file_sink import FileSink
from stream.file_source import FileSource
from stream.formats import AlphaIn, holds_alpha
from stream.jobs import Job
from stream.loaded_networks import LoadedNetworks
from stream.matte_sink import Both, MatteSink
from stream.place import is_there, place_of
from stream.progress import ProgressKind, show_progress
from stream.resumable import Outcome, run_resumable
from stream.session import OnFrame, SessionStats, run_session
from stream.track import Track
from stream.verify import Sample
from stream.video_file import Encoding
from stream.work import Work, is_joining, work_folder

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How every file of a command is made."""

    background: str
    smooth: bool
    encoding: Encoding
    alpha_output: Path | None
    stacked: bool
    start: float
    duration: float | None
    overwrite: bool
    verify: bool
    resume: bool
    progress: ProgressKind


def run_job(job: Job, options: FileOptions, networks: Callable[[], LoadedNetworks]) -> Report:
    """Make the file, and say what was done; with `resume` one that is there is left as it is."""
    there = is_there(job.output) and not work_folder(job.output).exists()
    if options.resume and there and not options.overwrite:
        return {"source": str(job.source), "output": str(job.output), "skipped": True, "losses": []}
    return _FileJob(job, options).run(networks)


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


class _FileJob:
    """Opens both ends, so that what cannot be is said before the network is loaded."""

    def __init__(self, job: Job, options: FileOptions) -> None:
        self.job, self.options = job, options
        self._reader = FileSource(job.source, start=options.start, duration=options.duration)
        self._behind = open_background(options.background)
        self._alpha = alpha_in(job.output, options, self._behind)
        if options.alpha_output and options.alpha_output.resolve() == job.output.resolve():
            raise OptionError(
                f"--alpha-output {options.alpha_output}: is OUT itself: name another file"
            )
        self._make = self._resumable() if options.resume else self._at_once()

    def run(self, networks: Callable[[], LoadedNetworks]) -> Report:
        """Matte it, and say what was done."""
        loaded = networks()
        matting = loaded.matting(self._behind, smooth=self.options.smooth)
        with show_progress(self.options.progress, self._reader.info.frames) as on_frame:
            report = self._make(matting, on_frame)
        return report | {"network": loaded.segmenter.runs_on, "rois": matting.rois.means()}

    def _at_once(self) -> Callable[[Matting, OnFrame], Report]:
        options, reader = self.options, self._reader
        writer = FileSink(
            self.job.output,
            reader,
            alpha=self._alpha,
            encoding=options.encoding,
            overwrite=options.overwrite,
            verify=options.verify,
        )
        sink: Sink = writer
        if options.alpha_output:
            matte = FileSink(options.alpha_output, reader, overwrite=options.overwrite, audio=False)
            sink = Both(writer, MatteSink(matte))

        def make(matting: Matting, on_frame: OnFrame) -> Report:
            try:
                stats = asyncio.run(run_session(reader, matting, sink, on_frame=on_frame))
            except KeyboardInterrupt:
                raise Interruption(f"interrupted: {_kept(writer)}") from None
            verified = asdict(writer.verified) if writer.verified else None
            report = self._report(stats, writer.size, writer.audio, writer.losses, verified)
            return report | {"left_out": writer.left_out}

        return make

    def _resumable(self) -> Callable[[Matting, OnFrame], Report]:
        options, reader, output = self.options, self._reader, self.job.output
        tracks = [Track(output, self._alpha, options.encoding, reader.info)]
        if options.alpha_output:
            tracks.append(Track(options.alpha_output, "nothing", Encoding(), reader.info))
        overwrite = options.overwrite or is_joining(output)
        for track in tracks:
            place_of(track.path).check(reader.path, overwrite=overwrite)
        sample = Sample(tracks[0].form) if options.verify else None
        samples = [sample, *([None] * (len(tracks) - 1))]

        def make(matting: Matting, on_frame: OnFrame) -> Report:
            work = Work(output, self._about(tracks, matting))
            try:
                run = run_resumable(reader, matting, tracks, work, samples, on_frame)
                outcome = asyncio.run(run)
            except KeyboardInterrupt:
                frames = work.last.frames if work.last else 0
                raise Interruption(
                    f"interrupted: {frames} frames are kept: go on with --resume"
                ) from None
            return self._resumed_report(outcome, tracks[0])

        return make

    def _resumed_report(self, outcome: Outcome, track: Track) -> Report:
        picture = outcome.joined[0]
        verified = asdict(picture.verified) if picture.verified else None
        size = track.form.size(self._reader.info)
        report = self._report(outcome.stats, size, picture.audio, picture.losses, verified)
        now = outcome.stats.frames_out - outcome.resumed_frames
        fps = round(now / outcome.stats.seconds, 2) if outcome.stats.seconds else 0.0
        report |= {"left_out": picture.left_out}
        return report | {"fps": fps, "resumed_frames": outcome.resumed_frames}

    def _about(self, tracks: list[Track], matting: Matting) -> dict[str, Any]:
        """All that the result depends on."""
        options = self.options
        return {
            "livematte": metadata.version("livematte"),
            "source": _fingerprint(self.job.source),
            "background": [options.background, *_fingerprint(Path(options.background))],
            "network": self._network(matting),
            "edge": [matting.edges is not None, matting.refine, matting.ladder.budget],
            "smooth": options.smooth,
            "part": [options.start, options.duration],
            "verify": options.verify,
            "tracks": [track.about for track in tracks],
        }

    def _network(self, matting: Matting) -> Any:
        return matting.segmenter.runs_on if isinstance(matting.segmenter, U2Net) else None

    def _report(
        self,
        stats: SessionStats,
        size: tuple[int, int],
        audio: str,
        losses: list[str],
        verified: dict[str, Any] | None,
    ) -> Report:
        return {
            "frames_in": stats.frames_in,
            "frames_out": stats.frames_out,
            "width": size[0],
            "height": size[1],
            "seconds": round(stats.seconds, 3),
            "fps": round(stats.fps, 2),
            "audio": audio,
            "verified": verified,
            "stages_ms": {name: round(spent, 3) for name, spent in stats.stages_ms.items()},
            "source": str(self.job.source),
            "output": str(self.job.output),
            "losses": [*self._reader.losses, *losses],
        }


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
    """What changes with a file; nothing for what is none."""
    if not path.is_file():
        return []
    known = path.stat()
    return [os.fspath(path.resolve()), known.st_size, known.st_mtime_ns]

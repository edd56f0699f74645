"""A long work in segments, that goes on where it was interrupted.

The frames that come out are those of a work that was never interrupted: between segments no frame
is under way, and all that the pipeline remembers is kept with the last one, whose edge
therefore has nothing after it to be steadied by.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pipeline.frame import Frame
from pipeline.matting import Matting
from stream.background import VideoBackground
from stream.checkpoint import Checkpoint
from stream.ends import Sink
from stream.file_source import DecodedSource, FileSource
from stream.matte_sink import Both, MatteSink
from stream.segment_sink import SegmentSink
from stream.session import OnFrame, SessionStats, run_session
from stream.track import Joined, Track
from stream.verify import Sample
from stream.video_file import PictureKind
from stream.work import Work
from stream.worker import Worker

SEGMENT_FRAMES = 250
"""As far apart as H.264's key frames are, so that the segments cost next to nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it; `stats` counts all frames, its times only what was done this time."""

    stats: SessionStats
    joined: list[Joined]
    resumed_frames: int


class Portion:
    """At most so many frames of a source, the first of which was read already; it stays open.

    `last` is the latest that was read.
    """

    def __init__(
        self, source: DecodedSource, rest: AsyncIterator[Frame], first: Frame, frames: int
    ) -> None:
        self.source, self.last = source, first
        self._rest, self._frames = rest, frames

    @property
    def busy_seconds(self) -> float:
        return self.source.busy_seconds

    async def __aiter__(self) -> AsyncIterator[Frame]:
        yield self.last
        for _ in range(self._frames - 1):
            frame = await anext(self._rest, None)
            if frame is None:
                return
            self.last = frame
            yield frame

    async def aclose(self) -> None:
        """The source goes on."""


async def run_resumable(
    source: FileSource,
    matting: Matting,
    tracks: list[Track],
    work: Work,
    samples: list[Sample | None],
    on_frame: OnFrame,
) -> Outcome:
    """Matte all of the source, beyond what `work` holds already, and put the files in their places.

    The first track is the picture, a second its matte. The source is closed in every case.
    """
    try:
        stats, resumed = await _make(source, matting, tracks, work, samples, on_frame)
        last = work.last
        assert last is not None, "a source has a first frame"
        joined = await join(source, tracks, work, last.segments, last.kinds, last.samples)
        return Outcome(stats, joined, resumed)
    finally:
        await source.aclose()
        work.close()


async def join(
    source: FileSource,
    tracks: list[Track],
    work: Work,
    segments: int,
    kinds: list[PictureKind],
    samples: list[Sample | None],
) -> list[Joined]:
    """Put the files of all tracks in their places, and remove what they were made of."""
    worker = Worker("join")
    work.note_joining()
    try:
        joined = []
        for index, track in enumerate(tracks):
            sound = source if index == 0 else None
            what = work.folder, segments, kinds[index], sound, samples[index]
            joined.append(await worker.run(track.join, *what))
    finally:
        worker.close()
    work.remove()
    return joined


async def _make(
    source: FileSource,
    matting: Matting,
    tracks: list[Track],
    work: Work,
    samples: list[Sample | None],
    on_frame: OnFrame,
) -> tuple[SessionStats, int]:
    total, encoding, resumed = SessionStats(), 0.0, 0
    if (last := work.last) is not None:
        first = await source.skip(last.frames)
        if first is not None and isinstance(matting.background, VideoBackground):
            matting.background.begin(first.pts * first.time_base)
        matting.state, samples, resumed = last.state, last.samples, last.frames
        total.frames_in = total.frames_out = resumed

    def count(stats: SessionStats, frame: Frame) -> None:
        total.frames_out += 1
        on_frame(total, frame)

    rest = aiter(source)
    while (frame := await anext(rest, None)) is not None:
        number = work.last.segments if work.last else 0
        sinks = [
            SegmentSink(track, work.folder, number, sample)
            for track, sample in zip(tracks, samples, strict=True)
        ]
        portion = Portion(source, rest, frame, SEGMENT_FRAMES)
        stats = await run_session(portion, matting, sink_of(sinks), on_frame=count)
        total.frames_in, total.seconds = (
            total.frames_in + stats.frames_in,
            total.seconds + stats.seconds,
        )
        encoding += sum(sink.busy_seconds for sink in sinks)
        kinds = [sink.kind for sink in sinks if sink.kind is not None]
        work.note(Checkpoint(number + 1, total.frames_out, matting.state, kinds, samples))
    total.note_stages(source.busy_seconds, matting, encoding, total.frames_out - resumed)
    return total, resumed


def sink_of(sinks: list[SegmentSink]) -> Sink:
    """The segments of the picture and, if there is one, of its matte as one sink."""
    if len(sinks) == 1:
        return sinks[0]
    return Both(sinks[0], MatteSink(sinks[1]))

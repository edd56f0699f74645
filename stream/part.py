"""A part of a long work, made by somebody who has not seen what comes before it."""

import platform
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from pipeline.composite import Background
from pipeline.errors import SourceError
from pipeline.matte_options import AS_FOUND, MatteOptions
from pipeline.matted import Matted
from pipeline.refine_stats import RefineTotals
from stream.background import VideoBackground, open_background
from stream.ends import Sink
from stream.file_source import DecodedSource
from stream.inputs import open_input
from stream.loaded_networks import LoadedNetworks
from stream.place import is_there
from stream.plan import Mark, Part
from stream.resumable import Portion, sink_of
from stream.segment_sink import SegmentSink
from stream.session import OnFrame, run_session
from stream.span import Span
from stream.track import Track
from stream.verify import Sample
from stream.video_file import PictureKind
from stream.video_reader import VideoReader


@dataclass(frozen=True, slots=True)
class Order:
    """What all parts of a work have in common. Paths are absolute, and the same everywhere."""

    source: Path
    pictures_a_second: Fraction
    """Of numbered pictures."""
    span: Span
    time_base: Fraction
    tracks: list[Track]
    """The picture, and its matte if that is a file too."""
    folder: Path
    """Where segments are kept."""
    background: str
    begins: Fraction
    """The moment of the file's first frame, in seconds."""
    smooth: bool
    verify: bool
    matte: MatteOptions = AS_FOUND

    def near(self, part: Part) -> Span:
        """What is left of the file from the part's first frame on."""
        if not part.skipped:
            return self.span
        ticks = part.first.pts + round(self.span.shift / self.time_base)
        return replace(self.span, first=ticks * self.time_base)


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a part; its segments lie in the work's folder, in the one named `attempt`."""

    attempt: str
    frames: int
    stages_ms: dict[str, float]
    kinds: list[PictureKind]
    sample: Sample | None
    rois: RefineTotals


async def make_part(
    order: Order, part: Part, networks: LoadedNetworks, attempt: str, on_frame: OnFrame
) -> Made:
    """Matte a part into segments, in a folder of their own. SourceError if the file is another.

    The part is looked for where the file's index says. Where other frames are found there, as in
    files that are damaged or were joined, all of the file is decoded up to it.
    """
    _check_shared(order)
    for span, skipped in ((order.near(part), 0), (order.span, part.skipped)):
        source = await _opened(order, part, span, skipped)
        made = source and await _make(order, part, networks, attempt, on_frame, source)
        if made:
            return made
    raise SourceError(
        f"{order.source}: {platform.node()} finds other frames in it than this machine did: it "
        "must be the same file on all machines, and stay as it is"
    )


def _check_shared(order: Order) -> None:
    for path in (order.source, order.folder):
        if not is_there(path):
            raise SourceError(
                f"{path}: is not there on {platform.node()}: videos, backgrounds and results must "
                "lie in folders that all machines have under the same names"
            )


async def _opened(order: Order, part: Part, span: Span, skipped: int) -> Portion | None:
    """The part's frames; None if they are not found in this way."""
    try:
        container = open_input(order.source, order.pictures_a_second)
        source = DecodedSource(VideoReader(order.source, container, span))
    except SourceError:
        return None
    await source.skip(skipped)
    rest = aiter(source)
    first = await anext(rest, None)
    if first is None or Mark.of(first) != part.first:
        await source.aclose()
        return None
    return Portion(source, rest, first, part.warm_up + part.frames)


async def _make(
    order: Order,
    part: Part,
    networks: LoadedNetworks,
    attempt: str,
    on_frame: OnFrame,
    frames: Portion,
) -> Made | None:
    """None if they end otherwise than they should."""
    behind = _background(order)
    matting = networks.matting(behind, smooth=order.smooth, options=order.matte)
    folder = order.folder / attempt
    folder.mkdir(exist_ok=True)
    sample = Sample(order.tracks[0].form, at_most=1) if order.verify else None
    sinks = [
        SegmentSink(track, folder, part.number, None if index else sample)
        for index, track in enumerate(order.tracks)
    ]
    sink = _Warmed(sink_of(sinks), part.warm_up)
    try:
        stats = await run_session(frames, matting, sink, on_frame=on_frame)
    finally:
        await frames.source.aclose()
    if stats.frames_out != part.warm_up + part.frames or Mark.of(frames.last) != part.last:
        return None
    kinds = [sink.kind for sink in sinks if sink.kind is not None]
    return Made(attempt, part.frames, stats.stages_ms, kinds, sample, matting.rois)


def _background(order: Order) -> Background:
    background = open_background(order.background)
    if isinstance(background, VideoBackground):
        background.begin(order.begins)
    return background


class _Warmed:
    """Passes over the first frames, those of the warm-up, and gives the others to a sink."""

    def __init__(self, sink: Sink, warm_up: int) -> None:
        self._sink, self._left = sink, warm_up

    @property
    def busy_seconds(self) -> float:
        return self._sink.busy_seconds

    async def write(self, matted: Matted) -> None:
        if self._left:
            self._left -= 1
        else:
            await self._sink.write(matted)

    async def finish(self, *, complete: bool = True) -> None:
        await self._sink.finish(complete=complete)

    async def aclose(self) -> None:
        await self._sink.aclose()

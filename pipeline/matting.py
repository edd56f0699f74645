"""One frame in, one frame out: the only place where the order of the steps is written."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from pipeline.blend import EdgeColour
from pipeline.budget import EDGE_LADDER, LADDER, QualityLadder, Reserve
from pipeline.cells import cell_side
from pipeline.choice import SubjectChoice
from pipeline.closer import MOVING, STILL, Say
from pipeline.composite import Background, Transparent, composite, composite_apart
from pipeline.frame import AlphaMatte, Frame
from pipeline.guided import guided_upsample
from pipeline.matte import EdgeMatte
from pipeline.matte_options import AS_FOUND, MatteOptions
from pipeline.matted import Edged, Found, Job, Matted, MattingState, Segmented
from pipeline.patch_network import Refine, refines_all
from pipeline.refine import EdgeRefiner, EdgeView
from pipeline.refine_stats import RefineStats, RefineTotals
from pipeline.scene import CutDetector
from pipeline.segment import Segmenter, U2Net
from pipeline.stage_times import StageTimes
from pipeline.subject import SMALLEST, SubjectCrop, checked_by_whole
from pipeline.surer import surer
from pipeline.temporal import TemporalFilter, steadied

GAIN = 1.5
"""How much surer alpha is made in the end, where it is steadied: of all that is uncertain then, the
most is an edge whose place is, and the least is hair."""
_LEARNING = 0.1
"""How much a frame's own time counts in what the next one's composite is taken to need."""


class Matting:
    """Takes the foreground out of each frame and puts it before `background`.

    `process` does it for one frame after another. Its three parts let several frames be under way:
    `begin` and `finish` are called for every frame in order, `segment` between them in any order,
    from any thread. At most `LAG` frames may have begun and not finished; the result does not
    depend on how many they are. `smooth=False` takes every frame for itself, `follow=False` looks
    at whole frames and follows no subject from one to the next. With a `budget` in seconds a frame,
    `ladder` gives up quality to hold it. `edges` refines the edge in patches: for `refine` auto as
    many as the budget leaves time for, for on all of them, for off none; where that is all of them
    the segmenter is to look closer as well. `refined` says what became
    of the last frame's edge, `rois` of all. `options` say what is wanted of the matte; `found` is
    what the last frame's was without their shape.

    `segmenter`, `background`, `smooth`, `refine` and the ladder's budget may be set between frames
    from any thread: each is read once a frame.

    Of a film each edge is steadied by those of both its neighbours, so that frames come out one
    late: `finish_late` is called in `finish`'s place, or `film` for everything.
    """

    def __init__(
        self,
        segmenter: Segmenter | None = None,
        background: Background | None = None,
        *,
        smooth: bool = True,
        follow: bool = True,
        edges: EdgeRefiner | None = None,
        refine: Refine = "auto",
        options: MatteOptions = AS_FOUND,
        budget: float = math.inf,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.segmenter = segmenter or U2Net.load()
        self.background = background or Transparent()
        self.temporal = TemporalFilter() if smooth else None
        self.subject = SubjectCrop(follow)
        self.cuts = CutDetector()
        self.edges, self.refine = edges, refine
        self.options, self.choice = options, SubjectChoice(options.keep)
        self.found: Found | None = None
        self.ladder = QualityLadder(budget, LADDER if edges is None else EDGE_LADDER)
        self.reserve = Reserve()
        self.refined, self.rois = RefineStats(), RefineTotals()
        self.times = StageTimes()
        self._clock, self._follows = clock, follow
        self._composite_s = 0.0
        self._size: tuple[int, int] | None = None
        self._waiting: Edged | None = None
        self._before: EdgeMatte | None = None

    @property
    def smooth(self) -> bool:
        """Whether alpha is steadied over time."""
        return self.temporal is not None

    @smooth.setter
    def smooth(self, wanted: bool) -> None:
        if wanted != self.smooth:
            self.temporal = TemporalFilter() if wanted else None

    @property
    def state(self) -> MattingState:
        """What another Matting has to be given to go on after the last frame that was finished.

        No frame may be under way. Of the state itself, not a copy: the next frame changes it.
        """
        carried = self.edges.carried if self.edges is not None else None
        return MattingState(
            self.temporal,
            self.subject,
            self.cuts,
            self._size,
            carried,
            self.choice,
            self._before,
        )

    @state.setter
    def state(self, state: MattingState) -> None:
        self.temporal, self.subject = state.temporal, state.subject
        self.cuts, self._size, self.choice = state.cuts, state.size, state.choice
        self._before = state.before
        if self.edges is not None and state.carried is not None:
            self.edges.carried = state.carried

    def process(self, frame: Frame) -> Matted:
        """All of it for one frame."""
        job = self.begin(frame)
        return self.finish(self.segment(job))

    def film(self, frames: Iterable[Frame]) -> Iterator[Matted]:
        """All of it for all frames."""
        for frame in frames:
            matted = self.finish_late(self.segment(self.begin(frame)))
            if matted is not None:
                yield matted
        if (last := self.finish_late(None)) is not None:
            yield last

    def begin(self, frame: Frame) -> Job:
        """Look at a frame: reduce it, see whether a scene begins and where the subject is."""
        began, quality = self._clock(), self.ladder.quality
        guide = frame.reduced(cell_side(frame.width, frame.height))
        is_cut = self.cuts(guide) or self._is_resized(frame)
        look = replace(
            self.subject.next(is_cut=is_cut), smaller=quality.smaller, closer=self._closer
        )
        self._lap("look", began)
        return Job(frame, guide, look, is_cut, quality, self.refine, began)

    def segment(self, job: Job) -> Segmented:
        """The network's coarse alpha. Keeps no state."""
        began = self._clock()
        alpha, misled = self.segmenter(job.frame, job.look), False
        if job.look.crop and job.look.checked:
            glance = replace(job.look, crop=None, smaller=SMALLEST)
            whole = self.segmenter(job.frame, glance)
            alpha, misled = checked_by_whole(alpha, whole, job.look.crop, job.frame)
        return Segmented(job, alpha, self._lap("segment", began) - began, misled)

    def finish(self, segmented: Segmented) -> Matted:
        """Choose, refine along the frame's colours, smooth over time, shape, composite."""
        return self._shown(self._edged(segmented))

    def finish_late(self, segmented: Segmented | None) -> Matted | None:
        """As `finish`, of the frame before, whose edge this one's steadies; None ends the film.

        None where there is no frame before.
        """
        now = None if segmented is None else self._edged(segmented)
        waiting, self._waiting = self._waiting, now
        if waiting is None:
            return None
        began = self._clock()
        before = None if waiting.segmented.job.is_cut else self._before
        after = None if now is None or now.segmented.job.is_cut else now.matte
        self._before = waiting.matte
        if self.smooth:
            waiting = replace(waiting, matte=steadied(before, waiting.matte, after))
        self._lap("steady", began)
        return self._shown(waiting)

    def _edged(self, segmented: Segmented) -> Edged:
        """Choose, refine along the frame's colours, smooth by what was before."""
        began, job = self._clock(), segmented.job
        alpha = self.choice(
            segmented.alpha,
            aspect=job.frame.width / job.frame.height,
            anew=job.is_cut or not self._follows,
        )
        matte = guided_upsample(job.frame, alpha, job.guide, refine=job.guided)
        refined = self._lap("refine", began)
        if (temporal := self.temporal) is not None:
            matte = temporal(job.guide, matte, is_cut=job.is_cut)
        self.subject.learn(job.frame, matte, is_cut=job.is_cut, misled=segmented.misled)
        smoothed = self._lap("smooth", refined)
        matte, colour = self._refined(job, alpha, matte, smoothed - job.began)
        self.found = Found(alpha, matte)
        painted = self._lap("edges", smoothed)
        return Edged(segmented, matte, colour, painted - began, painted - smoothed)

    def _shown(self, edged: Edged) -> Matted:
        """Make surer, shape, composite, and learn how long all of it took."""
        began, segmented, matte = self._clock(), edged.segmented, edged.matte
        if self.smooth:
            matte = replace(matte, values=surer(matte.values, GAIN))
        matted = self._composed(segmented.job.frame, matte, edged.colour)
        ended = self._lap("composite", began)
        self._composite_s += _LEARNING * (ended - began - self._composite_s)
        spent = edged.seconds + ended - began
        self.ladder.note(max(segmented.seconds, spent), edged.on_edge)
        self.reserve.note(ended - segmented.job.began, self.ladder.budget)
        return matted

    def _composed(self, frame: Frame, matte: EdgeMatte, colour: EdgeColour | None) -> Matted:
        """The frame before its background, by the matte in the shape that is wanted.

        Colours are corrected by the matte whose edge was not moved: what lies outside of that edge
        gets the foreground's colours, and inside of it there is nothing to correct. Where the shape
        leaves nothing to be seen no pixel of the frame is kept.
        """
        options = self.options
        cleaned = options.shape.cleaned(matte)
        shaped = options.shape.edged(cleaned)
        behind = self.background(frame, cleaned)
        if frame.alpha is None and shaped is cleaned and options.correct_colours:
            result = composite(frame, shaped, behind, colour)
        else:
            mixture, known = shaped.visible, None
            if options.correct_colours:
                mixture, known = cleaned.within(shaped), colour
            result, shaped = composite_apart(frame, shaped, mixture, behind, known)
        return Matted(result, shaped, transparent=behind is None)

    def _refined(
        self, job: Job, coarse: AlphaMatte, matte: EdgeMatte, spent: float
    ) -> tuple[EdgeMatte, EdgeColour | None]:
        """The matte's edge refined in patches, if there is what does it and it is wanted.

        All seconds `spent` since work on the frame began count, also those in which it waited:
        where frames wait there is no time to fill.
        """
        edges = self.edges
        self.refined = RefineStats()
        if edges is None or job.refine == "off" or not job.guided:
            return matte, None
        left = math.inf if job.refine == "on" else self._left(job.quality.rois, spent)
        if left == 0 and edges.carried.is_empty:
            return matte, None  # where time is short even looking for the edge is too much
        view = EdgeView(job.frame, job.guide, coarse, matte, job.is_cut or not self.smooth)
        refined = edges(view, left)
        self.refined = refined.stats
        self.rois.add(refined.stats)
        return refined.matte, refined.colour

    def _left(self, part: float, spent: float) -> float:
        """Seconds of the budget, of which the edge has a part."""
        kept = self._composite_s + self.reserve.seconds
        left = max(0.0, self.ladder.budget - spent - kept)
        return part * left if part else 0.0  # no part of an infinite time is no number

    @property
    def _closer(self) -> Say | None:
        """How far a second look counts, which is for where all of the edge is refined."""
        if not refines_all(self.refine, self.ladder.budget):
            return None
        return MOVING if self.smooth or self._follows else STILL

    def _is_resized(self, frame: Frame) -> bool:
        """A frame of another size than the one before it is seen as a new scene."""
        before, self._size = self._size, (frame.width, frame.height)
        return before not in (None, self._size)

    def _lap(self, stage: str, since: float) -> float:
        now = self._clock()
        self.times.add(stage, now - since)
        return now

"""What a frame is on its way through a Matting, and what a Matting remembers."""

from dataclasses import dataclass

from pipeline.blend import EdgeColour
from pipeline.budget import Quality
from pipeline.carry import Carried
from pipeline.choice import SubjectChoice
from pipeline.frame import AlphaMatte, Frame, RgbImage
from pipeline.matte import EdgeMatte
from pipeline.patch_network import Refine
from pipeline.scene import CutDetector
from pipeline.subject import Look, SubjectCrop
from pipeline.temporal import TemporalFilter


@dataclass(frozen=True, slots=True, eq=False)
class Matted:
    """What became of a frame.

    `frame` is the composite, or the foreground's own colours where the background is `transparent`.
    """

    frame: Frame
    matte: EdgeMatte
    transparent: bool = False

    @property
    def alpha(self) -> AlphaMatte:
        """Alpha of every pixel, float32 (H, W), straight."""
        return self.matte.full


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A frame on its way: what was seen of it before it is segmented, and when that `began`."""

    frame: Frame
    guide: RgbImage
    look: Look
    is_cut: bool
    quality: Quality
    refine: Refine
    began: float

    @property
    def guided(self) -> bool:
        """Whether alpha follows the frame's colours."""
        return self.quality.refine or self.refine == "on"


@dataclass(frozen=True, slots=True, eq=False)
class Segmented:
    """A frame on its way, with what the network saw of it and how long that took."""

    job: Job
    alpha: AlphaMatte
    seconds: float
    misled: bool


@dataclass(frozen=True, slots=True, eq=False)
class Edged:
    """A frame on its way whose edge is found, with the colour there where it is known.

    `seconds` is what finding it took, after the network, and `on_edge` what of that went into
    patches.
    """

    segmented: Segmented
    matte: EdgeMatte
    colour: EdgeColour | None
    seconds: float
    on_edge: float


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was found in a frame, before it was given the shape that is wanted.

    `coarse` is the network's alpha of what is kept, float32 (h, w) over the whole frame.
    """

    coarse: AlphaMatte
    matte: EdgeMatte


@dataclass(frozen=True, slots=True, eq=False)
class MattingState:
    """All that a Matting remembers from one frame to the next, as it is now."""

    temporal: TemporalFilter | None
    subject: SubjectCrop
    cuts: CutDetector
    size: tuple[int, int] | None
    carried: Carried | None
    choice: SubjectChoice
    before: EdgeMatte | None = None
    """Of a film's last frame, before it was steadied."""

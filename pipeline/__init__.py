"""One frame in, one frame out: matting without media or asyncio."""

from pipeline.composite import Blur, Picture, Transparent, solid
from pipeline.errors import LivematteError, MediaError, ModelError, OptionError
from pipeline.frame import AlphaMatte, Frame, Roi, Trimap
from pipeline.matte_options import MatteOptions
from pipeline.matted import Matted
from pipeline.matting import Matting
from pipeline.segment import Segmenter, U2Net
from pipeline.shape import Shape
from pipeline.temporal import TemporalFilter

__all__ = [
    "AlphaMatte",
    "Blur",
    "Frame",
    "LivematteError",
    "MatteOptions",
    "Matted",
    "Matting",
    "MediaError",
    "ModelError",
    "OptionError",
    "Picture",
    "Roi",
    "Segmenter",
    "Shape",
    "TemporalFilter",
    "Transparent",
    "Trimap",
    "U2Net",
    "solid",
]

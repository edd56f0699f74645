"""How an evaluation is put into words and figures, in the table and in the report."""

import math

from pipeline.metrics import Scores
from stream.evaluate.run import Evaluation

_SIZES_NAMED = 3


def headline(result: Evaluation) -> str:
    """The clip in one line."""
    sizes = [f"{width}x{height}" for width, height in sorted(result.sizes)]
    named = ", ".join(sizes[:_SIZES_NAMED]) + (", …" if len(sizes) > _SIZES_NAMED else "")
    frames = "1 frame" if result.clip.frames == 1 else f"{result.clip.frames} frames"
    return f"{frames} of {named}, paired by {'name' if result.by_name else 'index'}"


def figure(scores: Scores, name: str) -> str:
    """A value in print, four digits of it; a dash where there is none."""
    value = scores.get(name, math.nan)
    return "-" if math.isnan(value) else f"{value:.4g}"

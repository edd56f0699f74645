"""Alpha nearer to 0 or 1 where it is a guess.

A network that cannot tell where an edge lies says how likely each pixel is foreground, and so
blurs it. The likeliest error is least where alpha is the median of what it may be, not the mean.
"""

from pipeline.cells import Floats


def surer(alpha: Floats, gain: float) -> Floats:
    """The alpha, float32 of any shape, 0…1, whose logit is `gain` times as large."""
    inside, outside = alpha**gain, (1 - alpha) ** gain
    return inside / (inside + outside)

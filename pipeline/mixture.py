"""How far a frame's pixels are mixtures of foreground and background: as a matte, for composites.

A matte that was given another shape does not say it any more. Where its edge was moved inward the
pixels are foreground through and through, and where it was moved outward they are wanted as they
are: so a pixel is foreground as far as either matte says.
"""

from dataclasses import replace

import numpy as np

from pipeline.matte import EdgeMatte


def mixture_of(found: EdgeMatte, shaped: EdgeMatte) -> EdgeMatte:
    """The greater alpha of every pixel; `found` itself if it was given no other shape."""
    if shaped is found:
        return found
    return EdgeMatte.from_alpha(np.maximum(found.full, shaped.full))


def unmixed(matte: EdgeMatte) -> EdgeMatte:
    """Every pixel that can be seen is foreground alone: its colour stays as it is."""
    return replace(matte, values=(matte.values > 0).astype(np.float32))

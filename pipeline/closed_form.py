"""Closed-form matting (Levin, Lischinski, Weiss, PAMI 2008), by the library pymatting."""

import contextlib
import io
import threading
from importlib.util import find_spec
from typing import Any

import numpy as np

from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte, RgbImage, Trimap

_FILL = 200
"""Entries of the incomplete Cholesky factor for each unknown pixel, at most; 80 are usual."""
_STEPS = 500
"""Of the solver, at most; some 30 to 100 are usual. So a hard picture has an end, too."""
_at_work = threading.Lock()
"""One at a time: each has its hundreds of megabytes, and mutes standard output for a while."""


def is_installed() -> bool:
    """Whether pymatting is here; it is not imported yet, for that takes seconds."""
    return find_spec("pymatting") is not None


class ClosedForm:
    """Alpha as an affine function of colour in all windows of 3 by 3; see `TrimapMatting`.

    The system has 25 entries a pixel, and its factor some 80: `most_pixels` take 400 to 600 MB, and
    1.3 GB at the very most. One is solved at a time, from whatever thread.
    """

    name = "closed-form"
    most_pixels = 400_000
    margin = 2
    """An unknown pixel shares windows with pixels so far from it; more changes nothing."""

    def __init__(self) -> None:
        if not is_installed():
            raise OptionError(
                "closed-form matting needs pymatting: pip install 'livematte[matting]'"
            )

    def __call__(self, rgb: RgbImage, trimap: Trimap) -> AlphaMatte | None:
        """None where the solver does not converge, which is rare."""
        from pymatting import estimate_alpha_cf  # it loads numba, and what numba has compiled

        try:
            with _at_work:
                alpha = estimate_alpha_cf(
                    rgb / 255.0,
                    trimap / 255.0,
                    preconditioner=_factor,
                    cg_kwargs={"maxiter": _STEPS},
                )
        except ValueError:
            return None
        return np.clip(alpha, 0, 1).astype(np.float32)


def _factor(matrix: Any) -> Any:
    """pymatting's own choice, which prints where it has to try again: standard output is ours."""
    from pymatting import ichol

    with contextlib.redirect_stdout(io.StringIO()):
        return ichol(matrix, max_nnz=_FILL * matrix.shape[0])

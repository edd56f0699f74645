"""Which subject is kept where there are several, and the same one from frame to frame.

A subject is a connected region of the network's alpha: people who touch are one, and what parts
from them is another.
"""

import re
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import OptionError
from pipeline.frame import AlphaMatte, resize
from pipeline.regions import Labels, nearest_region

Rule = Literal["all", "largest", "centre"]
Point = tuple[float, float]
"""Parts of width and height, 0…1, from the left and from the top."""
Keep = Rule | Point
"""All, the largest, the one whose middle is nearest to that of the picture, or the one at a point:
that which is there, else the nearest."""

GRID = 320
"""Side of the grid on which subjects are told apart; networks see no more than that."""
SPECK = 0.1
"""Of the largest region's area: what is smaller is chosen only by a point that lies in it, or
because it is what is left of the one that was chosen before."""
_CORE = 0.5
_MIDDLE = 0.5, 0.5
PART = r"(?:0(?:\.\d{0,9})?|1(?:\.0{0,9})?)"
"""A number from 0 to 1, as a regular expression."""


def parse_keep(text: str) -> Keep:
    """`all`, `largest`, `centre` or `X,Y`; OptionError."""
    for rule in get_args(Rule):
        if text == rule:
            return rule
    if found := re.fullmatch(rf"({PART}),({PART})", text, re.ASCII):
        x, y = map(float, found.groups())
        return x, y
    raise OptionError(
        f"keep {text[:40]!r}: all, largest, centre, or a point X,Y in parts of width and height "
        "such as 0.25,0.5"
    )


class SubjectChoice:
    """Takes all but one subject out of each frame's coarse alpha, in order.

    The first is chosen by the rule; from then on it is whichever overlaps most with what was chosen
    in the frame before. After a cut, and where nothing overlaps, the rule chooses anew.
    """

    def __init__(self, keep: Keep = "all") -> None:
        self.keep = keep
        self._before: NDArray[np.bool_] | None = None

    def __call__(self, alpha: AlphaMatte, *, aspect: float = 1.0, anew: bool = False) -> AlphaMatte:
        """What is kept of an alpha, float32 (h, w) over the whole frame. `anew`: after a cut.

        `aspect` is the frame's width in parts of its height.
        """
        if self.keep == "all":
            return alpha
        core = resize(alpha, GRID, GRID) > _CORE
        if anew:
            self._before = None
        if not core.any():
            return alpha  # nobody to choose; whoever was chosen may be back in the next frame
        labels = nearest_region(core)
        chosen = self._followed(labels, core) or _by_rule(self.keep, labels, core, aspect)
        mine = labels == chosen
        self._before = mine & core
        height, width = alpha.shape
        kept: AlphaMatte = alpha * resize(mine.astype(np.float32), width, height)
        return kept

    def _followed(self, labels: Labels, core: NDArray[np.bool_]) -> int:
        """The region that the one of before has become; 0 if there is none."""
        if self._before is None:
            return 0
        shared = np.bincount(labels[core & self._before], minlength=1)
        return int(shared.argmax())


def _by_rule(keep: Keep, labels: Labels, core: NDArray[np.bool_], aspect: float) -> int:
    """The region that a rule means, of those that are more than specks."""
    areas = np.bincount(labels[core])
    if keep in ("all", "largest"):
        return int(areas.argmax())
    x, y = keep if isinstance(keep, tuple) else _MIDDLE
    row, column = (min(int(part * GRID), GRID - 1) for part in (y, x))
    if isinstance(keep, tuple) and core[row, column]:
        return int(labels[row, column])
    rows, columns = np.nonzero(core)
    across, down = aspect * ((columns + 0.5) / GRID - x), (rows + 0.5) / GRID - y
    owners = labels[core]
    subjects = np.flatnonzero(areas > SPECK * areas.max())
    if keep == "centre":
        middles = ((across[owners == one].mean(), down[owners == one].mean()) for one in subjects)
        distances = [np.hypot(*middle) for middle in middles]
    else:
        distances = [np.hypot(across, down)[owners == one].min() for one in subjects]
    return int(subjects[np.argmin(distances)])

"""What a picture's matte is to be doubted for, and what kind of picture it seems to be.

The limits were chosen by looking at u2netp's mattes of 250 photos. Of the 101 that have a true one
(`python -m bench.doubts`) they flag 7 of the 9 whose IoU is below 0.9, and 1 of the 62 whose IoU is
0.95 or more; with u2netp-people, which they were not chosen by, 7 of 13 and 0 of 72.
"""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.cells import Floats
from pipeline.frame import AlphaMatte, Frame, RgbImage, resize
from pipeline.matte import EdgeMatte

Doubt = Literal["nothing", "uncertain", "several", "borders", "disagreement"]
"""Why a matte may be wrong: nothing was found; the network was undecided about much of what it
found; there are several candidates; the subject touches all four borders; the edge, refined, is
elsewhere than the network saw it."""

Kind = Literal["hair", "glass", "shadow", "border", "small", "other"]
"""What makes a picture hard: `hair` is light hair before white, `border` a subject that all borders
cut, `small` one that is a small part of the picture."""

NOTHING = 0.002
"""Of the picture: less foreground is none."""
UNCERTAIN = 0.2
"""Of the network's alpha: what is mixed, each pixel counted by how far it is from 0 and 1."""
SECOND = 0.05
"""Of the largest region of foreground: a second one that makes it doubtful which is meant."""
TOUCHES = 0.01
"""Of a border's length, that is foreground."""
AGREES = 0.95
"""The least IoU of the network's alpha and the matte."""

SMALL = 0.05
"""Of the picture, that a subject covers."""
WHITE, LIGHT = 185, 140
"""Of 255: what the background's darkest channel and the foreground's mean have at least."""
WIDE = 40
"""Parts of the shorter side: mixed alpha that is wider than one of them is no edge."""
MUCH = 0.05
"""Of the subject: so much wide mixed alpha is worth a guess."""
SEEN_THROUGH = 16
"""Of 255: what is glass differs so little from what is behind it, and that is light."""
SHADE, SAME_HUE, LOW = (0.3, 0.9), 0.1, 0.8
"""A shadow darkens by such a factor, which differs little by channel, low down in the subject."""
_FOREGROUND, _BACKGROUND = 0.9, 0.1


def doubts_of(matte: EdgeMatte, coarse: AlphaMatte) -> tuple[Doubt, ...]:
    """Every doubt of one picture's matte, none for most.

    `coarse` is the network's own alpha of the whole picture, float32 of any size: what it was
    undecided about is seen there, before the edge is refined.
    """
    alpha = matte.low
    if np.mean(alpha > 0.5) < NOTHING:
        return ("nothing",)
    seen = resize(coarse, alpha.shape[1], alpha.shape[0])
    found: dict[Doubt, bool] = {
        "uncertain": 2 * float(np.minimum(seen, 1 - seen).sum()) > UNCERTAIN * float(seen.sum()),
        "several": _second_region(alpha) > SECOND,
        "borders": _touches_all_borders(alpha),
        "disagreement": _iou(alpha > 0.5, seen > 0.5) < AGREES,
    }
    return tuple(doubt for doubt, is_so in found.items() if is_so)


def kind_of(frame: Frame, matte: EdgeMatte) -> Kind:
    """A guess, for a person to correct: dark clothes that are half lost look like a shadow."""
    alpha, picture = matte.low, frame.reduced(matte.side)
    part = np.mean(alpha > 0.5)
    if part < SMALL:
        return "small" if part >= NOTHING else "other"
    if _touches_all_borders(alpha):
        return "border"
    mixed = ((alpha > _BACKGROUND) & (alpha < _FOREGROUND)).astype(np.uint8)
    side = max(3, min(alpha.shape) // WIDE)
    behind = _colour(picture, _near(mixed, side) & (alpha <= _BACKGROUND))
    subject = _colour(picture, _near(mixed, side) & (alpha >= _FOREGROUND))
    if behind.min() > WHITE and subject.mean() > LIGHT:
        return "hair"
    wide = cv2.morphologyEx(mixed, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    if wide.sum() < MUCH * np.sum(alpha > 0.5):
        return "other"
    return _kind_of_wide(picture, alpha, wide, 2 * side)


def _kind_of_wide(picture: RgbImage, alpha: Floats, wide: NDArray[np.uint8], reach: int) -> Kind:
    """Of mixed alpha that is no edge: by its colour beside that of the background around it."""
    through = _colour(picture, wide > 0)
    behind = _colour(picture, _near(wide, reach) & (alpha <= _BACKGROUND))
    if np.abs(through - behind).max() < SEEN_THROUGH and behind.mean() > LIGHT:
        return "glass"
    shade = through / np.maximum(behind, 1)
    rows = np.flatnonzero((alpha > 0.5).any(axis=1))
    place = (np.nonzero(wide)[0].mean() - rows[0]) / max(1, rows[-1] - rows[0])
    is_shade = SHADE[0] < shade.mean() < SHADE[1] and np.ptp(shade) < SAME_HUE
    return "shadow" if is_shade and place > LOW else "other"


def _second_region(alpha: Floats) -> float:
    """The second largest region of foreground, in parts of the largest."""
    regions = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8), connectivity=8)[2]
    areas = sorted(int(area) for area in regions[1:, cv2.CC_STAT_AREA])
    return areas[-2] / areas[-1] if len(areas) > 1 else 0.0


def _touches_all_borders(alpha: Floats) -> bool:
    borders = alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]
    return all(np.mean(border > 0.5) > TOUCHES for border in borders)


def _iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return int(np.sum(one & other)) / max(1, int(np.sum(one | other)))


def _near(mask: NDArray[np.uint8], reach: int) -> NDArray[np.bool_]:
    """What is no farther than so many cells from a mask."""
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return cv2.dilate(mask, kernel).astype(np.bool_)


def _colour(picture: RgbImage, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The mean colour under a mask; black if there is nothing under it."""
    return picture[mask].mean(axis=0) if mask.any() else np.zeros(3)

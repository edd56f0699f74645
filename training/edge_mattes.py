"""The coarse alpha that edges are learnt from: what the pipeline's own networks really give."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from pipeline.closer import MOVING, STILL
from pipeline.frame import AlphaMatte, Frame, Roi
from pipeline.models import CATALOGUE
from pipeline.runtime import Precision, RuntimeOptions
from pipeline.segment import Segmenter, U2Net
from pipeline.subject import Look, grown
from training.edge_pictures import EdgePicture

SEEN_BY: tuple[tuple[int, Precision], ...] = (
    (320, "auto"),
    (320, "bf16"),
    (256, "auto"),
    (192, "auto"),
)
"""Sides and precisions of the networks that look."""
_FOUND = 0.7
"""The least IoU with the truth; a subject that was not found is no matter of its edge."""
_RUNNING = 0.6
"""How often a network that takes the alpha of the frame before is given its own."""
_CROPPED = 0.6
"""How often a crop round the subject is looked at, as the pipeline does once it follows."""
_CLOSER = (None, MOVING, STILL)
"""How far a second, closer look counts, each as often: live, in moving pictures, in still ones."""
_SWAYING, _SWAY_PX, _KNOTS_PX = 0.7, (0.3, 2.5), (6, 30)
"""How often a network's outline is moved, by how much, and how far apart differently."""
_SOFTER = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Eye:
    """A network that looks, and the side of its input."""

    segmenter: Segmenter
    side: int
    takes_previous: bool = False


def open_eyes(models: Sequence[str]) -> list[Eye]:
    """Every model at every size and precision that it can have here."""
    eyes = []
    for model in models:
        for size, precision in SEEN_BY:
            known = CATALOGUE.get(model)
            if known is None or size >= known.spec.size or size in known.live:
                options = RuntimeOptions(precision=precision, threads=1)
                network = U2Net.load(model, options, (size,))
                eyes.append(Eye(network, size, network.takes_previous))
    return eyes


def coarse_alpha(picture: EdgePicture, eyes: Sequence[Eye], rng: np.random.Generator) -> AlphaMatte:
    """The alpha of the first of two networks that finds the subject; else an invented one."""
    crop = _crop(picture, rng) if rng.random() < _CROPPED else None
    chosen = [eyes[int(number)] for number in rng.permutation(len(eyes))[:2]]
    for eye in chosen:
        closer = _CLOSER[int(rng.integers(len(_CLOSER)))]
        alpha = _seen(eye, picture.frame, Look(crop, closer=closer), rng)
        truth = cv2.resize(picture.alpha, alpha.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
        shared, either = np.sum((alpha > 0.5) & truth), np.sum((alpha > 0.5) | truth)
        if shared >= _FOUND * either:
            return alpha
    return _invented(picture.alpha, chosen[0].side, rng)


def _seen(eye: Eye, frame: Frame, look: Look, rng: np.random.Generator) -> AlphaMatte:
    alpha = eye.segmenter(frame, look)
    if eye.takes_previous and rng.random() < _RUNNING:
        alpha = eye.segmenter(frame, replace(look, previous=alpha))
    return alpha


def _crop(picture: EdgePicture, rng: np.random.Generator) -> Roi | None:
    """As a subject is followed: a margin round it; None where nothing is foreground."""
    left, top, width, height = cv2.boundingRect((picture.alpha > 0.1).astype(np.uint8))
    if not width:
        return None
    return grown(Roi(left, top, left + width, top + height), rng.uniform(0.1, 0.5), picture.frame)


def _invented(truth: AlphaMatte, side: int, rng: np.random.Generator) -> AlphaMatte:
    """The truth as coarse as a network's output, its outline swaying by a pixel or so of that."""
    small = side // 4
    coarse = cv2.resize(truth, (small, small), interpolation=cv2.INTER_AREA)
    swayed = _swayed(coarse, rng.uniform(0.2, 1.5), 5, rng)
    soft = cv2.GaussianBlur(swayed, (0, 0), rng.uniform(0.4, 1.2))
    alpha: AlphaMatte = cv2.resize(soft, (side, side))
    return alpha


def damaged(alpha: AlphaMatte, rng: np.random.Generator) -> AlphaMatte:
    """As of somebody never seen: people that a network was trained on it knows better.

    Mostly its outline sways by a pixel or two of what the network saw; sometimes it is fatter or
    thinner, sharper or softer.
    """
    if rng.random() < _SWAYING:
        alpha = _swayed(alpha, rng.uniform(*_SWAY_PX), int(rng.integers(*_KNOTS_PX)), rng)
    if rng.random() < _SOFTER:
        alpha = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.5, 2.5))
    if rng.random() > 0.4:
        return alpha
    logits = np.log((alpha + 0.002) / (1.002 - alpha))
    logits = logits * np.float32(np.exp(rng.normal(0, 0.3))) + np.float32(rng.normal(0, 0.6))
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def _swayed(alpha: AlphaMatte, most: float, apart: int, rng: np.random.Generator) -> AlphaMatte:
    """Moved by so many pixels here and there, by normal deviates that are so far apart."""
    height, width = alpha.shape
    knots = max(2, height // apart), max(2, width // apart)
    sway = cv2.resize(rng.normal(0, most, (*knots, 2)).astype(np.float32), (width, height))
    rows, columns = np.mgrid[:height, :width].astype(np.float32) + sway.transpose(2, 0, 1)
    return np.asarray(
        cv2.remap(alpha, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )

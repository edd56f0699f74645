"""Things that stand out and are nobody: rocks, lamps, brushes, cushions, as shapes at random.

There are few backgrounds to train on. What takes a rock or a vase for a person has learned to find
what stands out, and not people.
"""

import cv2
import numpy as np

from pipeline.frame import AlphaMatte
from training.light import Picture
from training.people import Levels

_CORNERS = 72
_WAVES = 9


def blob(texture: Picture, rng: np.random.Generator) -> tuple[Picture, AlphaMatte]:
    """A thing's colour, float32 (S, S, 3), and alpha, float32 (S, S).

    It has a part of `texture` for its colour, in its own light, and is shaded to one side.
    """
    size = texture.shape[0]
    alpha = cv2.GaussianBlur(_shape(size, rng), (0, 0), rng.uniform(0.4, 2)).astype(np.float32)
    tint = rng.uniform(0.35, 1.3) * np.exp(rng.normal(0, 0.12, 3))
    along = np.linspace(-1, 1, size, dtype=np.float32)
    across, down = rng.uniform(-0.4, 0.4, 2).astype(np.float32)
    shade = 1 + across * along[None, :, None] + down * along[:, None, None]
    return np.asarray(texture * tint.astype(np.float32) * shade), alpha / 255


def _shape(size: int, rng: np.random.Generator) -> Levels:
    """A closed curve round some point: its radius a sum of waves, from smooth to ragged."""
    angles = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    waves = np.arange(2, 2 + _WAVES)
    heights = rng.normal(0, 1, _WAVES) * waves ** -rng.uniform(0.8, 2.2) * rng.uniform(0.1, 0.9)
    phases = rng.uniform(0, 2 * np.pi, _WAVES)
    radius = np.exp((heights * np.cos(angles[:, None] * waves + phases)).sum(1))
    stretch = np.exp(rng.normal(0, 0.6))
    outline = np.stack([radius * np.cos(angles) * stretch, radius * np.sin(angles) / stretch], 1)
    turned = outline @ _rotation(rng.normal(0, 0.5))
    middle, reach = rng.uniform((0, 0.1), (1, 1.1)), rng.uniform(0.06, 0.32)
    canvas = np.zeros((size, size), np.uint8)
    cv2.fillPoly(canvas, [np.round((middle + reach * turned) * size).astype(np.int32)], 255)
    return canvas


def _rotation(angle: float) -> np.ndarray:
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[cosine, -sine], [sine, cosine]])

"""Drawn subjects with exact alpha: hair, fur, glass, and things full of holes.

Their colours come from photographs, their shapes are nobody's: what is learnt from them cannot be
learnt by heart from a few people and animals.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.cutouts import Cutout
from pipeline.frame import AlphaMatte, RgbImage, resize
from training.geometry import disc
from training.light import Picture, defocused, in_levels
from training.people import Levels

_FINE = 2
"""Strands are drawn this many times larger and averaged down: a hair has its exact coverage."""
_KINDS = ("hair", "fur", "glass", "holes", "plain")
_ODDS = (0.34, 0.24, 0.08, 0.2, 0.14)

Points = NDArray[np.float64]
"""(n, 2), x and y."""


@dataclass(slots=True)
class _Canvas:
    """Colour, float32 (S, S, 3) of 0…1, and alpha, float32 (S, S), while they are drawn."""

    colour: Picture
    alpha: AlphaMatte

    def add(self, cover: AlphaMatte, colour: Picture) -> None:
        """Lay something over what is there."""
        total = cover + self.alpha * (1 - cover)
        share = cover / np.maximum(total, 1e-4)
        self.colour += np.where(total > 1e-4, share, 0)[..., None] * (colour - self.colour)
        self.alpha = total


def drawn_subject(side: int, texture: RgbImage, rng: np.random.Generator) -> Cutout:
    """A subject as large as its square of `side` pixels, coloured by a photograph (h, w, 3)."""
    kind = str(rng.choice(_KINDS, p=_ODDS))
    body = _body(side, rng)
    colour = _dyed(resize(texture, side, side), rng)
    canvas = _Canvas(colour, _unit(body))
    _DRAW[kind](canvas, body, rng)
    return Cutout(f"drawn/{kind}", in_levels(canvas.colour), np.clip(canvas.alpha, 0, 1))


def _body(side: int, rng: np.random.Generator) -> Levels:
    """Some ellipses that hang together, with a soft outline of one pixel; uint8 (S, S)."""
    mask = np.zeros((side, side), np.uint8)
    centre = np.array([0.5, 0.42]) * side
    for _ in range(rng.integers(1, 5)):
        axes = (rng.uniform(0.1, 0.25, 2) * side).astype(int).tolist()
        place = np.round(centre).astype(int).tolist()
        cv2.ellipse(mask, place, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
        centre = np.clip(centre + rng.normal(0, 0.14, 2) * side, 0.25 * side, 0.75 * side)
    if rng.random() < 0.6:
        shoulders = (rng.uniform((0.22, 0.2), (0.42, 0.38)) * side).astype(int).tolist()
        cv2.ellipse(mask, (side // 2, side), shoulders, 0, 0, 360, 255, -1, cv2.LINE_AA)
    return mask


def _dyed(texture: RgbImage, rng: np.random.Generator) -> Picture:
    """A photograph's colours, drawn together towards one colour by some degree."""
    picture = _unit(texture[..., rng.permutation(3)])
    hue = rng.uniform(0.03, 0.95, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(0.03, 0.95))
    kept = rng.uniform(0.1, 1)
    picture = np.float32(kept) * picture + ((1 - kept) * hue).astype(np.float32)
    return defocused(picture, rng.uniform(0, 4))


def _hair(canvas: _Canvas, body: Levels, rng: np.random.Generator) -> None:
    """Locks and single hairs that leave the outline, fall, and curl."""
    side = body.shape[0]
    comb, curl = rng.normal(0, 0.5), rng.exponential(0.5)
    for layer in range(rng.integers(3, 6)):
        single = layer > 1
        count = int(rng.uniform(30, 110) if single else rng.uniform(8, 40))
        longest = rng.uniform(0.06, 0.3) * side
        lines = [
            _strand(root, out, rng.uniform(0.3, 1) * longest, comb, curl, rng)
            for root, out in _outline(body, count, rng)
        ]
        wide = rng.uniform(0.4, 1.6) if single else rng.uniform(1.5, 5)
        _draw(canvas, lines, wide * side / 700, rng.uniform(0.35, 1), rng)


def _fur(canvas: _Canvas, body: Levels, rng: np.random.Generator) -> None:
    """Short, dense, all round."""
    side = body.shape[0]
    comb, curl = rng.normal(0, 0.4), rng.exponential(0.2)
    for _ in range(3):
        longest = rng.uniform(0.012, 0.06) * side
        lines = [
            _strand(root, out, rng.uniform(0.4, 1) * longest, comb, curl, rng)
            for root, out in _outline(body, int(rng.uniform(250, 700)), rng)
        ]
        _draw(canvas, lines, rng.uniform(0.6, 2) * side / 700, rng.uniform(0.5, 1), rng)


def _glass(canvas: _Canvas, body: Levels, rng: np.random.Generator) -> None:
    """A rim, a body that half lets through, and lights on it."""
    side = body.shape[0]
    inner = cv2.erode(body, disc(max(1, int(rng.uniform(0.004, 0.02) * side))))
    inner = _unit(cv2.GaussianBlur(inner, (0, 0), rng.uniform(0.5, 0.01 * side)))
    canvas.alpha = canvas.alpha * (1 - inner * np.float32(rng.uniform(0.35, 0.9)))
    for _ in range(rng.integers(1, 5)):
        spot = np.zeros_like(body)
        axes = np.maximum(rng.uniform(0.005, 0.06, 2) * side, 1).astype(int).tolist()
        place = (rng.uniform(0.3, 0.7, 2) * side).astype(int).tolist()
        cv2.ellipse(spot, place, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
        cover = _unit(cv2.GaussianBlur(spot, (0, 0), rng.uniform(0.5, 4)))
        light = np.full_like(canvas.colour, rng.uniform(0.7, 1))
        canvas.add(cover * (body > 0) * np.float32(rng.uniform(0.4, 1)), light)


def _holes(canvas: _Canvas, body: Levels, rng: np.random.Generator) -> None:
    """Gaps, bars, leaves and wires: background seen through, and thin things sticking out."""
    side = body.shape[0]
    gaps = np.zeros((side, side), np.uint8)
    for _ in range(rng.integers(3, 25)):
        corners = rng.uniform(0.2, 0.8, 2) + rng.normal(0, rng.uniform(0.01, 0.06), (5, 2))
        hull = cv2.convexHull((corners * side).astype(np.int32))
        cv2.fillPoly(gaps, [hull], 255, cv2.LINE_AA)
    canvas.alpha = canvas.alpha * (1 - _unit(gaps))
    lines = [
        _strand(root, out, rng.uniform(0.05, 0.3) * side, 0, rng.exponential(0.3), rng)
        for root, out in _outline(body, int(rng.uniform(10, 50)), rng)
    ]
    _draw(canvas, lines, rng.uniform(1, 7) * side / 700, 1, rng)


def _plain(canvas: _Canvas, body: Levels, rng: np.random.Generator) -> None:
    """Nothing but an outline, sharp or out of focus."""
    if rng.random() < 0.5:
        sigma = rng.uniform(0.5, 8) * body.shape[0] / 700
        canvas.alpha = np.asarray(cv2.GaussianBlur(canvas.alpha, (0, 0), sigma))


_DRAW: dict[str, Callable[[_Canvas, Levels, np.random.Generator], None]] = {
    "hair": _hair,
    "fur": _fur,
    "glass": _glass,
    "holes": _holes,
    "plain": _plain,
}


def _outline(body: Levels, count: int, rng: np.random.Generator) -> Iterator[tuple[Points, Points]]:
    """Places a little inside a body's outline, and the ways out there: (2,) each."""
    contours, _ = cv2.findContours(body, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=len)[:, 0].astype(np.float64)
    middle = outline.mean(0)
    part = rng.uniform(0.3, 1)  # hair leaves a part of the outline, from some place on
    places = rng.uniform(0, part, count) + rng.uniform()
    for place in places:
        root = outline[int(place * len(outline)) % len(outline)]
        out = (root - middle) / (np.linalg.norm(root - middle) + 1e-6)
        yield root - out * 0.02 * body.shape[0] * rng.uniform(), out


def _strand(
    root: Points, out: Points, length: float, comb: float, curl: float, rng: np.random.Generator
) -> Points:
    """A bent line; `comb` turns all of them one way, in radians, `curl` makes waves."""
    turn = comb + rng.normal(0, 0.35)
    way = np.array(
        [
            out[0] * np.cos(turn) - out[1] * np.sin(turn),
            out[0] * np.sin(turn) + out[1] * np.cos(turn),
        ]
    )
    along = np.linspace(0, 1, 14)[:, None]
    fall = along**2 * np.array([0, rng.uniform(0, 0.5)])
    waves = np.sin(along * rng.uniform(2, 14) + rng.uniform(0, 6)) * np.array([-way[1], way[0]])
    return np.asarray(root + length * (along * way + fall + 0.06 * curl * along * waves))


def _draw(
    canvas: _Canvas, lines: list[Points], wide: float, opacity: float, rng: np.random.Generator
) -> None:
    """All lines in shades of the canvas's colour at their roots, some pixels wide."""
    side = canvas.alpha.shape[0]
    cover = np.zeros((side * _FINE, side * _FINE), np.uint8)
    shade = np.zeros((side, side, 3), np.float32)
    thin = max(1, round(wide * _FINE))
    faint = min(1.0, wide * _FINE)
    for line in lines:
        x, y = np.clip(line[0], 0, side - 1).astype(int)
        tone = np.clip(canvas.colour[y, x] * np.exp(rng.normal(0, 0.25)), 0, 1)
        cv2.polylines(cover, [_fixed(line * _FINE)], False, 255, thin, cv2.LINE_AA, 4)
        cv2.polylines(shade, [_fixed(line)], False, tone.tolist(), max(3, thin + 2), 8, 4)
    alpha = _unit(resize(cover, side, side)) * np.float32(opacity * faint)
    drawn = shade.max(2, keepdims=True) > 0
    canvas.add(alpha, np.where(drawn, shade, canvas.colour))


def _fixed(line: Points) -> NDArray[np.int32]:
    """In sixteenths of a pixel, as OpenCV takes them."""
    return np.round(line * 16).astype(np.int32)


def _unit(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return levels.astype(np.float32) / np.float32(255)

"""Light, colour, lens and camera, at random. Pictures are float32 (H, W, 3), RGB of 0…1."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import AlphaMatte, RgbImage

_DARKEST = 0.18
"""The mean of the darkest pictures, of 1: a camera's own exposure lets none be darker."""

Picture = NDArray[np.float32]


def in_levels(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """0…255 for 0…1, rounded, of any shape."""
    return np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)


def relit(picture: Picture, rng: np.random.Generator, strength: float = 1) -> Picture:
    """Another exposure, gamma, colour temperature, saturation and contrast."""
    exposure = np.exp(rng.normal(0, 0.22 * strength))
    warmth, tint = rng.normal(0, 0.09 * strength), rng.normal(0, 0.04 * strength)
    gains = exposure * np.exp(np.array((warmth, tint, -warmth)))
    gamma = np.exp(rng.normal(0, 0.2 * strength))
    result = cv2.pow(np.clip(picture, 0, 1), gamma) * gains.astype(np.float32)
    grey = _grey(result)
    result = grey + (result - grey) * np.float32(np.clip(rng.normal(1, 0.25 * strength), 0, 2))
    middle = np.float32(cv2.mean(grey)[0])
    return (result - middle) * np.float32(np.exp(rng.normal(0, 0.15 * strength))) + middle


def lit_from_a_side(picture: Picture, rng: np.random.Generator) -> Picture:
    """Brighter towards one direction and darker away from it, as beside a window or a lamp."""
    size = picture.shape[0]
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.6)
    along = np.linspace(-1, 1, size, dtype=np.float32)
    slope = np.float32(np.cos(angle)) * along + np.float32(np.sin(angle)) * along[:, None]
    return picture * (1 + np.float32(depth) * slope)[..., None]


def dressed(picture: Picture, neck: float, rng: np.random.Generator) -> Picture:
    """Below the neck, a row, in other clothes: dark ones more often than not."""
    grey = _grey(picture)
    if rng.random() < 0.65:
        colour = np.exp(rng.normal(0, 0.1, 3)) * rng.uniform(0.08, 0.45)
    else:
        colour = rng.uniform(0.15, 1.3, 3)
    cloth = grey + (picture - grey) * np.float32(rng.uniform(0, 0.6))
    return _below(picture, cloth * colour.astype(np.float32), neck)


def camouflaged(
    picture: Picture, neck: float, alpha: AlphaMatte, room: Picture, rng: np.random.Generator
) -> Picture:
    """Below the neck, a row, in clothes of nearly the colour of the room behind them."""
    rows = slice(int(np.clip(neck, 0, picture.shape[0] - 1)), None)
    mask = (alpha[rows] > 0.5).astype(np.uint8)
    behind = np.array(cv2.mean(room[rows], mask)[:3], np.float32)
    worn = np.array(cv2.mean(picture[rows], mask)[:3], np.float32)
    gains = (behind + 0.01) / (worn + 0.01) * np.exp(rng.normal(0, 0.12, 3))
    return _below(picture, picture * gains.astype(np.float32), neck)


def _below(picture: Picture, other: Picture, neck: float) -> Picture:
    """The other picture below that row."""
    rows = np.arange(picture.shape[0], dtype=np.float32)
    below = np.clip((rows - np.float32(neck)) / (0.04 * picture.shape[0]) + 0.5, 0, 1)
    return picture + below[:, None, None] * (other - picture)


def defocused(picture: Picture, sigma: float) -> Picture:
    """Out of focus by a Gaussian of this deviation in pixels."""
    if sigma < 0.3:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def filmed(picture: Picture, rng: np.random.Generator) -> RgbImage:
    """As a camera and a codec give it: light, blur, few pixels, noise, compression; uint8."""
    size = picture.shape[0]
    if rng.random() < 0.6:
        picture = relit(picture, rng, 0.6)
    if rng.random() < 0.15:
        picture = picture * np.float32(rng.uniform(0.35, 0.8))
    picture = picture * np.float32(max(1.0, _DARKEST / max(sum(cv2.mean(picture)) / 3, 0.01)))
    if rng.random() < 0.3:
        picture = defocused(picture, rng.uniform(0.3, 1.3) * size / 256)
    if rng.random() < 0.15:
        picture = _shaken(picture, rng)
    if rng.random() < 0.2:
        picture = coarse(picture, rng.uniform(0.35, 0.8))
    if rng.random() < 0.5:
        picture = noisy(picture, rng)
    levels = in_levels(picture)
    return compressed(levels, rng) if rng.random() < 0.5 else levels


def coarse(picture: Picture, part: float) -> Picture:
    """Made smaller by this part, and large again."""
    size = picture.shape[0]
    small = max(4, round(size * part))
    shrunk = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (size, size)), np.float32)


def _grey(picture: Picture) -> Picture:
    """The mean of the three colours, (H, W, 1): NumPy's own takes ten times as long."""
    return np.asarray(cv2.transform(picture, np.full((1, 3), 1 / 3)), np.float32)[..., None]


def _shaken(picture: Picture, rng: np.random.Generator) -> Picture:
    length = int(rng.integers(3, 8))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    centre = ((length - 1) / 2,) * 2
    turn = cv2.getRotationMatrix2D(centre, rng.uniform(0, 180), 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return np.asarray(cv2.filter2D(picture, -1, kernel / max(kernel.sum(), 1e-3)), np.float32)


def noisy(picture: Picture, rng: np.random.Generator) -> Picture:
    """Grey and coloured noise, sometimes of a coarser grain than a pixel."""
    size = picture.shape[0]
    grain = size if rng.random() < 0.6 else size // 2
    noise = rng.standard_normal((grain, grain, 3), dtype=np.float32)
    noise += rng.standard_normal((grain, grain, 1), dtype=np.float32)
    noise *= np.float32(rng.uniform(0.004, 0.035))
    return picture + (noise if grain == size else cv2.resize(noise, (size, size)))


def compressed(levels: RgbImage, rng: np.random.Generator) -> RgbImage:
    quality = int(rng.integers(18, 92))
    _, code = cv2.imencode(".jpg", levels, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)

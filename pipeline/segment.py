"""What is foreground: a network's coarse matte."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, Self

import cv2
import numpy as np

from pipeline.closer import CloserLook
from pipeline.colour import Plane
from pipeline.frame import AlphaMatte, Frame, RgbImage, Roi
from pipeline.models import CATALOGUE, DEFAULT_MODEL, LIVE_SIZES, find_closer, find_model
from pipeline.network import NetworkSpec
from pipeline.runtime import Network, RuntimeOptions, load_network
from pipeline.subject import WHOLE, Look, part_of
from pipeline.views import Shapes, stretch, view, with_alpha

_DEFAULT_RUNTIME = RuntimeOptions()
_TOUCHES = 0.5
_DOUBT = 1e-4
"""That a look is wrong, however sure it is."""


def live_sizes(model: str) -> tuple[int, ...]:
    """The sides of input that the quality ladder steps through; none if it takes only its own."""
    return CATALOGUE[model].live if model in CATALOGUE else LIVE_SIZES


class Segmenter(Protocol):
    """A frame in, its coarse alpha out: float32 (h, w) stretched over the whole frame.

    `look` says where the subject is expected; a segmenter may look there alone, and then gives 0
    elsewhere. It may be called from several threads at once.
    """

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte: ...


class U2Net:
    """U²-Net (Qin et al., Pattern Recognition 106, 2020) and its relatives of the catalogue.

    The alpha is the network's own sigmoid. The authors' script stretches each matte to 0 … 1, which
    makes video flicker and divides by zero on a flat one.
    """

    def __init__(
        self,
        networks: Mapping[int, Shapes],
        *,
        takes_previous: bool = False,
        model: str | None = None,
        mirror: bool = False,
        closer: CloserLook | None = None,
    ) -> None:
        """`networks` of a model by size and shape of their input, see `NetworkSpec`.

        Of a size the one is used whose shape is nearest to that of what is looked at. With `mirror`
        everything is looked at twice, the second time in a mirror, where a network errs otherwise:
        the mean of both looks' logits counts. `closer` looks again at what the largest has found,
        where a look asks for that.
        """
        self.sizes = sorted(networks, reverse=True)
        self.networks = networks
        self.takes_previous, self.model, self.mirror = takes_previous, model, mirror
        self.closer = closer

    @classmethod
    def load(
        cls,
        model: str = DEFAULT_MODEL,
        options: RuntimeOptions = _DEFAULT_RUNTIME,
        sizes: Sequence[int] = (),
        mirror: bool = False,
        closer: bool = True,
    ) -> Self:
        """By the catalogue's name, or the path of an .onnx file; raises ModelError.

        `sizes` are multiples of 32; where there is none it is the one that the model was made for.
        Smaller ones are for those in a hurry: they, and whoever wants no `closer`, get no second
        look.
        """
        path, spec = find_model(model)
        networks = {
            size: _shapes(path, replace(spec, size=size), _aspects(model, size), options)
            for size in sizes or (spec.size,)
        }
        looks_again = closer and max(networks) >= spec.size
        return cls(
            networks,
            takes_previous=spec.takes_previous,
            model=model,
            mirror=mirror,
            closer=_closer(model, options) if looks_again else None,
        )

    @property
    def network(self) -> Network:
        """The largest, for what is looked at most."""
        return next(iter(self.networks[self.sizes[0]].values()))

    @property
    def runs_on(self) -> dict[str, str | int | None]:
        """What really runs: a GPU that idles is found here."""
        return {
            "model": self.model,
            "runtime": self.network.runtime,
            "device": self.network.device,
            "precision": self.network.precision,
            "size": self.sizes[0],
            "mirror": self.mirror,
            "closer": self.closer is not None,
        }

    def __call__(self, frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        """A subject that reaches over the crop's border is looked at again in the whole frame."""
        size = self.sizes[min(look.smaller, len(self.sizes) - 1)]
        closer = self._looking_again(look)
        side = max(size, closer.side) if closer else size
        step = 2 if min(frame.width, frame.height) >= 2 * side else 1
        picture = frame.reduced(step)
        if look.crop is None:
            return self._see(picture, size, look)
        left, top = look.crop.left // step, look.crop.top // step
        right, bottom = -(-look.crop.right // step), -(-look.crop.bottom // step)
        alpha = self._see(picture[top:bottom, left:right], size, _within(look, look.crop, frame))
        if _reaches_over(alpha, look.crop, frame):
            return self._see(picture, size, look)
        height, width = picture.shape[:2]
        whole = np.zeros((height, width), np.float32)
        whole[top:bottom, left:right] = stretch(alpha, right - left, bottom - top)
        return whole

    def _see(self, picture: RgbImage, size: int, look: Look) -> AlphaMatte:
        alpha = self._seen(picture, size, look.previous)
        if self.mirror:
            before = None if look.previous is None else _mirrored(look.previous)
            alpha = _agreed(alpha, _mirrored(self._seen(_mirrored(picture), size, before)))
        closer = self._looking_again(look)
        return closer(picture, alpha, look.closer) if closer and look.closer else alpha

    def _looking_again(self, look: Look) -> CloserLook | None:
        """The closer look, where it is wanted."""
        return None if look.smaller or look.closer is None else self.closer

    def _seen(self, picture: RgbImage, size: int, previous: AlphaMatte | None) -> AlphaMatte:
        network, shown = view(self.networks[size], picture)
        return network(with_alpha(shown, previous) if self.takes_previous else shown)


def _closer(model: str, options: RuntimeOptions) -> CloserLook | None:
    found = find_closer(model)
    if found is None:
        return None
    entry, weight = found
    return CloserLook(_shapes(entry.path, entry.spec, entry.aspects, options), weight)


def _shapes(
    path: Path, spec: NetworkSpec, aspects: Sequence[float], options: RuntimeOptions
) -> Shapes:
    """The network of a file in every shape that it is good in."""
    chosen = [replace(spec, aspect=one) for one in aspects]
    return {one.shape: load_network(path, one, options) for one in chosen}


def _aspects(model: str, size: int) -> tuple[float, ...]:
    """The shapes in which a model is used at a size: larger than its own only as a square.

    Shown wide pictures larger than any that it was trained on, a network sees things in the room.
    """
    entry = CATALOGUE.get(model)
    return entry.aspects if entry and size <= entry.spec.size else (1.0,)


def _agreed(one: AlphaMatte, other: AlphaMatte) -> AlphaMatte:
    """The alpha whose logit is the mean of both alphas' logits."""
    one, other = np.clip(one, 0, 1), np.clip(other, 0, 1)  # a network of one's own may round
    inside = np.sqrt(one * other) + np.float32(_DOUBT)
    outside = np.sqrt((1 - one) * (1 - other)) + np.float32(_DOUBT)
    return inside / (inside + outside)


def _mirrored(plane: Plane) -> Plane:
    return cv2.flip(plane, 1)


def _within(look: Look, crop: Roi, frame: Frame) -> Look:
    """The look with the part of the previous alpha that lies in the crop."""
    before = look.previous
    return look if before is None else replace(look, previous=before[part_of(before, crop, frame)])


def _reaches_over(alpha: AlphaMatte, crop: Roi, frame: Frame) -> bool:
    """Whether the subject touches a border of the crop that is none of the frame."""
    inner = (
        (crop.left > 0, alpha[:, 0]),
        (crop.top > 0, alpha[0]),
        (crop.right < frame.width, alpha[:, -1]),
        (crop.bottom < frame.height, alpha[-1]),
    )
    return any(inside and line.max() > _TOUCHES for inside, line in inner)

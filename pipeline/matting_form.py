"""What a matting network of an ONNX file wants: which inputs, of what size, how normalised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.frame import RgbImage, Trimap
from pipeline.network import IMAGENET, PIXEL_MAX
from pipeline.trimap import UNKNOWN

UNDERSTOOD = (
    "one float32 input (1, 4, H, W) of picture and trimap, or two: the picture (1, 3, H, W) and "
    "the trimap (1, 1, H, W) or (1, 3, H, W), with H and W both fixed or both free"
)
_MEAN, _STD = IMAGENET
"""What is taken where a file does not say."""

Tensor = NDArray[np.float32]
"""float32 (1, C, H, W)."""


@dataclass(frozen=True, slots=True)
class Input:
    """One of a network's inputs, as its file has it; sides that are None may be any."""

    name: str
    shape: tuple[int | None, ...]
    is_float: bool = True

    def __str__(self) -> str:
        sides = ", ".join("any" if side is None else str(side) for side in self.shape)
        return f"{self.name} ({sides})" + ("" if self.is_float else " that is no float32")

    @property
    def channels(self) -> int | None:
        """None where it is no picture."""
        is_picture = self.is_float and len(self.shape) == 4 and self.shape[0] in (1, None)
        return self.shape[1] if is_picture else None


@dataclass(frozen=True, slots=True)
class Scaling:
    """What becomes of the picture's 0…255: times `scale`, less `mean`, divided by `std`."""

    mean: tuple[float, ...] = _MEAN
    std: tuple[float, ...] = _STD
    scale: float = 1 / PIXEL_MAX

    @classmethod
    def of(cls, path: Path, metadata: Mapping[str, str]) -> Self:
        """As a file's metadata_props say, such as mean = 0.5,0.5,0.5. Raises ModelError."""
        mean = _numbers(path, metadata, "mean", 3, _MEAN)
        std = _numbers(path, metadata, "std", 3, _STD)
        (scale,) = _numbers(path, metadata, "scale", 1, (1 / PIXEL_MAX,))
        return cls(mean, std, scale)


@dataclass(frozen=True, slots=True)
class Form:
    """Names of the inputs, and height and width where they are fixed.

    `trimap` is None where it is the fourth channel of the picture's input; `one_hot`: it has three
    channels, background, unknown and foreground, else one of 0…1.
    """

    picture: str
    trimap: str | None
    one_hot: bool
    size: tuple[int, int] | None

    @classmethod
    def of(cls, path: Path, inputs: Sequence[Input]) -> Self:
        """Raises ModelError, which names the inputs, where it is not clear what they are for."""
        match sorted(inputs, key=_trimaps_last):
            case [Input(channels=4) as one]:
                picture, trimap = one, None
            case [Input(channels=3) as one, Input(channels=1 | 3) as other]:
                picture, trimap = one, other
            case _:
                raise _unclear(path, inputs)
        sizes = {one.shape[2:] for one in inputs}
        height, width = sizes.pop()
        if sizes or (height is None) != (width is None):
            raise _unclear(path, inputs)
        size = None if height is None or width is None else (height, width)
        one_hot = trimap is not None and trimap.channels == 3
        return cls(picture.name, trimap.name if trimap else None, one_hot, size)

    def tensors(self, rgb: RgbImage, trimap: Trimap, scaling: Scaling) -> dict[str, Tensor]:
        """The inputs by name, of RGB uint8 (h, w, 3) and a trimap (h, w) of the wanted size."""
        scaled = rgb * np.float32(scaling.scale) - np.array(scaling.mean, np.float32)
        picture = _channels_first(scaled / np.array(scaling.std, np.float32))
        levels = _channels_first(
            _one_hot(trimap) if self.one_hot else trimap[..., None] / PIXEL_MAX
        )
        if self.trimap is None:
            return {self.picture: np.concatenate([picture, levels], axis=1)}
        return {self.picture: picture, self.trimap: levels}


def _trimaps_last(one: Input) -> tuple[bool, int]:
    return "trimap" in one.name.lower(), -(one.channels or 0)


def _unclear(path: Path, inputs: Sequence[Input]) -> ModelError:
    found = " and ".join(map(str, inputs))
    return ModelError(
        f"{path}: no matting network that is understood: it takes {found}, not {UNDERSTOOD}"
    )


def _one_hot(trimap: Trimap) -> NDArray[np.bool_]:
    return np.stack([trimap == level for level in (0, UNKNOWN, 255)], axis=-1)


def _channels_first(picture: NDArray[np.generic]) -> Tensor:
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)


def _numbers(
    path: Path, metadata: Mapping[str, str], name: str, count: int, usual: tuple[float, ...]
) -> tuple[float, ...]:
    if name not in metadata:
        return usual
    try:
        found = tuple(float(part) for part in metadata[name].split(","))
    except ValueError:
        found = ()
    if len(found) != count or (name == "std" and 0 in found):
        wanted = "0.5,0.5,0.5" if count == 3 else "0.00392"
        raise ModelError(f"{path}: its {name} {metadata[name]!r} should be like {wanted}")
    return found

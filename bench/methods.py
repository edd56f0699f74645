"""What is judged: something that takes the frames of a clip and gives their mattes."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import cv2

from pipeline.composite import solid
from pipeline.errors import LivematteError, ModelError
from pipeline.frame import AlphaMatte, Frame
from pipeline.matting import Matting
from pipeline.models import CATALOGUE, DEFAULT_MODEL, find_model
from pipeline.patch_network import Refine, wanted_patch_network
from pipeline.refine import GanRefiner
from pipeline.runtime import RuntimeOptions, load_network
from pipeline.segment import Segmenter, U2Net
from pipeline.subject import WHOLE, Look

ClipMatter = Callable[[Sequence[Frame]], Iterable[AlphaMatte]]
"""The frames of a clip, in order, to their mattes: float32 (H, W) of the frames' own size.

Every call is a clip of its own; a photo is a clip of one frame.
"""


class AbsentError(LivematteError):
    """A method cannot be measured here: the text says why."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A method that is ready, and what exactly it runs on."""

    matte: ClipMatter
    ran_as: str


class Method(Protocol):
    """`name` is for `--only`, `title` for the report, `what` says it in a sentence's part.

    `sources` are the files that decide its mattes, as globs from the repository's root.
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def sources(self) -> tuple[str, ...]: ...

    def open(self) -> AbstractContextManager[Loaded]:
        """Get it ready; raises AbsentError, here or while it mattes."""
        ...


PUBLISHED_SIZE = 320
"""Side of the picture that U²-Net was trained on."""


@dataclass(frozen=True, slots=True)
class Switch:
    """Our own pipeline with one setting of its switches."""

    name: str
    title: str
    what: str
    load: Callable[[], U2Net]
    matter: Callable[[Segmenter], ClipMatter]
    sources: tuple[str, ...] = (
        "pipeline/**/*.py",
        "pipeline/calibration/*",
        "pipeline/weights/*",
        "bench/methods.py",
    )

    @contextmanager
    def open(self) -> Iterator[Loaded]:
        try:
            segmenter = self.load()
        except ModelError as error:
            raise AbsentError(without_places(str(error))) from error
        network = segmenter.network
        ran_as = f"{network.runtime} {network.precision}, input {segmenter.sizes[0]}"
        yield Loaded(self.matter(segmenter), ran_as)


def smoothed(segmenter: Segmenter) -> ClipMatter:
    """The whole pipeline, with a fresh state for every clip."""
    return _pipeline(segmenter)


def not_smoothed(segmenter: Segmenter) -> ClipMatter:
    """The whole pipeline, each frame's edge for itself."""
    return _pipeline(segmenter, smooth=False)


def not_followed(segmenter: Segmenter) -> ClipMatter:
    """The whole pipeline, which looks at whole frames."""
    return _pipeline(segmenter, follow=False)


def forgetful(segmenter: Segmenter) -> ClipMatter:
    """The whole pipeline, whose network is never shown a matte before."""
    return _pipeline(_without_previous(segmenter))


def alone(segmenter: Segmenter) -> ClipMatter:
    """The pipeline without any state, and no patches: whole frames, each for itself."""
    return _pipeline(_without_previous(segmenter), smooth=False, follow=False, refine="off")


def _without_previous(segmenter: Segmenter) -> Segmenter:
    def coarse_alpha(frame: Frame, look: Look = WHOLE) -> AlphaMatte:
        return segmenter(frame, replace(look, previous=None))

    return coarse_alpha


def not_refined(segmenter: Segmenter) -> ClipMatter:
    """The whole pipeline, its edge as the guided filter leaves it after one look."""
    return _pipeline(segmenter, refine="off")


def _pipeline(
    segmenter: Segmenter, *, smooth: bool = True, follow: bool = True, refine: Refine = "auto"
) -> ClipMatter:
    patches = wanted_patch_network(refine)

    def matte(frames: Sequence[Frame]) -> Iterator[AlphaMatte]:
        edges = GanRefiner(patches) if patches else None
        matting = Matting(
            segmenter, solid(0, 0, 0), smooth=smooth, follow=follow, edges=edges, refine=refine
        )
        for matted in matting.film(frames):
            yield matted.alpha

    return matte


def network_alone(segmenter: Segmenter) -> ClipMatter:
    """The network's matte brought to the frame's size bilinearly, and no step after it."""

    def matte(frames: Sequence[Frame]) -> Iterator[AlphaMatte]:
        for frame in frames:
            yield cv2.resize(segmenter(frame), (frame.width, frame.height))

    return matte


def own_switches() -> list[Switch]:
    """The pipeline as it ships, with single switches turned, and with every other model."""
    whole, still = "the pipeline as it ships", "the same without smoothing over time"
    coarse = "the same, its edge neither looked at again nor refined in patches: `--refine off`"
    fixed = "the same, looking at whole frames rather than where the subject is"
    forgets = "the same, the network not being shown the matte of a frame before"
    apart = "no smoothing, no patches, whole frames, and the network not shown the matte before"
    twice = "the pipeline as it ships, each frame seen in a mirror, too: `--mirror`"
    once = "the pipeline as it ships, without a second, closer look"
    bare = "the same network on whole frames with no step after it, brought to size bilinearly"
    fused = "the published U²-Netp's fused output in full precision at 320, frame by frame"
    return [
        Switch("default", "livematte", whole, U2Net.load, smoothed),
        Switch("unsmoothed", "livematte, not smoothed", still, U2Net.load, not_smoothed),
        Switch("unrefined", "livematte, not refined", coarse, U2Net.load, not_refined),
        Switch("whole", "livematte, not following", fixed, U2Net.load, not_followed),
        Switch("forgetful", "livematte, forgetful", forgets, U2Net.load, forgetful),
        Switch("alone", "livematte, stateless", apart, U2Net.load, alone),
        Switch("network", "livematte, network alone", bare, U2Net.load, network_alone),
        Switch("once", "livematte, one look", once, _without_closer, smoothed),
        Switch("mirror", "livematte, in a mirror too", twice, _in_a_mirror, smoothed),
        Switch("published", "livematte, network as published", fused, _as_published, alone),
        *(
            Switch(name, f"livematte, {name}", entry.what, _loader(name), smoothed)
            for name, entry in CATALOGUE.items()
            if name != DEFAULT_MODEL
        ),
    ]


def _loader(model: str) -> Callable[[], U2Net]:
    return lambda: U2Net.load(model)


def _without_closer() -> U2Net:
    return U2Net.load(closer=False)


def _in_a_mirror() -> U2Net:
    return U2Net.load(mirror=True)


def _as_published() -> U2Net:
    path, spec = find_model("u2netp")
    fused = replace(spec, size=PUBLISHED_SIZE, output=0, logit_offset=0.0)
    network = load_network(path, fused, RuntimeOptions("openvino", "f32"))
    return U2Net({fused.size: {fused.shape: network}})


def without_places(text: str) -> str:
    """One line that names no folder and no host, so that it can be published."""
    line = " ".join(text.split())
    line = re.sub(r"\bhost='[^']*'", "host", line)
    line = re.sub(r"\b\w+://\S+", "the package index", line)
    return re.sub(r"(?:(?<=^)|(?<=[\s'\"(=]))/(?:[\w.+-]+/)*([\w.+-]+)", r"\1", line)

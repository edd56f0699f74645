"""The networks of a command, and the pipelines that they make."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pipeline.closed_form import ClosedForm
from pipeline.composite import Background
from pipeline.errors import OptionError
from pipeline.matte_options import AS_FOUND, MatteOptions
from pipeline.matting import Matting
from pipeline.matting_network import MattingNetwork
from pipeline.patch_network import PatchNetwork, Refine, refines_all, wanted_patch_network
from pipeline.refine import EdgeRefiner, GanRefiner, warm_up
from pipeline.runtime import RuntimeOptions
from pipeline.scales import SeveralScales
from pipeline.second_stage import TrimapMatting, TrimapRefiner
from pipeline.segment import U2Net, live_sizes


@dataclass(frozen=True, slots=True)
class LoadedNetworks:
    """What looks at frames and, where it is wanted and to be had, what refines their edges.

    `patches` or `second` does that, or neither. `budget` is in seconds a frame.
    """

    segmenter: U2Net
    patches: PatchNetwork | None = None
    refine: Refine = "auto"
    budget: float = math.inf
    second: TrimapMatting | None = None

    @classmethod
    def load(
        cls,
        model: str,
        options: RuntimeOptions,
        sizes: Sequence[int] = (),
        refine: Refine = "auto",
        budget: float = math.inf,
        edges: str = GanRefiner.name,
        mirror: bool = False,
    ) -> Self:
        """Raises ModelError, or OptionError where what `edges` names is not installed.

        With a budget the network is loaded in all `sizes` that quality steps through, if none are
        given, and what refines is run once, so that it does not seem slow at first.
        """
        if math.isfinite(budget):
            sizes = sizes or live_sizes(model)
        segmenter = U2Net.load(model, options, sizes, mirror, closer=refines_all(refine, budget))
        single = replace(options, parallel=1)
        if edges != GanRefiner.name:
            return cls(segmenter, None, refine, budget, _second_stage(edges, single))
        patches = wanted_patch_network(refine, single)
        if patches is not None and math.isfinite(budget):
            warm_up(patches)
        return cls(segmenter, patches, refine, budget)

    @property
    def runs_on(self) -> dict[str, str | int | None]:
        """What really runs, and what refines edges; None: nothing does."""
        refiner = self._refiner()
        return self.segmenter.runs_on | {"edges": refiner.name if refiner else None}

    def matting(
        self,
        background: Background,
        *,
        smooth: bool = True,
        follow: bool = True,
        options: MatteOptions = AS_FOUND,
    ) -> Matting:
        """A new pipeline, that remembers nothing yet."""
        return Matting(
            self.segmenter,
            background,
            smooth=smooth,
            follow=follow,
            edges=self._refiner(),
            refine=self.refine,
            options=options,
            budget=self.budget,
        )

    def picture_matting(self, background: Background, options: MatteOptions = AS_FOUND) -> Matting:
        """A pipeline for pictures, each for itself, that looks closer at what is small."""
        matting = self.matting(background, smooth=False, follow=False, options=options)
        matting.segmenter = SeveralScales(self.segmenter)
        return matting

    def _refiner(self) -> EdgeRefiner | None:
        if self.second is not None:
            return TrimapRefiner(self.second)
        return GanRefiner(self.patches) if self.patches else None


@dataclass(frozen=True, slots=True)
class NetworkChoice:
    """What `LoadedNetworks.load` is given, here or on another machine.

    `edges` is gan, closed-form, or the path of a matting network; raises OptionError.
    """

    model: str
    runtime: RuntimeOptions
    sizes: tuple[int, ...] = ()
    refine: Refine = "auto"
    budget: float = math.inf
    edges: str = GanRefiner.name
    mirror: bool = False

    def __post_init__(self) -> None:
        if self.edges == GanRefiner.name:
            return
        if self.edges != ClosedForm.name and not self.edges.endswith(".onnx"):
            raise OptionError(
                f"edges {self.edges!r}: gan, closed-form, or the path of an .onnx file"
            )
        if self.refine == "off":
            raise OptionError(f"edges {self.edges} with --refine off: leave one of them out")
        if self.refine == "auto" and math.isfinite(self.budget):
            raise OptionError(
                f"edges {self.edges} with --budget: it does whole frames, however long that takes: "
                "leave the budget out, or take --edges gan"
            )

    @property
    def resolved(self) -> Self:
        """The same with absolute paths."""
        return replace(self, model=_absolute(self.model), edges=_absolute(self.edges))

    def load(self) -> LoadedNetworks:
        """Raises ModelError or OptionError."""
        return LoadedNetworks.load(
            self.model,
            self.runtime,
            self.sizes,
            self.refine,
            self.budget,
            self.edges,
            self.mirror,
        )


def _second_stage(edges: str, options: RuntimeOptions) -> TrimapMatting:
    return ClosedForm() if edges == ClosedForm.name else MattingNetwork(Path(edges), options)


def _absolute(name: str) -> str:
    """Of a file; what is none stays the name that it is."""
    return str(Path(name).resolve()) if name.endswith(".onnx") else name

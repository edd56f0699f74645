"""The networks of a command, and the pipelines that they make."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from pipeline.composite import Background
from pipeline.matte_options import AS_FOUND, MatteOptions
from pipeline.matting import Matting
from pipeline.patch_network import PatchNetwork, Refine, wanted_patch_network
from pipeline.refine import GanRefiner, warm_up
from pipeline.runtime import RuntimeOptions
from pipeline.segment import U2Net, live_sizes


@dataclass(frozen=True, slots=True)
class LoadedNetworks:
    """What looks at frames and, where it is wanted and to be had, what refines their edges.

    `budget` is in seconds a frame.
    """

    segmenter: U2Net
    patches: PatchNetwork | None = None
    refine: Refine = "auto"
    budget: float = math.inf

    @classmethod
    def load(
        cls,
        model: str,
        options: RuntimeOptions,
        sizes: Sequence[int] = (),
        refine: Refine = "auto",
        budget: float = math.inf,
    ) -> Self:
        """Raises ModelError.

        With a budget the network is loaded in all `sizes` that quality steps through, if none are
        given, and what refines is run once, so that it does not seem slow at first.
        """
        if math.isfinite(budget):
            sizes = sizes or live_sizes(model)
        segmenter = U2Net.load(model, options, sizes)
        patches = wanted_patch_network(refine, replace(options, parallel=1))
        if patches is not None and math.isfinite(budget):
            warm_up(patches)
        return cls(segmenter, patches, refine, budget)

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
            edges=GanRefiner(self.patches) if self.patches else None,
            refine=self.refine,
            options=options,
            budget=self.budget,
        )


@dataclass(frozen=True, slots=True)
class NetworkChoice:
    """What `LoadedNetworks.load` is given, here or on another machine."""

    model: str
    runtime: RuntimeOptions
    sizes: tuple[int, ...] = ()
    refine: Refine = "auto"
    budget: float = math.inf

    def load(self) -> LoadedNetworks:
        return LoadedNetworks.load(self.model, self.runtime, self.sizes, self.refine, self.budget)

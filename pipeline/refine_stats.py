"""What became of the edge: of one frame, and of all frames of a session."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefineStats:
    """What became of a frame's edge. `share`: of its area, what was refined or carried."""

    found: int = 0
    refined: int = 0
    carried: int = 0
    seconds: float = 0.0
    share: float = 0.0

    @property
    def held(self) -> int:
        """Patches that show a refined edge."""
        return self.refined + self.carried


@dataclass(slots=True)
class RefineTotals:
    """Sums over the frames of a session."""

    frames: int = 0
    found: int = 0
    refined: int = 0
    carried: int = 0
    share: float = 0.0

    def add(self, stats: RefineStats) -> None:
        self.frames += 1
        self.found += stats.found
        self.refined += stats.refined
        self.carried += stats.carried
        self.share += stats.share

    def means(self) -> dict[str, float]:
        """Of a frame: patches with an edge, refined and carried ones, and their share of it."""
        frames = max(1, self.frames)
        sums = {"found": self.found, "refined": self.refined, "carried": self.carried}
        means = {name: round(total / frames, 2) for name, total in sums.items()}
        return means | {"share": round(self.share / frames, 4)}

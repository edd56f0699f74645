"""What a source says of its video."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a file says of its video: the size is that of the upright picture."""

    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    turns: int
    """Quarter turns to the left that brought the stored picture upright."""
    aspect: Fraction
    """Width of a pixel by its height, as the picture is stored; 0 if nobody says."""
    frames: int
    """As the header has it, within the part that is read; 0 if it does not say."""

    @property
    def upright_aspect(self) -> Fraction:
        """Width of a pixel by its height, once the picture is upright; 1 if nobody says."""
        aspect = self.aspect or Fraction(1)
        return 1 / aspect if self.turns % 2 else aspect

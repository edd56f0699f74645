"""What a user wants of a matte, beyond what the networks find."""

from dataclasses import dataclass

from pipeline.choice import Keep
from pipeline.shape import AS_IT_IS, Shape


@dataclass(frozen=True, slots=True)
class MatteOptions:
    """Which subject is kept, the shape of its matte, and the colours at its edge.

    `correct_colours`: pixels at the edge are freed of the old background; else they stay as they
    are in the frame.
    """

    keep: Keep = "all"
    shape: Shape = AS_IT_IS
    correct_colours: bool = True


AS_FOUND = MatteOptions()

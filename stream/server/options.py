"""What can be chosen for a call, and changed while it goes on."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

from pipeline.errors import OptionError
from pipeline.models import DEFAULT_MODEL
from pipeline.patch_network import Refine

Show = Literal["composite", "matte"]

LONGEST_BUDGET_MS = 10_000
BACKGROUND = re.compile(
    r"transparent|blur|green|#[0-9a-fA-F]{6}|blur:\d{1,3}(\.\d{1,3})?|picture:[\w-]{1,64}", re.ASCII
)


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How a call is matted. Whatever it holds has been checked."""

    background: str = "blur"
    refine: Refine = "auto"
    """As of `Matting`, where the server has the network for it."""
    smooth: bool = True
    budget_ms: float | None = 33.3
    """For a frame; quality is given up to hold it. None: never."""
    model: str = DEFAULT_MODEL
    show: Show = "composite"
    stream: str | None = None
    """The name under which a page's call can be watched; None: by nobody else."""

    def changed(self, wanted: Mapping[str, object]) -> Self:
        """With other values for some of them; raises OptionError, and nothing is changed."""
        for name, value in wanted.items():
            if name not in _CHECKS:
                raise OptionError(f"option {name[:40]!r}: one of {', '.join(_CHECKS)}")
            if not _CHECKS[name](value):
                raise OptionError(f"{name} {str(value)[:80]!r}: {_WANTED[name]}")
        return replace(self, **wanted)  # type: ignore[arg-type]

    @property
    def budget(self) -> float:
        """Seconds a frame."""
        return math.inf if self.budget_ms is None else self.budget_ms / 1e3

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def _is_budget(value: object) -> bool:
    if value is None:
        return True
    return type(value) in (int, float) and 1 <= float(str(value)) <= LONGEST_BUDGET_MS


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_is_name = _matches(re.compile(r"[\w-]{1,64}", re.ASCII))
_CHECKS: dict[str, Callable[[object], bool]] = {
    "background": _matches(BACKGROUND),
    "refine": _matches(re.compile("auto|on|off")),
    "smooth": lambda value: isinstance(value, bool),
    "budget_ms": _is_budget,
    "model": _matches(re.compile(r"[\w.-]{1,64}", re.ASCII)),
    "show": _matches(re.compile("composite|matte")),
    "stream": lambda value: value is None or _is_name(value),
}
_WANTED = {
    "background": "transparent, blur, blur:RADIUS, green, #RRGGBB or picture:ID",
    "refine": "auto, on or off",
    "smooth": "true or false",
    "budget_ms": f"milliseconds from 1 to {LONGEST_BUDGET_MS}, or null",
    "model": "a name of GET /settings",
    "show": "composite or matte",
    "stream": "up to 64 letters, digits, - and _, or null",
}

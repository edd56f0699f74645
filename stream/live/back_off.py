"""How long to wait before what broke is tried again."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0


class BackOff:
    """Each failure in a row doubles the pause, up to `longest` seconds."""

    def __init__(self, longest: float = LONGEST_PAUSE_S) -> None:
        self._longest = longest
        self._next = min(FIRST_PAUSE_S, longest)

    def failed(self) -> float:
        """Seconds to wait now."""
        pause, self._next = self._next, min(2 * self._next, self._longest)
        return pause

    def settled(self) -> None:
        """It works: the next failure is the first."""
        self._next = min(FIRST_PAUSE_S, self._longest)

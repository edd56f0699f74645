"""What a person is told while a live session runs."""

import sys


class Report:
    """Lines on standard error; what merely repeats itself is said once."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def say(self, end: str, what: str) -> None:
        """Of one end: what it does now, or why it does not."""
        if self._said.get(end) != what:
            self._said[end] = what
            sys.stderr.write(f"livematte: {end}: {what}\n")
            sys.stderr.flush()

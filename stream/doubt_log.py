"""`--log-doubtful`: pictures are kept whose matte the pipeline itself finds in doubt."""

from pathlib import Path
from typing import Any

from pipeline.doubt import doubts_of, kind_of
from pipeline.frame import Frame
from pipeline.matte import EdgeMatte
from pipeline.matted import Found
from stream.hard_cases import HardCases


class DoubtLog:
    """Keeps hard cases in a folder; `kept` says which, and why."""

    def __init__(self, folder: Path) -> None:
        self.kept: list[dict[str, Any]] = []
        self._cases = HardCases(folder)

    def note(self, source: Path, frame: Frame, matte: EdgeMatte, found: Found) -> None:
        """Keep a picture if there is a doubt; SinkError if it cannot be kept."""
        doubts = doubts_of(found.matte, found.coarse)
        if doubts:
            kind = kind_of(frame, matte)
            case = self._cases.keep(frame.rgb, matte.full, kind, "doubtful", doubts)
            self.kept.append({"source": str(source), "doubts": doubts, "case": case.name})

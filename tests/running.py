"""Ways to run what is tested: a file through the pipeline, the command in this process."""

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.composite import Background, solid
from pipeline.frame import AlphaMatte
from pipeline.matting import Matting
from pipeline.segment import Segmenter
from stream.cli import main
from stream.file_sink import DEFAULT_ENCODING, FileSink
from stream.file_source import FileSource
from stream.formats import AlphaIn
from stream.session import SessionStats, run_session
from stream.video_file import Encoding
from tests.clips import RedSegmenter

GREEN = solid(0, 177, 64)


@dataclass
class Done:
    stats: SessionStats
    source: FileSource
    sink: FileSink


async def matte_file(
    source: Path,
    target: Path,
    *,
    background: Background = GREEN,
    transparent: bool = False,
    stacked: bool = False,
    verify: bool = False,
    start: float = 0.0,
    duration: float | None = None,
    encoding: Encoding = DEFAULT_ENCODING,
    segmenter: Segmenter | None = None,
) -> Done:
    """From one file to another, with a segmenter that needs no network."""
    reader = FileSource(source, start=start, duration=duration)
    alpha: AlphaIn = "stacked" if stacked else "channel" if transparent else "nothing"
    writer = FileSink(target, reader, alpha=alpha, encoding=encoding, verify=verify)
    matting = Matting(segmenter or RedSegmenter(), background)
    stats = await run_session(reader, matting, writer)
    return Done(stats, reader, writer)


async def mattes_of(source: Path) -> list[AlphaMatte]:
    """What `matte_file` finds in a file, before it is written."""
    reader = FileSource(source)
    frames = [frame async for frame in reader]
    await reader.aclose()
    return [matted.alpha for matted in Matting(RedSegmenter()).film(frames)]


@dataclass
class Ran:
    status: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line on standard error."""
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        return self.err.rstrip("\n")


class Command:
    """The command `livematte` in this process, with what it writes to both descriptors."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *arguments: str | Path) -> Ran:
        threads = threading.enumerate()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        assert threading.enumerate() == threads, "a thread was left behind"
        captured = self._capfd.readouterr()
        return Ran(int(left.value.code or 0), captured.out, captured.err)


def assert_refused(ran: Ran, status: int, *words: str) -> None:
    """One line that holds the words; the status; nothing on standard output."""
    assert ran.status == status, ran.err
    assert ran.out == ""
    for word in words:
        assert word in ran.line

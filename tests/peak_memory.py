"""`python -m tests.peak_memory CLIP OUT [network]`: mattes, prints frames and peak RSS in MiB."""

import asyncio
import resource
import sys
from pathlib import Path

from pipeline.composite import Blur
from pipeline.matting import Matting
from pipeline.segment import Segmenter, U2Net
from stream.file_sink import FileSink
from stream.file_source import FileSource
from stream.session import run_session
from tests.clips import RedSegmenter

if __name__ == "__main__":
    reader = FileSource(Path(sys.argv[1]))
    segmenter: Segmenter = U2Net.load() if "network" in sys.argv else RedSegmenter()
    sink = FileSink(Path(sys.argv[2]), reader)
    stats = asyncio.run(run_session(reader, Matting(segmenter, Blur()), sink))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{stats.frames_out} {peak}\n")

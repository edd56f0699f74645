"""Matte a video file: python examples/matte_file.py IN OUT [BACKGROUND]."""

import asyncio
import sys

from pipeline import Matting
from stream import FileSink, FileSource, open_background, run_session

source = FileSource(sys.argv[1])
matting = Matting(background=open_background(sys.argv[3] if len(sys.argv) > 3 else "blur"))
sink = FileSink(sys.argv[2], like=source)
stats = asyncio.run(run_session(source, matting, sink))
sys.stdout.write(f"{stats.frames_out} frames at {stats.fps:.1f} a second\n")

"""Media in, media out: sources, sinks and the session between them."""

from stream.background import VideoBackground, open_background
from stream.ends import Sink, Source
from stream.file_sink import FileSink
from stream.file_source import FileSource
from stream.matte_sink import Both, MatteSink
from stream.session import SessionStats, run_session
from stream.video_file import Encoding

__all__ = [
    "Both",
    "Encoding",
    "FileSink",
    "FileSource",
    "MatteSink",
    "SessionStats",
    "Sink",
    "Source",
    "VideoBackground",
    "open_background",
    "run_session",
]

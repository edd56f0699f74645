"""`livematte live - -`: video from one pipe into another."""

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import av
import av.container
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.composite import Transparent
from pipeline.errors import OptionError, SinkClosedError, SourceError
from pipeline.matting import Matting
from pipeline.models import ModelEntry
from stream.pipe import Pipe
from stream.pipe_format import RawVideo, output_format
from stream.pipe_sink import PipeSink
from stream.pipe_source import PipeSource
from stream.session import run_session
from tests.clips import Everything, RedSegmenter, paint
from tests.running import GREEN

RATE = Fraction(30000, 1001)
COMMAND = [sys.executable, "-m", "stream", "live", "-", "-"]


def video(name: str, pix_fmt: str, *, size: tuple[int, int] = (64, 48), frames: int = 6) -> bytes:
    """The clip of the disc as YUV4MPEG2 (`y4m`) or as bare pictures (`raw`)."""
    target = io.BytesIO()
    kind, codec = ("yuv4mpegpipe", "wrapped_avframe") if name == "y4m" else ("rawvideo",) * 2
    with av.open(target, "w", format=kind) as output:
        stream = output.add_stream(codec, rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        for index in range(frames):
            picture = av.VideoFrame.from_ndarray(paint(*size, index), "rgb24")
            output.mux(stream.encode(picture.reformat(format=pix_fmt)))
        output.mux(stream.encode(None))
    return target.getvalue()


def pictures(data: bytes, raw: RawVideo | None = None) -> list[NDArray[np.uint8]]:
    """What a player makes of it: RGBA, uint8 (H, W, 4) each."""
    options = raw.options if raw else {}
    kind = "rawvideo" if raw else "yuv4mpegpipe"
    with av.open(io.BytesIO(data), "r", format=kind, options=options) as container:
        assert isinstance(container, av.container.InputContainer)
        return [
            frame.to_ndarray(format="rgba").astype(np.uint8) for frame in container.decode(video=0)
        ]


class Ends:
    """A pipe into a session and one out of it, filled and emptied by threads."""

    def __init__(self, data: bytes) -> None:
        self.source, feed = os.pipe()
        drain, self.sink = os.pipe()
        self.out = bytearray()
        self._threads = [
            threading.Thread(target=self._feed, args=(feed, data)),
            threading.Thread(target=self._drain, args=(drain,)),
        ]
        for thread in self._threads:
            thread.start()

    def _feed(self, descriptor: int, data: bytes) -> None:
        with os.fdopen(descriptor, "wb") as pipe:
            pipe.write(data)

    def _drain(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb") as pipe:
            self.out += pipe.read()

    def close(self) -> bytes:
        os.close(self.sink)
        for thread in self._threads:
            thread.join()
        os.close(self.source)
        return bytes(self.out)


async def through(
    data: bytes, raw: RawVideo | None = None, pixel_format: str | None = None
) -> bytes:
    ends, transparent = Ends(data), pixel_format is not None
    source = PipeSource(Pipe(ends.source), raw)
    form = output_format(pixel_format, transparent=transparent)
    sink = PipeSink(Pipe(ends.sink), form, source.info)
    matting = Matting(RedSegmenter(), Transparent() if transparent else GREEN)
    stats = await run_session(source, matting, sink)
    assert stats.frames_in == stats.frames_out == 6
    return ends.close()


@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p"])
async def test_yuv4mpeg2_goes_in_and_out(pix_fmt: str, size: tuple[int, int]) -> None:
    out = await through(video("y4m", pix_fmt, size=size))
    header = out.split(b"\n", 1)[0].decode()
    assert header.startswith(f"YUV4MPEG2 W{size[0]} H{size[1]} F30000:1001")
    assert f"C{pix_fmt.removeprefix('yuv').removesuffix('p')}" in header
    shown = pictures(out)
    assert len(shown) == 6
    assert np.abs(shown[0][-3, -3, :3].astype(int) - (0, 177, 64)).max() < 12
    assert np.abs(shown[0][round(size[1] * 0.4), round(size[0] * 0.3), 0] - 200.0) < 12


@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "rgb24", "rgba", "nv12"])
@pytest.mark.parametrize("written", ["yuva420p", "rgba"])
async def test_raw_video_comes_out_with_alpha(
    pix_fmt: str, written: str, size: tuple[int, int]
) -> None:
    raw = RawVideo(*size, RATE, pix_fmt)
    out = await through(video("raw", pix_fmt, size=size), raw, written)
    shown = pictures(out, RawVideo(*size, RATE, written))
    assert len(shown) == 6
    for picture in shown:
        assert 0.1 < np.mean(picture[..., 3] > 250) < 0.6
        assert 0.2 < np.mean(picture[..., 3] < 5) < 0.9


async def test_every_picture_is_there_as_soon_as_it_is_done() -> None:
    """Nothing waits in a buffer: a player sees the first before the second is sent."""
    data = video("raw", "rgb24", frames=1)
    (readable, feed), (drain, sink) = os.pipe(), os.pipe()
    os.write(feed, data)
    source = PipeSource(Pipe(readable), RawVideo(64, 48, RATE, "rgb24"))
    writer = PipeSink(Pipe(sink), output_format("rgba", transparent=True), source.info)
    frame = await anext(aiter(source))
    await writer.write(Matting(Everything(), Transparent()).process(frame))
    assert len(os.read(drain, 1 << 16)) == 64 * 48 * 4
    os.close(feed)
    await source.aclose()
    await writer.aclose()
    for descriptor in (readable, drain, sink):
        os.close(descriptor)


async def test_a_reader_that_leaves_ends_it() -> None:
    readable, feed = os.pipe()
    drain, sink = os.pipe()
    os.write(feed, video("raw", "rgb24", frames=2))
    os.close(feed)
    os.close(drain)
    source = PipeSource(Pipe(readable), RawVideo(64, 48, RATE, "rgb24"))
    writer = PipeSink(Pipe(sink), output_format(None, transparent=False), source.info)
    with pytest.raises(SinkClosedError):
        await run_session(source, Matting(Everything(), GREEN), writer)
    os.close(readable)
    os.close(sink)


@pytest.mark.parametrize("data", [b"", b"RIFF, this is no video", b"YUV4MPEG2 W0\n"])
async def test_what_is_no_video_is_said(data: bytes) -> None:
    readable, feed = os.pipe()
    os.write(feed, data)
    os.close(feed)
    with pytest.raises(SourceError, match="no YUV4MPEG2 on standard input"):
        PipeSource(Pipe(readable))
    os.close(readable)


@pytest.mark.parametrize(
    ("size", "fps", "pixel_format", "words"),
    [
        (None, "25", "rgba", "--size"),
        ("64x48", None, None, "--fps, --pixel-format"),
        ("64", "25", "rgba", "--size '64'.*WIDTHxHEIGHT"),
        ("64x48", "0", "rgba", "--fps '0'"),
        ("64x48", "1/0", "rgba", "--fps '1/0'"),
        ("64x48", "25", "rgbx", "--pixel-format 'rgbx'"),
        ("64x48", "25", "pal8", "--pixel-format pal8"),
    ],
)
def test_options_of_raw_video_that_make_no_sense(
    size: str | None, fps: str | None, pixel_format: str | None, words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        RawVideo.parse(size, fps, pixel_format)


@pytest.mark.parametrize("pixel_format", [None, "yuv420p", "rgb24"])
def test_alpha_that_would_be_lost_is_refused(pixel_format: str | None) -> None:
    with pytest.raises(OptionError, match="yuva420p or rgba"):
        output_format(pixel_format, transparent=True)


def run(arguments: list[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *arguments], input=data, capture_output=True, check=False)


class TestCommand:
    def test_it_is_a_filter(self, u2netp: ModelEntry) -> None:
        done = run(["-b", "#00b140"], video("y4m", "yuv420p"))
        assert done.returncode == 0, done.stderr
        assert done.stderr == b""
        assert len(pictures(done.stdout)) == 6

    def test_it_ends_quietly_when_its_reader_leaves(self, u2netp: ModelEntry) -> None:
        command = [*COMMAND, "--input-format", "raw", "--size", "640x480", "--fps", "25"]
        with subprocess.Popen(
            [*command, "--pixel-format", "gray"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            process.stdin.write(bytes(640 * 480 * 2))
            process.stdin.flush()
            assert process.stdout.read(9) == b"YUV4MPEG2"
            process.stdout.close()
            with contextlib.suppress(BrokenPipeError):  # it may have noticed already
                process.stdin.write(bytes(640 * 480 * 4))
                process.stdin.close()
            assert process.wait(60) == 0
            assert process.stderr.read() == b""

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
    def test_it_can_be_stopped_while_it_waits(
        self, u2netp: ModelEntry, how: signal.Signals
    ) -> None:
        """For a picture that never comes, from a writer that goes on holding the pipe."""
        with subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            process.stdin.write(video("y4m", "yuv420p"))
            process.stdin.flush()
            assert process.stdout.read(9) == b"YUV4MPEG2"
            process.send_signal(how)
            assert process.wait(60) == 130
            assert process.stderr.read() == b"livematte: interrupted\n"

    @pytest.mark.parametrize(
        ("arguments", "word"),
        [
            (["-b", "transparent"], b"--output-pixel-format"),
            (["--size", "64x48"], b"--input-format raw"),
            (["--input-format", "mp4"], b"mp4"),
        ],
    )
    def test_options_that_make_no_sense(self, arguments: list[str], word: bytes) -> None:
        done = run(arguments, b"")
        assert done.returncode == 2
        assert word in done.stderr
        assert done.stderr.count(b"\n") == 1

    def test_ends_that_are_no_pipes_are_refused(self) -> None:
        command = [*COMMAND[:-1], "out.mp4"]
        done = subprocess.run(command, capture_output=True, input=b"", check=False)
        assert done.returncode == 2
        assert b"SINK 'out.mp4'" in done.stderr

    @pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no ffmpeg: apt-get install ffmpeg")
    def test_between_two_of_ffmpeg(self, u2netp: ModelEntry, clip: Path, out: Path) -> None:
        """As in a shell: ffmpeg … | livematte live - - | ffmpeg …."""
        python, target = sys.executable, out / "out.mov"
        line = (
            f"ffmpeg -v error -i {clip} -f yuv4mpegpipe - | {python} -m stream live - - "
            "-b transparent --output-pixel-format rgba | ffmpeg -v error -f rawvideo -video_size "
            f"64x48 -framerate 25 -pixel_format rgba -i - -c:v qtrle {target}"
        )
        done = subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True)
        assert done.returncode == 0, done.stderr
        assert done.stderr == b""
        with av.open(target) as container:
            read = list(container.decode(video=0))
        assert len(read) == 10
        assert read[0].format.name == "argb"

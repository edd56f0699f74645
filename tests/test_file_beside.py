"""What lies beside the pictures goes along where the container can hold it."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from pipeline.matting import Matting
from stream import resumable
from stream.file_source import FileSource
from stream.track import Track
from stream.video_file import Encoding
from stream.work import Work
from tests.clips import RedSegmenter, Sound, make_clip, read_clip
from tests.running import GREEN, matte_file

SECOND = Fraction(1, 1000)
WORDS = """1
00:00:00,200 --> 00:00:00,900
Hello

2
00:00:01,200 --> 00:00:01,900
Über
"""
CHAPTERS: Any = [
    {"id": 1, "start": 0, "end": 1000, "time_base": SECOND, "metadata": {"title": "One"}},
    {"id": 2, "start": 1000, "end": 2000, "time_base": SECOND, "metadata": {"title": "Two"}},
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two seconds: pictures twice, sound twice, subtitles, chapters and a title."""
    parts = [
        make_clip(tmp_path / "1.mp4", frames=50, sound=Sound(seconds=2)),
        make_clip(tmp_path / "2.mp4", frames=50, sound=Sound(seconds=2, layout="stereo")),
        tmp_path / "words.srt",
    ]
    parts[2].write_text(WORDS)
    with av.open(tmp_path / "in.mkv", "w") as output:
        output.metadata["title"] = "A talk"
        output.set_chapters(CHAPTERS)
        opened = [av.open(part) for part in parts]
        pairs = []
        for container, language in zip(opened, ("eng", "deu", "deu"), strict=True):
            for stream in container.streams:
                target = output.add_stream_from_template(stream)
                target.metadata["language"] = language
                pairs.append((container, stream, target))
        for container, stream, target in pairs:
            if stream.type != "subtitle":
                container.seek(0)
            for packet in container.demux(stream):
                if packet.size:
                    packet.stream = target
                    output.mux(packet)
        for container in opened:
            container.close()
    return tmp_path / "in.mkv"


def spans(chapters: Any) -> list[tuple[float, float]]:
    """When each begins and ends, in seconds."""
    return [
        (float(c["start"] * c["time_base"]), float(c["end"] * c["time_base"])) for c in chapters
    ]


def words(path: Path) -> list[tuple[Fraction, bytes]]:
    """The subtitles: when each begins, and its text."""
    with av.open(path) as container:
        stream = container.streams.subtitles[0]
        return list(_texts(container, stream))


def _texts(container: Any, stream: Any) -> Iterator[tuple[Fraction, bytes]]:
    for packet in container.demux(stream):
        for part in (stream.codec_context.decode2(packet) or ()) if packet.size else ():
            yield packet.pts * packet.time_base, part.dialogue


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.mov", "out.webm"])
async def test_all_of_it_goes_along(source: Path, tmp_path: Path, name: str) -> None:
    done = await matte_file(source, tmp_path / name)
    with av.open(tmp_path / name) as written:
        kinds = [stream.type for stream in written.streams if stream.type != "data"]
        assert kinds == ["video", "audio", "audio", "subtitle"]
        languages = [stream.metadata.get("language") for stream in written.streams.audio]
        assert languages == ["eng", "deu"] or name == "out.mov", "QuickTime has codes of its own"
        titles = {key.lower(): value for key, value in written.metadata.items()}
        assert titles["title"] == "A talk"
        chapters = written.chapters()
    assert spans(chapters) == [(0.0, 1.0), (1.0, 2.0)]
    assert [chapter["metadata"]["title"] for chapter in chapters] == ["One", "Two"]
    assert [text for _, text in words(tmp_path / name)] == [b"Hello", "Über".encode()]
    moments = [moment for moment, _ in words(tmp_path / name)]
    assert all(abs(a - b) < Fraction(1, 20) for a, b in zip(moments, (0.2, 1.2), strict=True))
    assert done.sink.left_out == ["further pictures"]
    assert done.sink.losses == []


async def test_a_part_has_its_own_chapters_and_words(source: Path, tmp_path: Path) -> None:
    await matte_file(source, tmp_path / "out.mkv", start=0.6, duration=1.0)
    with av.open(tmp_path / "out.mkv") as written:
        chapters = written.chapters()
    assert spans(chapters) == [(0.0, 0.4), (0.4, 1.0)]
    ((moment, text),) = words(tmp_path / "out.mkv")
    assert text == "Über".encode()
    assert abs(moment - Fraction(6, 10)) < Fraction(1, 20)


async def test_what_a_file_cannot_hold_is_told(source: Path, tmp_path: Path) -> None:
    done = await matte_file(source, tmp_path / "out.avi")
    assert done.sink.left_out == ["further pictures", "subtitles (subrip)"]
    assert len(read_clip(tmp_path / "out.avi").times) == 50


async def test_a_resumed_file_has_it_too(source: Path, tmp_path: Path) -> None:
    reader = FileSource(source)
    track = Track(tmp_path / "out.mp4", "nothing", Encoding(), reader.info)
    work = Work(tmp_path / "out.mp4", {})
    matting = Matting(RedSegmenter(), GREEN)
    outcome = await resumable.run_resumable(
        reader, matting, [track], work, [None], lambda stats, frame: None
    )
    assert outcome.joined[0].left_out == ["further pictures"]
    assert [text for _, text in words(tmp_path / "out.mp4")] == [b"Hello", "Über".encode()]
    assert len(read_clip(tmp_path / "out.mp4").times) == 50


async def test_a_comment_gives_way_to_the_layout(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=3)
    with av.open(source) as read, av.open(tmp_path / "c.mp4", "w") as write:
        write.metadata["comment"] = "mine"
        target = write.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(video=0):
            if packet.size:
                packet.stream = target
                write.mux(packet)
    await matte_file(tmp_path / "c.mp4", tmp_path / "out.mp4", stacked=True)
    with av.open(tmp_path / "out.mp4") as written:
        assert written.metadata["comment"].startswith("stacked; ")

"""Input that cannot be read is one clear line; what can be is kept."""

from pathlib import Path

import av
import av.logging
import pytest

from pipeline.models import ModelEntry
from tests.clips import Sound, make_clip, read_clip
from tests.running import Command, assert_refused


class TestInput:
    def test_that_is_not_there(self, livematte: Command, out: Path) -> None:
        ran = livematte("file", out / "no.mp4", out / "out.mp4")
        assert_refused(ran, 1, "no.mp4", "no such file")

    def test_that_is_a_folder(self, livematte: Command, out: Path) -> None:
        assert_refused(livematte("file", out, out / "out.mp4"), 1, str(out), "directory")

    @pytest.mark.parametrize("content", [b"", b"hello, this is no film\n" * 99, bytes(5000)])
    def test_that_is_no_media_file(
        self, livematte: Command, tmp_path: Path, out: Path, content: bytes
    ) -> None:
        (tmp_path / "text.mp4").write_bytes(content)
        ran = livematte("file", tmp_path / "text.mp4", out / "out.mp4")
        assert_refused(ran, 1, "text.mp4", "not a media file")
        assert list(out.iterdir()) == []

    def test_without_a_video_stream(self, livematte: Command, tmp_path: Path, out: Path) -> None:
        source = make_clip(tmp_path / "both.mp4", sound=Sound())
        only_sound(source, tmp_path / "sound.mp4")
        ran = livematte("file", tmp_path / "sound.mp4", out / "out.mp4")
        assert_refused(ran, 1, "sound.mp4", "no video stream")

    def test_with_zero_frames(self, livematte: Command, tmp_path: Path, out: Path) -> None:
        source = make_clip(tmp_path / "none.mkv", frames=0, sound=Sound())
        ran = livematte("file", source, out / "out.mp4")
        assert_refused(ran, 1, "none.mkv", "no picture")

    @pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
    def test_that_breaks_off_is_kept_as_far_as_it_goes(
        self, livematte: Command, u2netp: ModelEntry, tmp_path: Path, out: Path, suffix: str
    ) -> None:
        codec = "libvpx-vp9" if suffix == ".webm" else "libx264"
        whole = make_clip(
            tmp_path / f"in{suffix}",
            frames=30,
            codec=codec,
            options={"g": "5", "crf": "4"},
            container_options={"movflags": "+faststart"} if suffix == ".mp4" else {},
        )
        data = whole.read_bytes()
        whole.write_bytes(data[: len(data) // 3])
        ran = livematte("file", whole, out / "out.mp4", "--progress", "none")
        assert ran.status == 1
        assert "breaks off" in ran.line
        assert str(out / "out.mp4") in ran.line
        assert 2 < len(read_clip(out / "out.mp4").times) < 20

    def test_that_lacks_its_index(self, livematte: Command, clip: Path, out: Path) -> None:
        clip.write_bytes(clip.read_bytes()[:-600])
        assert_refused(livematte("file", clip, out / "out.mp4"), 1, "in.mp4", "damaged")
        clip.write_bytes(clip.read_bytes()[:-2000])
        ran = livematte("file", clip, out / "out.mp4")
        assert_refused(ran, 1, "in.mp4", "index is missing")

    def test_with_damage_in_the_middle(
        self, livematte: Command, u2netp: ModelEntry, tmp_path: Path, out: Path
    ) -> None:
        source = make_clip(tmp_path / "in.mov", codec="png", pix_fmt="rgb24", frames=6)
        first, second, third, *rest = source.read_bytes().split(b"\x89PNG")
        source.write_bytes(b"\x89PNG".join([first, second, bytes(len(third)), *rest]))
        ran = livematte("file", source, out / "out.mp4", "--progress", "none")
        assert ran.status == 1
        assert "1 damaged packet" in ran.line
        assert len(read_clip(out / "out.mp4").times) == 5


def only_sound(source: Path, target: Path) -> None:
    with av.open(source) as read, av.open(target, "w") as write:
        stream = write.add_stream_from_template(read.streams.audio[0])
        for packet in read.demux(audio=0):
            if packet.size:
                packet.stream = stream
                write.mux(packet)


def test_ffmpegs_threads_never_wait_for_pythons_lock(livematte: Command) -> None:
    """A level of logging, whichever, would have them; see stream/silence.py."""
    livematte("--version")
    assert av.logging.get_level() is None

"""What goes wrong is one clear line on standard error, and leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.models import ModelEntry
from tests.clips import Sound, make_clip, read_clip
from tests.running import Command, Ran

# Without CAP_DAC_OVERRIDE, so that folders are closed to root as well.
DROP = "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "in.mp4")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def assert_refused(ran: Ran, status: int, *words: str) -> None:
    """One line that holds the words; the status; nothing on standard output."""
    assert ran.status == status, ran.err
    assert ran.out == ""
    for word in words:
        assert word in ran.line


def separate(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "stream", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


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


class TestOutput:
    def test_that_is_there_already(self, livematte: Command, clip: Path, out: Path) -> None:
        (out / "out.mp4").write_text("mine")
        ran = livematte("file", clip, out / "out.mp4")
        assert_refused(ran, 1, "out.mp4", "there already", "--overwrite")
        assert (out / "out.mp4").read_text() == "mine"

    def test_that_is_the_input(self, livematte: Command, clip: Path) -> None:
        before = clip.read_bytes()
        ran = livematte("file", clip, clip, "--overwrite")
        assert_refused(ran, 1, "in.mp4", "the input itself")
        assert clip.read_bytes() == before

    def test_that_is_a_folder(self, livematte: Command, clip: Path, out: Path) -> None:
        (out / "a.mp4").mkdir()
        ran = livematte("file", clip, out / "a.mp4", "--overwrite")
        assert_refused(ran, 1, "a.mp4", "is a folder")

    def test_in_a_folder_that_is_not_there(
        self, livematte: Command, clip: Path, out: Path
    ) -> None:
        ran = livematte("file", clip, out / "no" / "out.mp4")
        assert_refused(ran, 1, str(out / "no"), "is not there", "make it")

    def test_in_a_folder_that_cannot_be_written(self, clip: Path, out: Path) -> None:
        out.chmod(0o500)
        command = [sys.executable, "-c", DROP, sys.executable, "-m", "stream"]
        done = subprocess.run(
            [*command, "file", clip, out / "out.mp4"], check=False, capture_output=True, text=True
        )
        out.chmod(0o700)
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert_refused(ran, 1, str(out), "cannot be written")
        assert list(out.iterdir()) == []

    def test_of_an_unknown_kind(self, livematte: Command, clip: Path, out: Path) -> None:
        ran = livematte("file", clip, out / "out.xyz")
        assert_refused(ran, 2, "'.xyz'", ".mp4, .m4v, .mov, .webm, .mkv")

    def test_that_is_the_alpha_output_as_well(
        self, livematte: Command, clip: Path, out: Path
    ) -> None:
        ran = livematte("file", clip, out / "a.mp4", "--alpha-output", out / "a.mp4")
        assert_refused(ran, 2, "a.mp4", "--alpha-output")

    def test_on_a_full_disk(self, u2netp: ModelEntry, tmp_path: Path) -> None:
        """A real one, of a megabyte."""
        clip = make_clip(tmp_path / "in.mp4", sound=Sound("pcm_s16le", 30.0))
        mount = tmp_path / "small"
        mount.mkdir()
        with small_disk(mount):
            done = separate("file", clip, mount / "out.mov", "--progress", "none")
            assert list(mount.iterdir()) == []
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert_refused(ran, 1, "out.mov", "No space left", "free some space")


class TestOptions:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--background", "purple"), ("'purple'", "transparent, blur", "#RRGGBB")),
            (("--background", "#12345"), ("'#12345'", "#RRGGBB")),
            (("--background", "blur:much"), ("'blur:much'", "number of pixels")),
            (("--background", "blur:0"), ("blur radius 0", "500")),
            (("--background", "transparent"), (".mp4", ".webm or .mov")),
            (("--codec", "vp9"), ("'vp9'", "h264, h265, av1")),
            (("--crf", "99"), ("--crf 99", "0 to 51")),
            (("--crf", "-1"), ("--crf -1", "0 to 51")),
            (("--crf", "x"), ("--crf", "integer")),
            (("--preset", "foo"), ("--preset foo", "ultrafast", "placebo")),
            (("--start", "-1"), ("start -1", "positive")),
            (("--start", "nan"), ("start nan",)),
            (("--duration", "0"), ("duration 0", "positive")),
            (("--progress", "loud"), ("loud", "json")),
            (("--nonsense",), ("--nonsense", "--help")),
        ],
    )
    def test_that_make_no_sense(
        self,
        livematte: Command,
        clip: Path,
        out: Path,
        arguments: tuple[str, ...],
        words: tuple[str, ...],
    ) -> None:
        ran = livematte("file", clip, out / "out.mp4", *arguments)
        assert_refused(ran, 2, *words)
        assert list(out.iterdir()) == []

    @pytest.mark.parametrize("arguments", [("--crf", "20"), ("--preset", "slow")])
    def test_that_an_encoder_does_not_have(
        self, livematte: Command, clip: Path, out: Path, arguments: tuple[str, str]
    ) -> None:
        ran = livematte("file", clip, out / "out.mov", *arguments)
        assert_refused(ran, 2, " ".join(arguments), "prores_aw")

    def test_a_start_after_the_end(self, livematte: Command, clip: Path, out: Path) -> None:
        ran = livematte("file", clip, out / "out.mp4", "--start", "1000")
        assert_refused(ran, 1, "in.mp4", "1000", "0.40 s")

    def test_arguments_that_are_missing(self, livematte: Command, clip: Path) -> None:
        assert_refused(livematte("file", clip), 2, "OUT", "livematte file --help")

    def test_a_command_that_is_unknown(self, livematte: Command) -> None:
        assert_refused(livematte("flie"), 2, "flie", "livematte --help")


class TestModel:
    def test_unknown(self, livematte: Command, clip: Path, out: Path) -> None:
        ran = livematte("file", clip, out / "out.mp4", "--model", "u3")
        assert_refused(ran, 1, "'u3'", "u2netp")

    def test_no_such_file(self, livematte: Command, clip: Path, out: Path) -> None:
        ran = livematte("file", clip, out / "out.mp4", "--model", "mine.onnx")
        assert_refused(ran, 1, "mine.onnx", "no such")

    def test_missing(self, livematte: Command, clip: Path, out: Path, no_models: Path) -> None:
        ran = livematte("file", clip, out / "out.mp4")
        assert_refused(ran, 1, str(no_models / "u2netp.onnx"), "livematte models pull u2netp")
        assert list(out.iterdir()) == []

    def test_damaged(self, livematte: Command, clip: Path, out: Path, no_models: Path) -> None:
        (no_models / "u2netp.onnx").write_bytes(b"not a network")
        ran = livematte("file", clip, out / "out.mp4")
        assert_refused(ran, 1, "damaged", "SHA-256", "livematte models pull u2netp")


class TestInterruption:
    def test_keeps_what_was_done(self, u2netp: ModelEntry, tmp_path: Path, out: Path) -> None:
        """Ctrl-C: a playable file of the work so far, with no more sound than pictures."""
        clip = make_clip(tmp_path / "in.mp4", frames=500, sound=Sound(seconds=20.0))
        done = interrupt_after(20, clip, out / "out.mp4")
        assert done.status == 130, done.err
        last = done.err.splitlines()[-1]
        assert last == f"livematte: interrupted: what was done is in {out / 'out.partial.mp4'}"
        assert "Traceback" not in done.err
        assert [path.name for path in out.iterdir()] == ["out.partial.mp4"]
        kept = read_clip(out / "out.partial.mp4")
        assert 20 <= len(kept.times) < 500
        assert kept.sound[-1][0] <= kept.times[-1] + 0.1

    def test_does_not_touch_what_was_there(
        self, u2netp: ModelEntry, tmp_path: Path, out: Path
    ) -> None:
        clip = make_clip(tmp_path / "in.mp4", frames=500)
        (out / "out.mp4").write_text("mine")
        interrupt_after(2, clip, out / "out.mp4", "--overwrite")
        assert (out / "out.mp4").read_text() == "mine"


def interrupt_after(frames: int, *arguments: str | Path) -> Ran:
    """Send SIGINT, as Ctrl-C does, when that many frames are reported done."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stream", "file", *arguments, "--progress", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if '"frames"' in line and int(line.split('"frames": ')[1].split(",")[0]) >= frames:
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate()
    return Ran(process.returncode, out, "".join(lines) + err)


def only_sound(source: Path, target: Path) -> None:
    import av

    with av.open(source) as read, av.open(target, "w") as write:
        stream = write.add_stream_from_template(read.streams.audio[0])
        for packet in read.demux(audio=0):
            if packet.size:
                packet.stream = stream
                write.mux(packet)


class small_disk:
    """A file system of a megabyte, mounted; the test is skipped where that is not allowed."""

    def __init__(self, mount: Path) -> None:
        self._mount = mount

    def __enter__(self) -> None:
        if shutil.which("mount") is None:
            pytest.skip("there is no mount(8) here")
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self._mount],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")

    def __exit__(self, *error: object) -> None:
        subprocess.run(["umount", self._mount], check=True)

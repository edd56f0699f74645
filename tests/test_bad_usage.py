"""Options that make no sense are one clear line that names the choices."""

from pathlib import Path

import pytest

from tests.running import Command, assert_refused


class TestOptions:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--background", "purple"), ("'purple'", "transparent, blur", "#RRGGBB")),
            (("--background", "#12345"), ("'#12345'", "#RRGGBB")),
            (("--background", "blur:much"), ("'blur:much'", "number of pixels")),
            (("--background", "blur:0"), ("blur radius 0", "500")),
            (
                ("--background", "transparent"),
                (".mp4", ".mov, .webm", "--stacked", "--alpha-output"),
            ),
            (("--stacked",), ("--stacked", "blur", "transparent")),
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
        ran = livematte("file", clip, out / "out.mp4", "--subject", "any")
        assert_refused(ran, 1, str(no_models / "u2netp.onnx"), "livematte models pull u2netp")
        assert list(out.iterdir()) == []

    def test_damaged(self, livematte: Command, clip: Path, out: Path, no_models: Path) -> None:
        (no_models / "u2netp.onnx").write_bytes(b"not a network")
        ran = livematte("file", clip, out / "out.mp4", "--subject", "any")
        assert_refused(ran, 1, "damaged", "SHA-256", "livematte models pull u2netp")

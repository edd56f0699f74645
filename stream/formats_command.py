"""`livematte formats`: what this installation can write, found out by writing it."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import av.error
import cv2
import numpy as np
import typer

from pipeline.errors import LivematteError
from pipeline.frame import Frame
from pipeline.matte import EdgeMatte
from pipeline.matted import Matted
from stream.encoders import ENCODERS
from stream.formats import CONTAINERS, SEQUENCES, AlphaIn, choose_format
from stream.verify import Sample
from stream.video_file import Encoding, PictureKind, Recipe, VideoFile
from stream.video_info import VideoInfo

_WIDTH, _HEIGHT, _FRAMES, _RATE = 96, 64, 4, Fraction(25)
_INFO = VideoInfo(_WIDTH, _HEIGHT, 1 / _RATE, _RATE, turns=0, aspect=Fraction(1), frames=_FRAMES)
_EXACT = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """What came of a trial. `alpha` is exact, near, one bit or none; None if nothing was written.

    `alpha_error` is the mean error that was measured, in steps of 0 … 255.
    """

    name: str
    codec: str
    encoder: str
    alpha: str | None
    alpha_error: float | None = None
    trouble: str | None = None


def formats(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
) -> None:
    """Say which files this installation can write, and whether they hold alpha.

    A small picture is written in each and read back.
    """
    rows = list(_rows())
    if as_json:
        typer.echo(json.dumps({"formats": [asdict(row) for row in rows]}))
        return
    for row in rows:
        error = "" if row.alpha_error is None else f"mean error {row.alpha_error:.3f} of 255"
        alpha = f"alpha: {row.alpha:<8} {error}" if row.alpha else f"cannot: {row.trouble}"
        typer.echo(f"{row.name:<10} --codec {row.codec:<10} {row.encoder:<13} {alpha}".rstrip())


def _rows() -> Iterator[Row]:
    """The default of each kind of file comes first."""
    for suffix, container in CONTAINERS.items():
        for codec in container.codecs:
            yield _try(f"out{suffix}", suffix, codec)
    for suffix, container in SEQUENCES.items():
        yield _try(f"%06d{suffix}", f"%06d{suffix}", container.codecs[0])


def _try(name: str, shown: str, codec: str) -> Row:
    encoder = ENCODERS[codec]
    alpha: AlphaIn = "channel" if encoder.alpha_format else "nothing"
    if encoder.name not in av.codecs_available:
        trouble = "this FFmpeg has no such encoder"
        return Row(shown, codec, encoder.name, None, None, trouble)
    try:
        with tempfile.TemporaryDirectory() as folder:
            error = _write(Path(folder) / name, codec, alpha)
    except (LivematteError, OSError, ValueError, av.error.FFmpegError) as failure:
        return Row(shown, codec, encoder.name, None, None, str(failure))
    if alpha == "nothing":
        return Row(shown, codec, encoder.name, "none")
    kind = "one bit" if encoder.one_bit_alpha else "exact" if error == _EXACT else "near"
    return Row(shown, codec, encoder.name, kind, error)


def _write(path: Path, codec: str, alpha: AlphaIn) -> float:
    """Write a few pictures and give the mean error of alpha as it is read back."""
    form = choose_format(path, codec, alpha)
    sample, pictures = Sample(form), list(_pictures())
    kind = PictureKind.of(pictures[0].frame)
    file = VideoFile(path, Recipe(form, Encoding(codec), _INFO, kind), sample=sample)
    try:
        for matted in pictures:
            file.encode(matted)
        file.finish(to_the_end=False)
    finally:
        file.close()
    return sample.verify(path).alpha_error


def _pictures() -> Iterator[Matted]:
    """A grey wall with a soft disc of alpha that crosses it."""
    for index in range(_FRAMES):
        disc = np.zeros((_HEIGHT, _WIDTH), np.uint8)
        cv2.circle(disc, (_WIDTH // 3 + 4 * index, _HEIGHT // 2), _HEIGHT // 4, 255, cv2.FILLED)
        alpha = cv2.GaussianBlur(disc, (0, 0), 2).astype(np.float32) / np.float32(255)
        planes = tuple(np.full((_HEIGHT >> s, _WIDTH >> s), 128, np.uint8) for s in (0, 1, 1))
        frame = Frame(planes, index, 1 / _RATE)
        yield Matted(frame, EdgeMatte.from_alpha(alpha), transparent=True)

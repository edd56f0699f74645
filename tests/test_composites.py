"""Clips with exact alpha, drawn and from the shared media."""

import os
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from bench.clip import Clip, blend
from bench.composites import clips, main, write_clip
from bench.cutouts import Cutout, backgrounds, cutouts, shared_data, split_of, splits
from bench.drawn import drawn_clips, drawn_cutout, texture
from bench.motion import MovingBackground, MovingCutout
from pipeline.errors import SourceError
from stream.evaluate.pairing import Pairing
from stream.evaluate.run import EvaluationOptions, evaluate

SIZE = (128, 72)


def first_clip(seed: int = 1, frames: int = 4) -> Clip:
    return next(drawn_clips(SIZE, seed, frames=frames))


def test_a_clip_is_made_of_frames_and_true_mattes_of_its_size() -> None:
    pairs = list(first_clip())
    assert len(pairs) == 4
    for index, (frame, alpha) in enumerate(pairs):
        assert (frame.width, frame.height, frame.pts) == (*SIZE, index)
        assert alpha.shape == (72, 128)
        assert alpha.dtype == np.float32
        assert alpha.min() == 0
        assert alpha.max() == 1


def test_the_same_seed_gives_the_same_clip_and_another_seed_another() -> None:
    once, again, other = list(first_clip(5)), list(first_clip(5)), list(first_clip(6))
    for (frame, alpha), (same_frame, same_alpha) in zip(once, again, strict=True):
        assert np.array_equal(alpha, same_alpha)
        for plane, same_plane in zip(frame.planes, same_frame.planes, strict=True):
            assert np.array_equal(plane, same_plane)
    assert not np.array_equal(once[0][1], other[0][1])


def test_the_subject_moves_and_its_matte_with_it() -> None:
    mattes = [alpha for _, alpha in first_clip(frames=8)]
    assert np.abs(mattes[7] - mattes[0]).mean() > 0.001
    assert np.abs(mattes[1] - mattes[0]).mean() < 0.05


def test_what_the_camera_sees_is_the_blend_that_the_matte_says() -> None:
    """But for noise and compression, which are small and not nothing."""
    clip = first_clip(frames=1)
    frame, alpha = next(iter(clip))
    rng = np.random.default_rng(clip.seed)
    subject = MovingCutout.of(clip.cutout, SIZE, rng)
    backdrop = MovingBackground.of(clip.background, SIZE, clip.background_moves, rng)
    expected = blend(subject.at(0)[0], backdrop.at(0), alpha)
    error = np.abs(frame.rgb.astype(np.float32) - expected).mean()
    assert 0.5 < error < 12


def test_hair_is_fractional_and_the_body_is_solid() -> None:
    alpha = drawn_cutout(96, np.random.default_rng(3)).alpha
    assert ((alpha > 0.02) & (alpha < 0.98)).mean() > 0.02
    assert (alpha == 1).mean() > 0.2


def cut_off_at(*sides: str) -> Cutout:
    alpha = np.zeros((90, 80), np.float32)
    alpha[20:70, 20:60] = 1
    if "bottom" in sides:
        alpha[20:, 20:60] = 1
    if "right" in sides:
        alpha[20:70, 20:] = 1
    if "left" in sides:
        alpha[20:70, :60] = 1
    return Cutout("box", np.zeros((90, 80, 3), np.uint8), alpha)


@pytest.mark.parametrize("sides", [("bottom",), ("right",), ("left",), ("left", "right", "bottom")])
@pytest.mark.parametrize("seed", range(4))
def test_a_side_that_the_photo_cut_off_never_comes_into_the_frame(
    sides: tuple[str, ...], seed: int
) -> None:
    subject = MovingCutout.of(cut_off_at(*sides), (160, 96), np.random.default_rng(seed))
    for seconds in np.arange(0, 6, 0.4):
        _, alpha = subject.at(float(seconds))
        borders = {"bottom": alpha[-1], "right": alpha[:, -1], "left": alpha[:, 0]}
        for side in sides:
            assert borders[side].max() == 1


def test_a_still_background_stands_and_a_moving_one_moves() -> None:
    rng = np.random.default_rng(1)
    picture = texture((160, 120), rng)
    still = MovingBackground.of(picture, SIZE, False, rng)
    moving = MovingBackground.of(picture, SIZE, True, rng)
    assert np.array_equal(still.at(0), still.at(2))
    assert not np.array_equal(moving.at(0), moving.at(2))
    assert moving.at(1).shape == (72, 128, 3)


def test_the_split_of_a_name_is_fixed() -> None:
    """Were it to change, what was trained on would be judged."""
    assert split_of("portrait/p_07141906") == "test"
    assert split_of("portrait/p_818e689d") == "validation"
    assert split_of("portrait/p_09ba26b4") == "train"
    names = [f"image-{index}" for index in range(2000)]
    shares = [sum(split_of(name) == split for name in names) / 2000 for split in splits()]
    assert shares == pytest.approx([0.5, 0.2, 0.3], abs=0.05)


def test_a_written_clip_measured_against_itself_has_no_error(tmp_path: Path) -> None:
    write_clip(first_clip(), tmp_path)
    truth = tmp_path / "truth"
    pairing = Pairing.of(truth, truth, tmp_path / "source.mkv")
    result = evaluate(pairing, EvaluationOptions(), lambda _: None)
    assert result.problems == []
    assert result.clip.frames == 4
    assert result.clip.mean()["mad"] == 0


def test_the_command_refuses_a_size_that_is_none(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(main)
    result = CliRunner().invoke(app, ["--out", str(tmp_path), "--size", "large"])
    assert result.exit_code == 2
    assert "large" in result.stderr


def test_missing_shared_media_are_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEMATTE_DATA", str(tmp_path / "absent"))
    with pytest.raises(SourceError, match=r"absent.*LIVEMATTE_DATA"):
        shared_data()


@pytest.mark.shared
def test_the_shared_media_are_split_into_three_with_people_in_each() -> None:
    pytest.importorskip("pymatting")
    try:
        folder = shared_data()
    except SourceError as missing:
        pytest.skip(str(missing))
    names = {path.stem for path in (folder / "backgrounds").glob("*.jpg")}
    parts = [{path.stem for path in backgrounds(split)} for split in splits()]
    assert sum(len(part) for part in parts) == len(names) == len(set().union(*parts))
    assert all(parts)
    for split in splits():
        assert any(
            split_of(f"portrait/{file.stem}") == split
            for file in (folder / "pairs" / "portrait").glob("*.png")
        )


@pytest.mark.shared
@pytest.mark.slow
def test_a_clip_of_the_shared_media_is_made_from_its_first_cutout(tmp_path: Path) -> None:
    pytest.importorskip("pymatting")
    os.environ.setdefault("LIVEMATTE_CACHE", str(tmp_path))
    cutout = next(cutouts("test"))
    assert cutout.foreground.shape[:2] == cutout.alpha.shape
    frame, alpha = next(iter(next(clips("test", (512, 288), frames=1))))
    assert (frame.width, frame.height) == (512, 288)
    assert alpha.shape == (288, 512)
    assert [clip.name for clip in islice(clips("test", (512, 288)), 2)] == ["animal-2", "animal-3"]

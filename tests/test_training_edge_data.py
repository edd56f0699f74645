"""What the edge is learnt from: pictures with exact alpha, and patches cut out of them."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is in the extra `train`")

from bench.cutouts import Cutout
from bench.drawn import texture
from pipeline.errors import SourceError
from pipeline.patch_network import wanted_patch_network
from pipeline.refine import GanRefiner
from tests.training_edges import (
    EYES,
    drawn_layers,
    drawn_picture,
    drawn_pictures,
    prepared_folder,
)
from training.edge_drawn import drawn_subject
from training.edge_mattes import damaged
from training.edge_patches import EdgeSteps, prepared, varied
from training.edge_pictures import with_gap
from training.edge_prepare import LAYERS, prepare
from training.edge_sheet import KINDS, row


@pytest.mark.parametrize("seed", range(6))
def test_a_drawn_subject_has_alpha_of_every_degree_and_colour_where_it_has_alpha(seed: int) -> None:
    rng = np.random.default_rng(seed)
    subject = drawn_subject(200, texture((120, 90), rng), rng)
    assert subject.foreground.shape == (200, 200, 3)
    assert subject.alpha.dtype == np.float32
    assert subject.alpha.min() == 0
    assert 0.5 < subject.alpha.max() <= 1
    assert ((subject.alpha > 0.05) & (subject.alpha < 0.95)).any()
    assert np.isfinite(subject.alpha).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_shows_its_foreground_where_alpha_is_high(seed: int) -> None:
    """As far as noise, compression and subsampled colour let it."""
    picture = drawn_picture(seed)
    height, width = picture.alpha.shape
    assert (picture.frame.width, picture.frame.height) == (width, height)
    assert picture.foreground.shape == (height, width, 3)
    assert width % 2 == height % 2 == 0
    weight = picture.alpha[..., None] ** 4  # a subject out of focus may be solid nowhere
    difference = weight * (picture.frame.rgb.astype(float) - picture.foreground)
    assert abs(difference.sum()) < 6 * max(1, 3 * weight.sum())


def test_a_picture_follows_from_the_generators_state_alone() -> None:
    one, same, other = drawn_picture(1), drawn_picture(1), drawn_picture(2)
    assert np.array_equal(one.frame.rgb, same.frame.rgb)
    assert np.array_equal(one.alpha, same.alpha)
    assert one.alpha.shape != other.alpha.shape or not np.array_equal(one.alpha, other.alpha)


def test_somebody_can_have_a_gap_between_arm_and_body() -> None:
    alpha = np.zeros((200, 100), np.float32)
    alpha[10:, 20:80] = 1
    person = Cutout("portrait/drawn", np.zeros((200, 100, 3), np.uint8), alpha)
    rng = np.random.default_rng(1)
    several = [with_gap(person, rng).alpha for _ in range(20)]
    assert all(np.array_equal(one[:100], alpha[:100]) for one in several)
    assert np.mean([one[100:, 22:78].min() < 0.5 for one in several]) > 0.8


def test_patches_hold_the_edge_and_its_truth() -> None:
    layers = np.concatenate(drawn_layers())
    assert layers.dtype == np.uint8
    assert layers.shape[1:] == (128, 128, LAYERS)
    guided, truth, band = (layers[..., at].astype(float) / 255 for at in (4, 8, 9))
    assert (band.max((1, 2)) > 0.9).all()
    assert np.abs(guided - truth)[band == 0].mean() < np.abs(guided - truth)[band == 1].mean()


def test_preparing_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    folder = prepared_folder(tmp_path, 2) / "train"
    first = (folder / "00000.npy").read_bytes()
    (folder / "00000.npy").unlink()
    kept = (folder / "00001.npy").stat().st_mtime_ns
    prepare(drawn_pictures(), EYES, folder, range(2), 3, 1)
    assert (folder / "00000.npy").read_bytes() == first
    assert (folder / "00001.npy").stat().st_mtime_ns == kept
    assert len(prepared(tmp_path, "train")) <= 2


def test_without_patches_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"run training.edge_prepare"):
        prepared(tmp_path, "train")


def test_a_varied_patch_is_still_composed_of_its_layers() -> None:
    """αF + (1 - α)B is the picture, before and after: B is turned and recoloured with it."""
    rng = np.random.default_rng(3)
    alpha = np.zeros((128, 128), np.uint8)
    alpha[:, 40:70] = 255
    patch = np.zeros((128, 128, LAYERS), np.uint8)
    patch[..., 5:8] = rng.integers(90, 160, (128, 128, 3))
    patch[..., :3] = np.where(alpha[..., None] > 0, patch[..., 5:8], 120)
    for layer in (3, 4, 8, 9):
        patch[..., layer] = alpha
    for seed in range(8):
        other = varied(patch, np.random.default_rng(seed))
        inside = other[..., 8] == 255
        assert inside.sum() == (alpha > 0).sum()
        assert np.array_equal(other[inside][:, :3], other[inside][:, 5:8])
        assert len(np.unique(other[~inside][:, :3], axis=0)) == 1


def test_a_step_has_the_same_patches_every_time() -> None:
    pictures = drawn_layers()
    one, same = (EdgeSteps(pictures, 4, 1)[7] for _ in range(2))
    assert one.shape == (4, 128, 128, LAYERS)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, EdgeSteps(pictures, 4, 1)[8])


def test_a_damaged_matte_ends_elsewhere_but_near() -> None:
    alpha = np.zeros((48, 64), np.float32)
    alpha[:, 32:] = 1
    moved = 0
    for seed in range(20):
        other = damaged(alpha, np.random.default_rng(seed))
        assert other.dtype == np.float32
        assert other.shape == alpha.shape
        assert 0 <= other.min() < other.max() <= 1
        assert other[:, :16].max() < 0.2
        assert other[:, 48:].min() > 0.8
        moved += bool(np.any((other > 0.5) != (alpha > 0.5)))
    assert 5 < moved < 20


def test_the_sheet_shows_source_guided_refined_and_truth_of_each_kind() -> None:
    network, rng = wanted_patch_network("on"), np.random.default_rng(1)
    assert network is not None
    for kind in KINDS:
        shown = row(kind, GanRefiner(network), rng)
        _, guided, refined, truth = np.split(shown[..., 0].astype(float), 4, axis=1)
        assert np.abs(refined - truth).mean() < np.abs(guided - truth).mean(), kind

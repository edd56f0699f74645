"""U²-Net-p in torch: the published network's own figures, and the file that comes of it."""

import copy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pipeline.errors import ModelError
from pipeline.models import ModelEntry, find_model

torch = pytest.importorskip("torch", reason="torch is in the extra `train`")

from torch import Tensor  # noqa: E402

from training.export import AGREEMENT, disagreement, exported, write  # noqa: E402
from training.segment import new_network  # noqa: E402
from training.u2net import U2NetP, alpha_of  # noqa: E402
from training.weights import drawn_back, load_published, with_previous  # noqa: E402

SIDE = 320


@pytest.fixture(scope="module")
def picture() -> Tensor:
    torch.manual_seed(1)
    return torch.randn(1, 3, SIDE, SIDE)


@pytest.fixture(scope="module")
def published(u2netp: ModelEntry, picture: Tensor) -> list[np.ndarray]:
    """What ONNX Runtime makes of it: d0 … d6."""
    session = onnxruntime.InferenceSession(u2netp.path, providers=["CPUExecutionProvider"])
    return list(session.run(None, {session.get_inputs()[0].name: picture.numpy()}))


def test_all_outputs_are_the_published_networks(
    u2netp: ModelEntry, picture: Tensor, published: list[np.ndarray]
) -> None:
    network = U2NetP(finest=1, previous=False).eval()
    load_published(network, u2netp.path)
    with torch.no_grad():
        ours = [alpha_of(logits, SIDE, SIDE).numpy() for logits in network(picture)]
    assert [one.shape for one in ours] == [one.shape for one in published]
    for one, theirs in zip(ours, published, strict=True):
        assert np.abs(one - theirs).max() < 1e-4


def test_before_training_any_previous_alpha_leaves_the_published_matte_as_it_is(
    u2netp: ModelEntry, picture: Tensor, published: list[np.ndarray]
) -> None:
    network = U2NetP().eval()
    load_published(network, u2netp.path)
    with torch.no_grad():
        sides = network(torch.cat((picture, torch.rand(1, 1, SIDE, SIDE)), 1))
    assert [tuple(side.shape[2:]) for side in sides] == [(80, 80), (40, 40), (20, 20), (10, 10)]
    assert np.abs(alpha_of(sides[0], SIDE, SIDE).numpy() - published[3]).max() < 1e-4


def test_another_networks_file_is_refused(tmp_path: Path) -> None:
    torch.manual_seed(1)
    other = tmp_path / "other.onnx"
    other.write_bytes(exported(U2NetP(), 64))
    with pytest.raises(ModelError, match="convolutions, not U²-Net-p's 119"):
        load_published(U2NetP(), other)


def test_pictures_are_normalised_by_255_and_not_by_their_own_maximum() -> None:
    grey = torch.full((1, 32, 32, 3), 51, dtype=torch.uint8)
    x = with_previous(grey, torch.ones(1, 1, 32, 32))
    expected = [(0.2 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (0.2 - 0.406) / 0.225, 1]
    assert x[0, :, 5, 5].tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("size", [64, 96])
def test_torch_and_the_exported_file_agree(size: int) -> None:
    torch.manual_seed(1)
    network = U2NetP()
    assert disagreement(network, exported(network, size), size) < AGREEMENT


def test_a_checkpoint_becomes_a_file_of_its_averaged_weights(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = U2NetP()
    torch.save({"averaged": network.state_dict()}, tmp_path / "best.pt")
    assert write(tmp_path / "best.pt", tmp_path / "out.onnx", 64) < AGREEMENT
    assert disagreement(network, (tmp_path / "out.onnx").read_bytes(), 64) < AGREEMENT


@pytest.mark.parametrize("open_top", [False, True])
def test_training_can_go_on_from_an_exported_file(open_top: bool, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = U2NetP(open_top=open_top).eval()
    (tmp_path / "people.onnx").write_bytes(exported(network, 64))
    x = torch.randn(1, 4, 64, 64)
    with torch.no_grad():
        assert torch.equal(new_network(tmp_path / "people.onnx")(x)[0], network(x)[0])


def test_the_shipped_weights_are_a_start() -> None:
    shipped = find_model("u2netp-people")[0]
    assert disagreement(new_network(shipped), shipped.read_bytes(), 256) < AGREEMENT


def test_a_network_is_drawn_back_a_part_of_its_way() -> None:
    torch.manual_seed(1)
    start, network = U2NetP(), U2NetP()
    whole = copy.deepcopy(network)
    drawn_back(network, start, 0.25)
    for name, weight in network.state_dict().items():
        before, after = start.state_dict()[name], whole.state_dict()[name]
        assert torch.allclose(weight, 0.75 * before + 0.25 * after, atol=1e-6), name

"""Networks in torch: the published one's own figures, ours, and the file that comes of them."""

import copy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pipeline.errors import ModelError
from pipeline.models import ModelEntry, find_model

torch = pytest.importorskip("torch", reason="torch is in the extra `train`")

from torch import Tensor  # noqa: E402

from training.encoder import Encoder, load_pretrained  # noqa: E402
from training.export import AGREEMENT, Pair, disagreement, exported, write  # noqa: E402
from training.lite_net import LiteNet, agreed  # noqa: E402
from training.u2net import U2NetP, alpha_of, enlarged  # noqa: E402
from training.weights import (  # noqa: E402
    drawn_back,
    load_lite,
    load_published,
    load_u2netp,
    normalised,
    pretrained,
    with_previous,
)

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
    other.write_bytes(exported(Pair(U2NetP()), 64))
    with pytest.raises(ModelError, match="convolutions, not U²-Net-p's 119"):
        load_published(U2NetP(), other)


def test_pictures_are_normalised_by_255_and_not_by_their_own_maximum() -> None:
    grey = torch.full((1, 32, 32, 3), 51, dtype=torch.uint8)
    x = with_previous(grey, torch.ones(1, 1, 32, 32))
    expected = [(0.2 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (0.2 - 0.406) / 0.225, 1]
    assert x[0, :, 5, 5].tolist() == pytest.approx(expected, abs=1e-5)


def test_the_encoder_tells_what_is_in_a_picture_as_its_authors_network_does() -> None:
    """The features of one photograph with its colours shifted stay alike, of two others not."""
    pytest.importorskip("skimage", reason="its photographs are in the extra `demo`")
    from skimage import data

    encoder = Encoder().eval()
    load_pretrained(encoder)
    cat, darker = data.chelsea()[:256, :256], (data.chelsea()[:256, :256] * 0.7).astype(np.uint8)
    shown = [cat, darker, data.coffee()[:256, :256]]
    with torch.no_grad():
        deepest = encoder(normalised(torch.from_numpy(np.stack(shown))))[-1].mean((2, 3))
    one, same, another = deepest
    alike = torch.nn.functional.cosine_similarity
    assert alike(one, same, 0) > 0.9 > alike(one, another, 0) + 0.3


def test_before_training_a_lite_net_sees_no_previous_alpha() -> None:
    torch.manual_seed(1)
    network = pretrained().eval()
    picture = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        one, other = (network(torch.cat((picture, torch.rand(1, 1, 64, 96)), 1)) for _ in "ab")
    assert [tuple(side.shape[2:]) for side in one] == [(32, 48), (16, 24), (8, 12), (4, 6)]
    assert torch.equal(one[0], other[0])


def a_pair(with_lite: bool = True, open_top: bool = True) -> Pair:
    torch.manual_seed(1)
    return Pair(U2NetP(open_top=open_top), LiteNet() if with_lite else None)


@pytest.mark.parametrize("size", [64, 96])
@pytest.mark.parametrize("with_lite", [False, True], ids=["alone", "pair"])
def test_torch_and_the_exported_file_agree(with_lite: bool, size: int) -> None:
    pair = a_pair(with_lite)
    assert disagreement(pair, exported(pair, size), size) < AGREEMENT


def test_of_two_opinions_the_mean_counts_and_less_where_they_differ() -> None:
    one, other = torch.tensor([4.0, 4.0, -4.0]), torch.tensor([4.0, -2.0, -6.0])
    assert torch.allclose(agreed(one, other), torch.tensor([4.0, 1.0 - 0.9, -5.0 - 0.3]))
    assert torch.equal(agreed(one, other), agreed(other, one))


def test_a_pairs_alpha_is_what_both_agree_on() -> None:
    pair = a_pair()
    assert pair.lite is not None
    assert pair.u2netp is not None
    x = torch.randn(1, 4, 64, 96)
    with torch.no_grad():
        coarse, fine = pair.u2netp(x)[0], pair.lite(x)[0]
        alpha = pair(x)
    assert alpha.shape == fine.shape
    assert torch.allclose(alpha, agreed(enlarged(coarse, fine), fine).sigmoid())


def test_a_file_that_disagrees_with_torch_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.export.disagreement", lambda *_: 2 * AGREEMENT)
    with pytest.raises(ModelError, match="not written"):
        write(a_pair(), tmp_path / "out.onnx", 64)
    assert not (tmp_path / "out.onnx").exists()


@pytest.mark.parametrize("open_top", [False, True])
def test_training_can_go_on_from_an_exported_file(open_top: bool, tmp_path: Path) -> None:
    pair = a_pair(open_top=open_top)
    assert pair.lite is not None
    assert pair.u2netp is not None
    file = tmp_path / "people.onnx"
    write(pair, file, 64)
    x = torch.randn(1, 4, 64, 64)
    with torch.no_grad():
        assert torch.equal(load_u2netp(file).eval()(x)[0], pair.u2netp(x)[0])
        assert torch.allclose(load_lite(file)(x)[0], pair.lite(x)[0], atol=1e-5)


def test_a_file_without_a_lite_net_is_no_start_for_one(tmp_path: Path) -> None:
    write(a_pair(with_lite=False), tmp_path / "alone.onnx", 64)
    with pytest.raises(ModelError, match="has no LiteNet"):
        load_lite(tmp_path / "alone.onnx")


def test_training_can_go_on_from_a_run(tmp_path: Path) -> None:
    lite = LiteNet().eval()
    torch.save({"averaged": lite.state_dict()}, tmp_path / "best.pt")
    x = torch.randn(1, 4, 64, 64)
    with torch.no_grad():
        assert torch.equal(load_lite(tmp_path / "best.pt")(x)[0], lite(x)[0])


def test_a_lite_net_is_drawn_back_to_the_run_that_it_began_at(tmp_path: Path) -> None:
    nets = [LiteNet(), LiteNet()]
    files = [tmp_path / "start.pt", tmp_path / "last.pt"]
    for net, file in zip(nets, files, strict=True):
        torch.save({"averaged": net.state_dict()}, file)
    drawn = load_lite(files[1], 0.75, files[0])
    for name, weight in drawn.state_dict().items():
        before, after = (net.state_dict()[name] for net in nets)
        assert torch.allclose(weight, 0.25 * before + 0.75 * after, atol=1e-6), name


def test_the_shipped_weights_are_a_start() -> None:
    shipped = find_model("u2netp-people")[0]
    pair = Pair(load_u2netp(shipped), load_lite(shipped))
    assert disagreement(pair, shipped.read_bytes(), 256) < AGREEMENT


def test_a_network_is_drawn_back_a_part_of_its_way() -> None:
    torch.manual_seed(1)
    start, network = U2NetP(), U2NetP()
    whole = copy.deepcopy(network)
    drawn_back(network, start, 0.25)
    for name, weight in network.state_dict().items():
        before, after = start.state_dict()[name], whole.state_dict()[name]
        assert torch.allclose(weight, 0.75 * before + 0.25 * after, atol=1e-6), name

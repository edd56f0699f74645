"""A network made narrower: what it does not need may go, and what it is then fits the pipeline."""

import copy
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is in the extra `train`")

from torch import Tensor  # noqa: E402

from pipeline.errors import ModelError  # noqa: E402
from tests.training_scenes import drawn_scenes  # noqa: E402
from training.batches import Batch, Steps  # noqa: E402
from training.equalise import equalised  # noqa: E402
from training.export import AGREEMENT, Pair, disagreement, exported  # noqa: E402
from training.narrow import CUTS, Cut, narrowed, opened  # noqa: E402
from training.u2net import U2NetP  # noqa: E402
from training.weights import drawn_back, load_averaged, with_previous  # noqa: E402

SIZE = 64
GONE = (3, 17, 40)
FIRST = ("encoder.1.enter", "encoder.1.up.5")
READERS = (("encoder.1.down.0", 0), ("encoder.2.enter", 0))
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    steps = Steps(drawn_scenes(), 2, seed=1, shapes=((SIZE, SIZE),))
    return [steps[step] for step in range(3)]


@pytest.fixture
def network() -> U2NetP:
    torch.manual_seed(1)
    return U2NetP()


def matte(network: U2NetP, batch: Batch) -> Tensor:
    with torch.no_grad():
        return network(with_previous(batch.pictures, batch.previous.float() / 255))[0].sigmoid()


def test_channels_that_are_never_lit_go_first_and_nothing_changes(
    network: U2NetP, batches: list[Batch]
) -> None:
    for name in FIRST:
        network.get_submodule(f"{name}.conv").bias.data[list(GONE)] = -1e3
    small = narrowed(network, [Cut(64 - len(GONE), FIRST, READERS)], batches)
    kept = [channel for channel in range(64) if channel not in GONE]
    for name in FIRST:
        whole = network.get_submodule(f"{name}.conv").weight
        assert torch.equal(small.get_submodule(f"{name}.conv").weight, whole[kept])
    assert (matte(small, batches[0]) - matte(network, batches[0])).abs().max() < 1e-3


def test_readers_make_up_for_a_channel_that_two_others_add_up_to(
    network: U2NetP, batches: list[Batch]
) -> None:
    """Channel 5 of the inner map is 1 and 2 together, so it can be read from them."""
    conv = network.get_submodule("encoder.1.down.0.conv")
    conv.bias.data += 10  # none is cut off by the rectifier
    for values in (conv.weight.data, conv.bias.data):
        values[5] = values[1] + values[2]
    readers = (("encoder.1.down.1", 0), ("encoder.1.up.5", 16))
    small = narrowed(network, [Cut(15, ("encoder.1.down.0",), readers)], batches)
    difference = (matte(small, batches[0]) - matte(network, batches[0])).abs().max()
    naive = copy.deepcopy(network)
    naive.get_submodule("encoder.1.down.0.conv").weight.data[5] = 0
    naive.get_submodule("encoder.1.down.0.conv").bias.data[5] = 0
    assert difference < 0.05 * (matte(naive, batches[0]) - matte(network, batches[0])).abs().max()


def test_what_the_last_step_up_does_not_add_to_is_made_without_it(
    network: U2NetP, batches: list[Batch]
) -> None:
    for name in ("encoder.1.up.5", "encoder.2.up.4"):
        network.get_submodule(f"{name}.conv").bias.data[:] = -1e3
    light = opened(network, batches)
    assert not any(name.startswith("encoder.1.up.5") for name in light.state_dict())
    assert (matte(light, batches[0]) - matte(network, batches[0])).abs().max() < 1e-3


def test_a_narrowed_network_is_kept_exported_and_never_drawn_back(
    network: U2NetP, batches: list[Batch], tmp_path: Path
) -> None:
    small = narrowed(opened(network, batches[:1]), CUTS, batches[:1])
    torch.save({"averaged": small.state_dict()}, tmp_path / "small.pt")
    loaded = load_averaged(tmp_path / "small.pt")
    assert torch.equal(matte(loaded, batches[0]), matte(small, batches[0]))
    pair = Pair(copy.deepcopy(loaded))
    assert disagreement(pair, exported(pair, SIZE), SIZE) < AGREEMENT
    with pytest.raises(ModelError, match="narrowed"):
        drawn_back(loaded, network, 0.5)


@pytest.mark.parametrize("light", [False, True], ids=["closed", "open at the top"])
def test_equalised_maps_reach_equally_far_and_the_matte_is_the_same(
    network: U2NetP, batches: list[Batch], light: bool
) -> None:
    network = opened(network, batches[:1]) if light else network
    inputs = [with_previous(one.pictures, one.previous.float() / 255) for one in batches]
    level = equalised(network, inputs)
    assert (matte(level, batches[0]) - matte(network, batches[0])).abs().max() < 1e-4
    assert reach(level, inputs).std() < 0.01 * reach(level, inputs).mean()
    assert reach(network, inputs).std() > 0.5 * reach(network, inputs).mean()


def reach(network: U2NetP, inputs: list[Tensor]) -> Tensor:
    """The greatest values of the maps inside the first stage."""
    seen: list[float] = []
    block = network.encoder["1"]
    layers = [*block.down, block.bottom, *list(block.up)[:5]]
    hooks = [
        layer.register_forward_hook(lambda _, __, made: seen.append(made.amax((1, 2, 3)).mean()))
        for layer in layers
    ]
    with torch.no_grad():
        for x in inputs:
            network(x)
    for hook in hooks:
        hook.remove()
    return torch.tensor(seen).unflatten(0, (len(inputs), -1)).mean(0)

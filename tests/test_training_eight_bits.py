"""Training that rounds what 8 bits will round."""

import copy

import pytest

torch = pytest.importorskip("torch", reason="torch is in the extra `train`")

from torch import nn  # noqa: E402

from training.eight_bits import in_eight_bits  # noqa: E402


@pytest.fixture
def layers() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=8))


def test_results_are_near_and_not_the_same_and_weights_keep_their_names_and_values(
    layers: nn.Sequential,
) -> None:
    exact = copy.deepcopy(layers)
    x = torch.rand(2, 3, 16, 16)
    in_eight_bits(layers)
    difference = (layers(x) - exact(x)).abs().max()
    assert 0 < difference < 0.02
    assert all(
        torch.equal(one, exact.state_dict()[name]) for name, one in layers.state_dict().items()
    )


def test_a_convolution_of_few_levels_is_computed_exactly() -> None:
    layer = nn.Conv2d(1, 1, 1, bias=False)
    layer.weight.data.fill_(0.5)
    in_eight_bits(layer)
    x = torch.arange(256).float().reshape(1, 1, 16, 16)
    assert torch.allclose(layer(x), x / 2)


def test_gradients_pass_the_rounding(layers: nn.Sequential) -> None:
    in_eight_bits(layers)
    with torch.autocast("cpu", torch.bfloat16):
        layers(torch.rand(2, 3, 16, 16)).sum().backward()
    for weight in layers.parameters():
        assert weight.grad is not None
        assert weight.grad.abs().sum() > 0

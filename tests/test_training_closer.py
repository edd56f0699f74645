"""Training the closer look: what it is shown, that it learns, and the file that comes of it."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is in the extra `train`")

from torch import Generator, Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402

from pipeline.models import ModelEntry  # noqa: E402
from tests.training_scenes import drawn_scenes  # noqa: E402
from training.batches import Batch, Steps  # noqa: E402
from training.closer import CloserJudge, CloserTrainer, near_edge  # noqa: E402
from training.export import AGREEMENT, Pair, disagreement, exported, write  # noqa: E402
from training.first_look import FirstLook, misled  # noqa: E402
from training.lite_net import CLOSER, LiteNet, as_closer  # noqa: E402
from training.trainer import Plan, train  # noqa: E402
from training.weights import load_lite  # noqa: E402

SIZE = 96
CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def first(u2netp: ModelEntry) -> FirstLook:
    return FirstLook.load(CPU)


def random(seed: int = 1) -> Generator:
    return Generator().manual_seed(seed)


def closer() -> LiteNet:
    torch.manual_seed(1)
    return as_closer(LiteNet())


def steps() -> Steps:
    return Steps(drawn_scenes(), 2, seed=1, shapes=((SIZE, SIZE),))


def batch() -> Batch:
    return steps()[0]


def test_the_loss_falls_within_a_few_steps(u2netp: ModelEntry) -> None:
    learner, same = CloserTrainer(closer(), Plan(steps=12, rate=2e-3, warm_up=1), CPU), batch()
    losses = [learner.learn(same) for _ in range(12)]
    assert losses[-1] < 0.85 * losses[0]


def test_a_run_is_judged_by_what_the_second_look_gives(u2netp: ModelEntry, tmp_path: Path) -> None:
    def thin(pictures: Tensor, alpha: Tensor, previous: Tensor, random: Generator) -> Tensor:
        return functional.avg_pool2d(batch().alpha.float() / 300, 4)

    learner = CloserTrainer(closer(), Plan(steps=2, batch=1, judge_every=1), CPU)
    judge = CloserJudge([batch()], thin)
    train(learner, steps(), judge, tmp_path, workers=0)
    log = (tmp_path / "log.jsonl").read_text().splitlines()
    assert len(log) == 3
    assert '"closer"' in log[0]
    same = judge.score(learner.averaged)
    assert same.error == same.closer != same.first > 0


def test_the_first_look_finds_the_same_for_the_same_random_state(first: FirstLook) -> None:
    one = batch()
    alpha, previous = one.alpha.float() / 255, one.previous.float() / 255
    found = [first(one.pictures, alpha, previous, random(seed)) for seed in (3, 3, 4)]
    assert torch.equal(found[0], found[1])
    assert found[0].shape[:2] == (len(one.pictures), 1)
    assert found[0].min() >= 0
    assert found[0].max() <= 1
    assert found[0].shape != found[2].shape or not torch.equal(found[0], found[2])


def test_what_no_network_finds_is_shown_as_it_is_but_coarse(first: FirstLook) -> None:
    """A grey square in front of the same grey: nobody could tell."""
    pictures = torch.full((1, SIZE, SIZE, 3), 128, dtype=torch.uint8)
    alpha, none = torch.zeros(1, 1, SIZE, SIZE), torch.zeros(1, 1, SIZE, SIZE)
    alpha[..., 24:72, 24:72] = 1
    found = first(pictures, alpha, none, random())
    wanted = functional.interpolate(alpha, found.shape[2:], mode="area")
    assert (found - wanted).abs().mean() < 0.05
    assert ((found > 0.1) & (found < 0.9)).float().mean() > 0.05


def test_where_nothing_is_foreground_it_stays_what_the_networks_find(first: FirstLook) -> None:
    pictures = torch.full((1, SIZE, SIZE, 3), 128, dtype=torch.uint8)
    none = torch.zeros(1, 1, SIZE, SIZE)
    assert first(pictures, none, none, random()).max() < 0.5


def test_what_misleads_it_changes_outlines_and_keeps_who_is_meant() -> None:
    alpha = torch.zeros(64, 1, 48, 64)
    alpha[:, :, 12:36, 16:48] = 1
    worse = misled(alpha, torch.zeros(64, 1, 96, 128), random())
    assert worse.shape == alpha.shape
    assert worse.min() >= 0
    assert worse.max() <= 1
    changed = (worse - alpha).abs().amax((1, 2, 3)) > 0.5
    assert 0.3 < changed.float().mean() < 0.95
    assert worse[:, :, 20:28, 24:40].min() > 0.9
    assert worse[:, :, :4].max() < 0.1


def test_what_is_near_an_edge_is_told_from_what_is_not() -> None:
    alpha = torch.zeros(1, 1, 96, 160)
    alpha[..., 80:] = 1
    near = near_edge(alpha, 4)
    assert near.shape == alpha.shape
    assert near[..., 72:88].min() == 1
    assert near[..., :60].max() == near[..., 100:].max() == 0
    assert near_edge(torch.full_like(alpha, 0.5), 4).min() == 1, "all of it is uncertain"


def test_a_closer_one_starts_with_what_a_whole_one_knows_and_stays_as_it_is() -> None:
    torch.manual_seed(1)
    whole = LiteNet()
    one = as_closer(whole)
    assert torch.equal(
        one.encoder.blocks[10].project.conv.weight, whole.encoder.blocks[10].project.conv.weight
    )
    assert torch.equal(one.side["2"].weight, whole.side["2"].weight)
    again = as_closer(one).state_dict()
    assert all(torch.equal(again[name], kept) for name, kept in one.state_dict().items())
    with torch.no_grad():
        sides = one(torch.randn(1, 4, 64, 96))
    assert [side.shape[2:] for side in sides] == [(32, 48), (16, 24), (8, 12), (4, 6)]


def test_its_file_agrees_with_torch_and_can_be_gone_on_from(tmp_path: Path) -> None:
    network, file = closer(), tmp_path / "closer.onnx"
    alone = Pair(None, network)
    assert disagreement(alone, exported(alone, SIZE), SIZE) < AGREEMENT
    write(alone, file, SIZE)
    x = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 4, 64, 64)).astype(np.float32))
    loaded = load_lite(file)
    assert len(loaded.encoder.taken) == CLOSER
    with torch.no_grad():
        assert torch.allclose(loaded(x)[0], network(x)[0], atol=1e-5)

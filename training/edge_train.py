"""Train the edge's generator: `python -m training.edge_train --data DIR --out DIR`."""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import LivematteError
from training.edge_export import load_generator
from training.edge_features import load_features
from training.edge_judge import EdgeJudge, EdgeScore
from training.edge_network import EdgeGenerator
from training.edge_patches import EdgeSteps, edge_batches, prepared
from training.edge_prepare import Layers
from training.edge_trainer import EdgePlan, EdgeTrainer
from training.trainer import begin, save

_REPORT_EVERY = 50
_SAVE_EVERY = 250
_PLAN = EdgePlan()


def train_edges(
    trainer: EdgeTrainer, pictures: list[Layers], judge: EdgeJudge, out: Path, workers: int = 1
) -> None:
    """To the plan's end, from where the trainer stands; last.pt, best.pt, log.jsonl in `out`."""
    plan, first = trainer.plan, trainer.step
    began, losses = time.perf_counter(), _Losses()
    if first == 0:
        _report(trainer, judge.score(trainer.averaged), out, {}, 0)
    steps = EdgeSteps(pictures, plan.batch, plan.seed)
    for layers in edge_batches(steps, first, plan.steps, workers):
        losses.add(trainer.learn(layers))
        each = (time.perf_counter() - began) / (trainer.step - first)
        if trainer.step % _REPORT_EVERY == 0:
            typer.echo(f"step {trainer.step}: {losses.means()}, {each:.2f} s a step")
        if trainer.step % _SAVE_EVERY == 0:
            save(trainer.state(), out / "last.pt")
        if trainer.step % plan.judge_every == 0 or trainer.step == plan.steps:
            _report(trainer, judge.score(trainer.averaged), out, losses.means(), each)
            losses = _Losses()


@dataclass(slots=True)
class _Losses:
    """Sums of losses by name, and how many went in."""

    sums: dict[str, float] = field(default_factory=dict)
    count: int = 0

    def add(self, losses: dict[str, float]) -> None:
        self.count += 1
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def means(self) -> dict[str, float]:
        return {name: round(total / self.count, 4) for name, total in self.sums.items()}


def _report(
    trainer: EdgeTrainer, score: EdgeScore, out: Path, losses: dict[str, float], each: float
) -> None:
    """Write a line of the log, and the weights; the best ones by themselves."""
    figures = {name: round(value, 4) for name, value in asdict(score).items()}
    line = {"step": trainer.step, "judged": trainer.is_judged, **losses, **figures}
    line |= {"s_a_step": round(each, 3), "time": time.strftime("%Y-%m-%dT%H:%M:%S")}
    with (out / "log.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")
    typer.echo(json.dumps(line))
    if score.value > trainer.best:
        trainer.best = score.value
        save({"step": trainer.step, "averaged": trainer.averaged.state_dict()}, out / "best.pt")
    save(trainer.state(), out / "last.pt")


def main(
    data: Annotated[Path, typer.Option(exists=True, help="Patches of training.edge_prepare.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Weights and log; a run goes on.")],
    steps: Annotated[int, typer.Option(help="Of how many batches.")] = _PLAN.steps,
    batch: Annotated[int, typer.Option(help="Patches in each.")] = _PLAN.batch,
    rate: Annotated[float, typer.Option(help="The highest learning rate.")] = _PLAN.rate,
    seed: Annotated[int, typer.Option(help="The batches follow from it.")] = _PLAN.seed,
    init: Annotated[
        Path | None,
        typer.Option(exists=True, help="Weights to start from, a run's .pt or an .onnx file."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    workers: Annotated[int, typer.Option(help="Processes that make the batches.")] = 1,
) -> None:
    """Train, or go on with the run that `out` holds: its own plan then counts."""
    where, state = begin(out, seed, device)
    plan = EdgePlan(**state["plan"]) if state else EdgePlan(steps, batch, rate, seed=seed)
    try:
        look = load_features(where)
        typer.echo(f"perceptual loss by {type(look).__name__}" if look else "no perceptual loss")
        network = load_generator(init) if init else EdgeGenerator()
        trainer = EdgeTrainer(network, plan, where, look)
        if state:
            trainer.restore(state)
        train_edges(trainer, prepared(data, "train"), EdgeJudge.load(data), out, workers)
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)

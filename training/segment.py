"""Train a network on people: `python -m training.segment --out DIR`; see docs/training.md."""

from pathlib import Path
from typing import Annotated

import typer
from torch import device as Device

from bench.cutouts import Split
from pipeline.errors import LivematteError
from training import closer as closer_look
from training.batches import ODDS, SHAPES, Steps
from training.closer import CloserJudge, CloserTrainer
from training.judge import Judge
from training.lite_net import LiteNet, as_closer
from training.scenes import MIX, Scenes
from training.trainer import Judging, Plan, Trainer, begin, train
from training.weights import PeopleNet, load_lite, load_u2netp, pretrained, published

_PLAN = Plan()
_FIRST = SHAPES, ODDS, MIX
_CLOSER = closer_look.SHAPES, closer_look.ODDS, closer_look.MIX
"""Shapes of pictures, their odds, and who is in them: of a first look, and of a closer one."""


def new_network(init: Path | None, lite: bool = False) -> PeopleNet:
    """To start from; `init` is a checkpoint (.pt) or an .onnx file.

    Without one: U²-Net-p as published, or a LiteNet that knows photographs and no mattes.
    """
    if lite:
        return _lite(init)
    return load_u2netp(init) if init else published()


def _lite(init: Path | None) -> LiteNet:
    return load_lite(init) if init else pretrained()


def _trainer(init: Path | None, lite: bool, closer: bool, plan: Plan, where: Device) -> Trainer:
    if closer:
        return CloserTrainer(as_closer(_lite(init)), plan, where)
    return Trainer(new_network(init, lite), plan, where)


def main(
    out: Annotated[Path, typer.Option(file_okay=False, help="Weights and log; a run goes on.")],
    steps: Annotated[int, typer.Option(help="Of how many batches.")] = _PLAN.steps,
    batch: Annotated[int, typer.Option(help="Pictures in each.")] = _PLAN.batch,
    rate: Annotated[float, typer.Option(help="The highest learning rate.")] = _PLAN.rate,
    seed: Annotated[int, typer.Option(help="The data follow from it.")] = _PLAN.seed,
    init: Annotated[Path | None, typer.Option(help="An .onnx or .pt file to start from.")] = None,
    lite: Annotated[
        bool, typer.Option("--lite", help="A LiteNet, in place of U²-Net-p; --rate 1e-3 suits it.")
    ] = False,
    closer: Annotated[
        bool,
        typer.Option(
            "--closer",
            help="A LiteNet that looks again, closer, at edges that the shipped networks find; it "
            "starts from a LiteNet: --init, --batch 4 --rate 4e-4.",
        ),
    ] = False,
    eight_bits: Annotated[
        bool, typer.Option("--eight-bits", help="Learn to bear being rounded to 8 bits.")
    ] = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--everything",
            help="Train on validation people and rooms, too: what the log says is then no measure.",
        ),
    ] = False,
    mattes: Annotated[Path | None, typer.Option(help="Mattes made for the portraits.")] = None,
    more: Annotated[
        Path | None, typer.Option(help="Further rooms and people: training.more_media's folder.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    workers: Annotated[int, typer.Option(help="Processes that make the data.")] = 1,
) -> None:
    """Train, or go on with the run that `out` holds: its own plan then counts."""
    where, state = begin(out, seed, device)
    chosen = Plan(steps, batch, rate, seed=seed, eight_bits=eight_bits)
    plan = Plan(**state["plan"]) if state else chosen
    try:
        trainer = _trainer(init, lite, closer, plan, where)
        if state:
            trainer.restore(state)
        judge: Judging = CloserJudge.load() if closer else Judge.load()
        shapes, odds, mix = _CLOSER if closer else _FIRST
        also: list[Split] = ["validation"] * everything
        scenes = Scenes.load("train", mattes, also=also, more=more, mix=mix)
        train(trainer, Steps(scenes, plan.batch, plan.seed, shapes, odds), judge, out, workers)
    except LivematteError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)

"""`livematte models …`."""

import json
from typing import Annotated, Any

import typer

from pipeline.errors import ModelError
from pipeline.model_files import ModelFile, pull, verify
from pipeline.models import CATALOGUE, MODEL_FOR, PARTS, ModelEntry, find_entry

models = typer.Typer(no_args_is_help=True, help="Fetch, check and find the models.")

_USUAL = MODEL_FOR["any"]
"""The model for people comes with livematte: this is the one that most will fetch."""
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", show_default=_USUAL)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """What there is, and what of it is on this machine."""
    rows = [_row(entry) for entry in CATALOGUE.values()]
    if as_json:
        typer.echo(json.dumps({"models": rows}))
        return
    for row in rows:
        typer.echo(f"{row['name']:<18} {row['state']:<8} {row['size']:>5} px  {row['what']}")


@models.command("pull")
def pull_models(names: Names = None) -> None:
    """Fetch models (u2netp if none is named) and check what came."""
    for name in names or [_USUAL]:
        entry = find_entry(name)
        if _state(entry) == "present":
            typer.echo(f"{entry.path}: there already")
        else:
            typer.echo(pull(entry, lambda line: typer.echo(line, err=True)))


@models.command("verify")
def verify_models(names: Names = None) -> None:
    """Check that models (all that are present if none is named) are what was published."""
    chosen: list[ModelFile] = [find_entry(name) for name in names or []]
    for entry in chosen or _present():
        verify(entry)
        typer.echo(f"{entry.path}: {entry.digest} is right")


@models.command("path")
def model_path(name: Annotated[str, typer.Argument()] = _USUAL) -> None:
    """Where a model's file is, or would be."""
    typer.echo(find_entry(name).path)


def _present() -> list[ModelFile]:
    return [entry for entry in (*CATALOGUE.values(), *PARTS) if entry.path.is_file()]


def _row(entry: ModelEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "state": _state(entry),
        "size": entry.spec.size,
        "licence": entry.licence,
        "path": str(entry.path),
        "what": entry.what,
    }


def _state(entry: ModelEntry) -> str:
    if not entry.path.is_file():
        return "absent"
    try:
        verify(entry)
    except ModelError:
        return "damaged"
    return "present"

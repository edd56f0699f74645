"""The command `livematte`: its parts, and what becomes of their errors."""

import os
import sys
from importlib import metadata
from typing import Annotated

import av.logging
import typer

from pipeline.errors import LivematteError, OptionError
from stream.doctor_command import doctor
from stream.file_command import file
from stream.models_command import models

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Take people out of a video and put them before another background: no green screen.",
    epilog="Exit status: 0 done, 1 it failed, 2 wrong usage, 130 interrupted.",
)
app.command()(file)
app.add_typer(models, name="models")
app.command()(doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"livematte {metadata.version('livematte')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """Run the command; an error is one line on standard error."""
    av.logging.set_level(av.logging.PANIC)
    try:
        app(arguments)
    except OptionError as error:
        _leave(str(error), WRONG_USAGE)
    except LivematteError as error:
        _leave(str(error), FAILED)
    except KeyboardInterrupt:
        _leave("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)


def _leave(line: str, status: int) -> None:
    sys.stderr.write(f"livematte: {line}\n")
    sys.exit(status)

"""The command `livematte`: its parts, and what becomes of their errors."""

import signal
import sys
from importlib import metadata
from typing import Annotated

import typer

from pipeline.errors import Interruption, LivematteError, OptionError
from stream.benchmark.command import bench
from stream.doctor_command import doctor
from stream.evaluate import evaluate_command
from stream.file_command import EXAMPLES, file
from stream.formats_command import formats
from stream.image_command import EXAMPLES as IMAGE_EXAMPLES
from stream.image_command import image
from stream.live_command import EXAMPLES as LIVE_EXAMPLES
from stream.live_command import live
from stream.models_command import models
from stream.serve_command import EXAMPLES as SERVE_EXAMPLES
from stream.serve_command import serve
from stream.silence import silence

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Take people out of a video and put them before another background: no green screen.",
    epilog="Exit status: 0 done, 1 it failed, 2 wrong usage, 130 interrupted.",
)
app.command(epilog=EXAMPLES)(file)
app.command(epilog=IMAGE_EXAMPLES)(image)
app.command(epilog=LIVE_EXAMPLES)(live)
app.command(epilog=SERVE_EXAMPLES)(serve)
app.add_typer(models, name="models")
app.command()(formats)
app.command()(doctor)
app.command()(bench)
app.command("eval")(evaluate_command)


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
    """Run the command and exit; an error is one line on standard error."""
    silence()
    # Being told to stop is being interrupted: what was done is kept, and nothing is left behind.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        status = app(arguments, prog_name="livematte", standalone_mode=False)
    except typer.TyperException as error:
        return _say(_usage(error), error.exit_code)
    except OptionError as error:
        return _say(str(error), WRONG_USAGE)
    except Interruption as error:
        return _say(str(error), INTERRUPTED)
    except LivematteError as error:
        return _say(str(error), FAILED)
    return _say("interrupted", INTERRUPTED) if status == INTERRUPTED else status or 0


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the arguments, and where to read about them."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "livematte"
    return f"{error.format_message().rstrip('.')}: see `{command} --help`"


def _say(line: str, status: int) -> int:
    sys.stderr.write(f"livematte: {line}\n")
    return status

"""`python -m tests.command_runs`: runs `livematte` as often as it is told to, in one process.

Each line on standard input is a JSON list of arguments; each is answered by a line with the status,
and what was written to standard error. The networks are loaded once.
"""

import functools
import json
import os
import sys
import tempfile
import traceback

from stream.cli import main
from stream.loaded_networks import LoadedNetworks


def run(arguments: list[str]) -> dict[str, str | int]:
    with tempfile.TemporaryFile() as errors:
        os.dup2(errors.fileno(), sys.stderr.fileno())
        status = attempt(arguments)
        sys.stderr.flush()
        errors.seek(0)
        return {"status": status, "err": errors.read().decode(errors="replace")}


def attempt(arguments: list[str]) -> int:
    try:
        main(arguments)
    except SystemExit as left:
        return int(left.code or 0)
    except BaseException:
        traceback.print_exc()
    return -1


if __name__ == "__main__":
    LoadedNetworks.load = functools.cache(LoadedNetworks.load)  # type: ignore[method-assign]
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line))) + "\n")
        answers.flush()

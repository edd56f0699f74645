"""`python -m stream` is the command `livematte`."""

from stream.cli import main

main()

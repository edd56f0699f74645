"""`livematte eval`: mattes measured against true ones."""

from stream.evaluate.command import evaluate_command

__all__ = ["evaluate_command"]

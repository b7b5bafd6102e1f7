"""What the command line says: the only place that prints."""

import sys


def say(text: str, end: str = "\n") -> None:
    """Print to standard output at once, for whoever reads it line by line."""
    print(text, end=end, flush=True)


def say_aside(text: str) -> None:
    """Print to standard error, where a pipe does not take it for a result."""
    print(text, file=sys.stderr)


def refuse(message: str) -> int:
    """Print one line to standard error, and return the exit status of bad input."""
    # a value or a path may hold line breaks
    say_aside(" ".join(["gan-lab:", *message.splitlines()]))
    return 2

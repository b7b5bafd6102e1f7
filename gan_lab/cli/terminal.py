"""What the command line says: the only place that prints."""

import contextlib
import logging
import re
import sys
from collections.abc import Iterator
from typing import TextIO

from gan_lab.config.quoting import LONGEST_MESSAGE, LONGEST_VALUE, shortened, shown

_LONG_WORD = re.compile(rf"\S{{{LONGEST_VALUE + 1},}}")


def say(text: str, end: str = "\n") -> None:
    """Print to standard output at once, for whoever reads it line by line."""
    print(_printable(text, sys.stdout), end=end, flush=True)


def say_aside(text: str) -> None:
    """Print to standard error, where a pipe does not take it for a result."""
    print(_printable(text, sys.stderr), file=sys.stderr)


def refuse(message: str) -> int:
    """Print one line to standard error, and return the exit status of bad input."""
    # a value or a path may hold line breaks, and a word of thousands of letters
    line = shown(" ".join(message.splitlines()))
    line = _LONG_WORD.sub(lambda word: shortened(word[0], LONGEST_VALUE), line)
    say_aside(shortened(f"gan-lab: {line}", LONGEST_MESSAGE))
    return 2


class PlainFormatter(logging.Formatter):
    """Formats a log for a terminal: control characters of foreign texts as such, line breaks kept."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        return shown(super().format(record), keep="\n\t")


class SweepConsole(logging.StreamHandler[TextIO]):
    """The terminal as launchers log to it: without the lines that announce jobs; each says one at its end."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record unless it announces a job."""
        if not record.getMessage().startswith("\t#"):
            super().emit(record)


@contextlib.contextmanager
def warnings_only() -> Iterator[None]:
    """Keep what gan-lab logs from the terminal inside, but for warnings; files get all of it."""
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)
    ]

    def is_told(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or not record.name.startswith("gan_lab")

    for handler in handlers:
        handler.addFilter(is_told)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(is_told)


def show_log() -> None:
    """Print what is logged from here on, without its time and level; of libraries, warnings alone."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(PlainFormatter("%(message)s"))
    handler.addFilter(_is_news)
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def _is_news(record: logging.LogRecord) -> bool:
    """Return whether a record is the lab's, or a warning: what a library says of its own steps is neither."""
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] == "gan_lab"


def _printable(text: str, stream: TextIO) -> str:
    """Return a text that a stream takes: without control characters but line breaks, in its encoding."""
    text = shown(text, keep="\n\t")
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)

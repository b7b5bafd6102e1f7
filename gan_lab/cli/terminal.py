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
def job_console(label: str) -> Iterator[None]:
    """Keep what gan-lab logs from the terminal inside, but for warnings and how much longer a job takes.

    Files get all of it.

    Args:
        label: what the job is called, before what is said of its time: several may be trained at once.
    """
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)
    ]
    formatters = [handler.formatter for handler in handlers]
    for handler in handlers:
        handler.addFilter(_is_told_of_job)
        handler.setFormatter(_OfJob(handler.formatter or PlainFormatter(), label))
    try:
        yield
    finally:
        for handler, formatter in zip(handlers, formatters, strict=True):
            handler.removeFilter(_is_told_of_job)
            handler.setFormatter(formatter)


_PACE = "gan_lab.training.pace"


def _is_told_of_job(record: logging.LogRecord) -> bool:
    """Return whether a record is a warning, of another library, or says how much longer a job takes."""
    return record.levelno >= logging.WARNING or record.name == _PACE or not record.name.startswith("gan_lab")


class _OfJob(logging.Formatter):
    """Formats as another does, with the job's label before what is said of its time."""

    def __init__(self, formatter: logging.Formatter, label: str) -> None:
        super().__init__()
        self._formatter, self._label = formatter, shown(label)

    def format(self, record: logging.LogRecord) -> str:
        text = self._formatter.format(record)
        return f"{self._label}: {text}" if record.name == _PACE else text


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

"""`gan-lab ...` as a user types it, but in this process: importing torch anew would take seconds."""

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from typing import NamedTuple
from unittest import mock

from gan_lab.cli import main as cli


class Called(NamedTuple):
    status: int
    out: str
    err: str


def gan_lab(*arguments: str, **environment: str) -> Called:
    """Run the command line on these arguments and return its exit status and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["gan-lab", *arguments]),
        mock.patch.dict(os.environ, environment),
        no_log_handlers(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        os.environ.pop("HYDRA_FULL_ERROR", None)
        try:
            status = cli.main()
        except SystemExit as leaving:  # argparse and Hydra's flags
            status = int(leaving.code or 0)
    return Called(status, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def no_log_handlers() -> Iterator[None]:
    """Begin without handlers, as a new process does, and leave those that were there as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    try:
        yield
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers, root.level = handlers, level

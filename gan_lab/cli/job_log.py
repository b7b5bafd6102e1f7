"""``train.log``: what a job logs, in its folder, once that is known to be the job's own.

Hydra opens a log file before anybody has looked at the folder, which may be another program's, or a
stranger's with a link of that name. So this handler keeps what is logged until it is told to begin.
"""

import logging
import os
from pathlib import Path
from typing import TextIO

from gan_lab.config.errors import UserError
from gan_lab.files.regular import open_regular, unshare


class JobLog(logging.FileHandler):
    """A handler that writes nothing, and makes no file, before ``begin``; conf/config.yaml names it.

    Args:
        filename: the file; regular, or made. None is given, and nothing logged, with a job_logging of
            Hydra's that has no file.
    """

    def __init__(self, filename: str = os.devnull) -> None:
        super().__init__(filename, encoding="utf-8", delay=True, errors="backslashreplace")
        self._kept: list[logging.LogRecord] | None = []

    def begin(self) -> None:
        """Write what was logged until now, and all that follows."""
        kept, self._kept = self._kept, None
        for record in kept or ():
            self.handle(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or keep it; a log that cannot be written ends no training."""
        if self._kept is not None:
            self._kept.append(record)
            return
        try:
            super().emit(record)
        except (OSError, UserError):
            self.handleError(record)

    def _open(self) -> TextIO:  # type: ignore[override]
        path = Path(self.baseFilename)
        unshare(path)
        descriptor = open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        return open(descriptor, "a", encoding=self.encoding, errors=self.errors)


def begin_job_log() -> None:
    """Let the log of this process's job be written: its folder is the job's own."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, JobLog):
            handler.begin()

"""``gan_lab.train``: what ``gan-lab train`` does, from Python."""

import contextlib
import io
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from gan_lab.api.run import LoadedRun, load
from gan_lab.cli.failures import folder_of_command
from gan_lab.cli.hydra_errors import refusal_of
from gan_lab.cli.train import train_app
from gan_lab.config.errors import UserError
from gan_lab.config.quoting import quoted
from gan_lab.runs.group import read_group
from gan_lab.runs.reading import find_runs
from gan_lab.runs.record import RECORD_NAME

_TRUSTED = re.compile(r"\+?trusted=\[(?P<names>[^\]]*)\]")


def train(overrides: Sequence[str] = (), *, quiet: bool = False) -> LoadedRun | list[LoadedRun]:
    """Train as ``gan-lab train OVERRIDES`` does, in this process, and return the run.

    Folders follow the command line's rules: a new one below ``outputs/runs``, or ``hydra.run.dir=...``; a
    folder that holds this run is gone on with, and a finished run is returned as it is.

    Args:
        overrides: as on the command line, a word each: ``objective=wgan``, ``train.iterations=500``, ``-m``.
        quiet: whether to print nothing; ``train.log`` in the run's folder keeps it.

    Returns:
        The run; a list of runs where ``train.seeds`` asks for several, or ``-m`` or an experiment for a
        sweep, whose folder then is read as a whole. A run that diverged is a result, and its
        ``record.status`` says so.

    Raises:
        UserError: if an override is wrong, or a job fails; what else a sweep trained is in its folder.
        KeyboardInterrupt: after saving, if Ctrl-C asked to stop.
    """
    words = _words(overrides)
    with _logging_as_before(), contextlib.redirect_stdout(io.StringIO() if quiet else sys.stdout):
        try:
            failures = train_app(words)
        except Exception as error:
            sentence = refusal_of(error)
            if sentence is None:
                raise
            raise UserError(sentence) from error
    if failures:
        raise UserError(" ".join(failure.text for failure in failures))
    return _runs_of_command(_trusted(words))


def _words(overrides: Sequence[str]) -> list[str]:
    is_list = isinstance(overrides, Iterable) and not isinstance(overrides, str)
    if not is_list or not all(isinstance(word, str) for word in overrides):
        example = '["objective=wgan", "dataset=ring8"]'
        raise UserError(f"overrides must be a list of texts, such as {example}; got {quoted(overrides)}.")
    return list(overrides)


def _trusted(words: Sequence[str]) -> tuple[str, ...]:
    """Return the packages that the call itself trusts: what it trained with, its runs are loaded with."""
    found = [match for word in words if (match := _TRUSTED.fullmatch(word))]
    return tuple(name.strip(" '\"") for match in found for name in match["names"].split(",") if name.strip())


def _runs_of_command(trusted: tuple[str, ...]) -> LoadedRun | list[LoadedRun]:
    folder = folder_of_command()
    if folder is not None and (folder / RECORD_NAME).exists():
        return load(folder, trusted=trusted)
    if folder is None or not folder.is_dir():
        raise UserError("overrides must say what to train; with these nothing was.")
    group = read_group(folder)
    if group is not None:
        return [load(folder / f"seed{seed}", trusted=trusted) for seed in group.seeds]
    return [load(record.path, trusted=trusted) for record in find_runs(folder)]


@contextlib.contextmanager
def _logging_as_before() -> Iterator[None]:
    """Undo what Hydra makes of this process's log, which is not gan-lab's alone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        for handler in root.handlers:
            if handler not in handlers:
                handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)

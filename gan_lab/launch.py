"""One run from config to result: claimed, trained, and its ending written down whatever happens."""

import logging
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from gan_lab.checkpoint import FOLDER, Checkpoint, load_newest
from gan_lab.checks import BadValueError, UserError
from gan_lab.experiment import Experiment, assemble
from gan_lab.records import read_run
from gan_lab.runs import Run, open_run
from gan_lab.signals import stop_on_signals
from gan_lab.train import Outcome, train

log = logging.getLogger(__name__)


def launch(
    config: dict[str, Any],
    run_dir: Path,
    *,
    choices: Mapping[str, str],
    command: str,
    trusted: Iterable[str] = (),
    iterations: int | None = None,
    device: str | None = None,
) -> float:
    """Train what a config describes in a run folder, or go on with what was begun there.

    Args:
        config: composed and resolved, as plain containers.
        run_dir: new, or holding a run of the same config.
        choices: config group to the name of the chosen option.
        command: what was typed.
        trusted: packages besides gan_lab that the config may name classes of.
        iterations: how many the run shall complete, if not what the config says.
        device: where it shall run, if not where the config says.

    Returns:
        The number that a sweeper gets.

    Raises:
        UserError: if the config or the folder is not fit for it.
        KeyboardInterrupt: after saving, if a signal asked to stop.
    """
    changed = config if device is None else config | {"device": device}
    experiment = assemble(changed, trusted)
    run = open_run(
        run_dir,
        config,
        iterations=iterations or experiment.train.iterations,
        seed=experiment.seed,
        device=experiment.device.type,
        command=command,
        choices=choices,
    )
    with run:
        if run.outcome == "finished":
            log.info("%s: %s before, at iteration %d.", run_dir, run.record.status, run.record.iteration)
        else:
            try:
                _train(experiment, run)
            except (MemoryError, RuntimeError) as error:
                raise _as_refusal(error) from error
    return _returned(experiment, run)


def resume(run_dir: Path, overrides: Iterable[str], trusted: Iterable[str]) -> None:
    """Go on with a run where its newest checkpoint is.

    Args:
        run_dir: the run's folder.
        overrides: ``train.iterations=N`` or ``device=NAME``; nothing else of a run can change.
        trusted: packages besides gan_lab that its config may name classes of; what the config itself
            trusts does not count, since the folder may be a stranger's.

    Raises:
        UserError: if it is no run folder, or an override is another one.
    """
    record = read_run(run_dir)
    overrides = list(overrides)
    changes = dict(override.partition("=")[::2] for override in overrides)
    for key in changes:
        if key not in ("train.iterations", "device"):
            raise UserError(f"A resumed run takes train.iterations=N and device=NAME; got {key!r}.")
    asked = changes.get("train.iterations", str(record.iterations))
    if not asked.isdecimal() or int(asked) < max(1, record.iteration):
        rule = f"a whole number, at least the {record.iteration} iterations that are done"
        raise BadValueError("train.iterations", rule, asked)
    launch(
        record.read_config(),
        run_dir,
        choices=record.choices,
        command=shlex.join(["gan-lab", "resume", str(run_dir), *overrides]),
        trusted=trusted,
        iterations=int(asked),
        device=changes.get("device"),
    )


def _as_refusal(error: Exception) -> Exception:
    """Return what the user can mend about an error of the machine; other errors as they are."""
    text = str(error)
    if "No working C++ compiler" in text:
        return UserError("train.execution=compiled needs a C++ compiler, such as g++; use eager without one.")
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in text:
        return UserError(
            "There is not enough memory; lower train.batch_size, dataset.size or architecture.*.width "
            f"({text.partition('. ')[0].strip()})."
        )
    return error


def _train(experiment: Experiment, run: Run) -> None:
    checkpoint = _find_checkpoint(experiment, run)
    sampler = experiment.dataset.open(experiment.device)  # may decode for hours: Ctrl-C stops that at once
    if checkpoint is not None:
        log.info("%s: goes on after iteration %d.", run.path, checkpoint.iteration)
        if checkpoint.device != experiment.device.type:
            log.warning(
                "%s was trained on %s until here; on %s the draws begin afresh, so its numbers are not those "
                "of a run that never moved.",
                run.path,
                checkpoint.device,
                experiment.device.type,
            )
    with stop_on_signals() as request:
        outcome = train(experiment, sampler, run, checkpoint, lambda: bool(request))
    run.update(
        status=outcome.status,
        iteration=outcome.iteration,
        final=outcome.numbers,
        message=outcome.message,
    )
    _tell(run, outcome)
    if request.signal is not None:
        raise KeyboardInterrupt(request.signal.name)


def _find_checkpoint(experiment: Experiment, run: Run) -> Checkpoint | None:
    folder = run.path / FOLDER
    if run.outcome == "new" or not folder.is_dir() or not any(folder.glob("*.pt")):
        return None
    checkpoint = load_newest(run.path, like=experiment.init_state())
    if checkpoint.fingerprint != run.record.config_hash:
        raise UserError(f"{folder} holds checkpoints of another configuration; the run cannot go on.")
    return checkpoint


def _tell(run: Run, outcome: Outcome) -> None:
    reason = f": {outcome.message}" if outcome.message else "."
    log.info("%s at iteration %d%s", outcome.status.capitalize(), outcome.iteration, reason)
    for tag, value in outcome.numbers.items():
        if tag.startswith("distance/"):
            log.info("  %-24s %.6g", tag, value)
    folder = Path(os.path.relpath(run.path)) if run.path.is_relative_to(Path.cwd()) else run.path
    log.info("  samples      %s", folder / run.samples_path.name)
    log.info("  metrics      %s", folder / run.metrics_path.name)
    log.info("  checkpoints  %s", folder / run.checkpoints_path.name)
    log.info("  look at it   gan-lab board %s", shlex.quote(str(folder)))
    if outcome.status == "interrupted":
        log.info("  go on        gan-lab resume %s", shlex.quote(str(folder)))


def _returned(experiment: Experiment, run: Run) -> float:
    """Return the number that the sweeper asked for; it never gets NaN."""
    settings = experiment.train
    if run.record.status == "diverged":
        return settings.returned_when_diverged
    numbers = run.record.numbers
    if settings.returned_metric not in numbers:
        log.warning(
            "train.returned_metric must be one of %s; got %r.", ", ".join(numbers), settings.returned_metric
        )
        return settings.returned_when_diverged
    return numbers[settings.returned_metric]

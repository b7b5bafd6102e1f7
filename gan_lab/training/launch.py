"""One run from config to result: claimed, trained, and its ending written down whatever happens."""

import logging
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from gan_lab.config.checks import UserError
from gan_lab.game.setup import Experiment, assemble
from gan_lab.runs.run import Run, open_run
from gan_lab.training.group import train_group
from gan_lab.training.seeds import configs_by_folder

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
    execution: str | None = None,
) -> float:
    """Train what a config describes in a run folder, or go on with what was begun there.

    Where the config asks for several seeds, each is a run of its own in ``run_dir/seed<k>``, with the config
    that it would have alone.

    Args:
        config: composed and resolved, as plain containers.
        run_dir: new, or holding a run of the same config, or its seeds.
        choices: config group to the name of the chosen option.
        command: what was typed.
        trusted: packages besides gan_lab that the config may name classes of.
        iterations: how many the run shall complete, if not what the config says.
        device: where it shall run, if not where the config says.
        execution: how its iterations shall run, if not as the config says.

    Returns:
        The number that a sweeper gets; of several seeds, the mean.

    Raises:
        UserError: if the config or the folder is not fit for it.
        KeyboardInterrupt: after saving, if a signal asked to stop.
    """
    configs = configs_by_folder(config, run_dir)
    (first, *others), device_and_mode = configs.values(), (device, execution)
    experiment = assemble(_changed(first, *device_and_mode), trusted)
    experiments = [experiment, *(experiment.with_seed(member["seed"]) for member in others)]
    total = iterations or experiment.train.iterations
    about = {"device": experiment.device.type, "command": command, "choices": choices}
    with ExitStack() as stack:
        runs = _open_all(configs, total, about)
        for run in runs:
            stack.enter_context(run)
        unfinished = []
        for member, run in zip(experiments, runs, strict=True):
            if run.outcome == "finished":
                log.info("%s: %s before, at iteration %d.", run.path, run.record.status, run.record.iteration)
            else:
                unfinished.append((member, run))
        if unfinished:
            try:
                train_group(unfinished)
            except (MemoryError, RuntimeError) as error:
                raise _as_refusal(error) from error
    return fmean(_returned(experiment, run) for run in runs)


def _open_all(configs: Mapping[Path, dict[str, Any]], iterations: int, about: Mapping[str, Any]) -> list[Run]:
    """Claim the folders of all runs, or none of them."""
    runs: list[Run] = []
    try:
        for folder, config in configs.items():
            runs.append(open_run(folder, config, iterations=iterations, seed=config["seed"], **about))
    except BaseException:
        for run in runs:
            run.close()
        raise
    return runs


def _changed(config: dict[str, Any], device: str | None, execution: str | None) -> dict[str, Any]:
    """Return a run's config with what may differ from one resumption to the next."""
    if device is not None:
        config = config | {"device": device}
    if execution is not None:
        config = config | {"train": config["train"] | {"execution": execution}}
    return config


def _as_refusal(error: Exception) -> Exception:
    """Return what the user can mend about an error of the machine; other errors as they are."""
    text = str(error)
    if "No working C++ compiler" in text:
        return UserError("train.execution=compiled needs a C++ compiler, such as g++; use eager without one.")
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in text:
        return UserError(
            "There is not enough memory; lower train.batch_size, train.seeds, dataset.size or "
            "architecture.*.width "
            f"({text.partition('. ')[0].strip()})."
        )
    return error


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

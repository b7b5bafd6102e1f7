"""From a config to results: one run, or one for each seed, claimed together, trained and let go."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import fmean
from typing import Any

from gan_lab.config.errors import UserError, lack_of_memory
from gan_lab.game.claims import claims_of, sentences_of
from gan_lab.game.setup import Setup, build_setup
from gan_lab.numerics.determinism import deterministic
from gan_lab.runs.begun import said_of_finished
from gan_lab.runs.group import GROUP_NAME, Group, read_group
from gan_lab.runs.opening import open_run, require_fit
from gan_lab.runs.run import Run
from gan_lab.tracking.writers.choice import build_tracker
from gan_lab.training.playing import train_all
from gan_lab.training.seeds import configs_by_folder, require_memory
from gan_lab.training.together import device_here, follow, leading, processes_here, require_divisible

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
    data_root: str | None = None,
    tracker_node: Mapping[str, Any] | None = None,
    claimed: Callable[[], None] | None = None,
    accept_changed_data: bool = False,
    swept: bool = False,
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
        data_root: where its data lie now, if not where the config says.
        tracker_node: where its numbers go, as the config of a tracker, if not where the config says.
        claimed: called once all folders are this process's, where there is something to train.
        accept_changed_data: whether runs go on with other images than they began with.
        swept: whether a sweeper waits for the number that is returned.

    Returns:
        The number that a sweeper gets; of several seeds, the mean.

    Raises:
        UserError: if the config or the folder is not fit for it.
        KeyboardInterrupt: after saving, if a signal asked to stop.
    """
    # One config, and what it describes, for each seed
    configs = configs_by_folder(config, run_dir)
    first, *others = configs.values()
    here = device_here(first.get("device") if device is None else device)
    setup = build_setup(_changed(first, here, execution, data_root), trusted)
    processes = processes_here()
    require_divisible(setup, list(configs.values()), processes)
    tracker = build_tracker(first if tracker_node is None else first | {"tracker": tracker_node}, trusted)
    require_memory(setup, len(configs), config)
    setups = [setup, *(setup.with_seed(member["seed"]) for member in others)]

    if processes.rank > 0:
        follow(setup, processes)
        return setup.train.returned_when_diverged  # nobody asks the others for a number

    # Claim all folders, train what is not finished, let go
    total = iterations or setup.train.iterations
    about = {
        "device": setup.device.type,
        "command": command,
        "choices": choices,
        "bounds": claims_of(setup),
        "estimate_at_equality": setup.game.objective.estimate_at_equality,
    }
    with ExitStack() as stack:
        leader = stack.enter_context(leading(processes, setup.device))
        # before anything is multiplied on a card
        stack.enter_context(deterministic(setup.train.deterministic))
        runs = _open_all(run_dir, configs, total, about)
        for run in runs:
            stack.enter_context(run)
        unfinished = _unfinished(setups, runs)
        if unfinished:
            if claimed is not None:
                claimed()
            for sentence in sentences_of(setup):
                log.warning(sentence)
            try:
                seeds = [member["seed"] for member in configs.values()]
                train_all(
                    unfinished,
                    seeds,
                    run_dir,
                    tracker,
                    leader,
                    as_before=execution is None,
                    accept_changed_data=accept_changed_data,
                )
            except (MemoryError, RuntimeError) as error:
                raise _as_refusal(error) from error
    return fmean(_returned(setup, run, told=swept) for run in runs)


def _unfinished(setups: Sequence[Setup], runs: Sequence[Run]) -> list[tuple[Setup, Run]]:
    """Return the runs that have iterations left, and say of the others that they have none."""
    for run in runs:
        if run.outcome == "finished":
            log.info("%s", said_of_finished(run.record))
    return [(setup, run) for setup, run in zip(setups, runs, strict=True) if run.outcome != "finished"]


def _open_all(
    run_dir: Path, configs: Mapping[Path, dict[str, Any]], iterations: int, about: Mapping[str, Any]
) -> list[Run]:
    """Claim the folders of all runs, or none of them; what seeds were asked for is written first."""
    for folder in configs:
        require_fit(folder)
    grouped = run_dir not in configs
    begun = grouped and read_group(run_dir) is None
    if grouped:
        seeds = tuple(config["seed"] for config in configs.values())
        Group(seeds, next(iter(configs.values())), dict(about["choices"])).write(run_dir)
    runs: list[Run] = []
    try:
        for folder, config in configs.items():
            runs.append(open_run(folder, config, iterations=iterations, seed=config["seed"], **about))
    except BaseException as error:
        for run in runs:
            run.close()
        if begun and not runs and isinstance(error, UserError):  # refused: nothing was begun
            (run_dir / GROUP_NAME).unlink()
        raise
    return runs


def _changed(
    config: dict[str, Any], device: str | None, execution: str | None, data_root: str | None
) -> dict[str, Any]:
    """Return a run's config with what may differ from one resumption to the next."""
    if device is not None:
        config = config | {"device": device}
    if execution is not None:
        config = config | {"train": config["train"] | {"execution": execution}}
    if data_root is not None:
        config = config | {"dataset": config["dataset"] | {"root": data_root}}
    return config


def _as_refusal(error: Exception) -> Exception:
    """Return what the user can mend about an error of the machine; other errors as they are."""
    if "No working C++ compiler" in str(error):
        return UserError("train.execution=compiled needs a C++ compiler, such as g++; use eager without one.")
    if "does not have a deterministic implementation" in str(error):
        what = str(error).partition(",")[0]
        return UserError(f"train.deterministic=true cannot be kept here: {what} on this device; use false.")
    remedy = "lower train.batch_size, train.seeds, dataset.size or architecture.*.width"
    return lack_of_memory(error, remedy) or error


def _returned(setup: Setup, run: Run, *, told: bool) -> float:
    """Return the number that a sweeper asks for, which never gets NaN; what stands for it is told."""
    settings = setup.train
    if run.record.status == "diverged":
        return settings.returned_when_diverged
    numbers = run.record.numbers
    if settings.returned_metric not in numbers:
        if told:
            log.warning(
                "%s has no %s at its end, as where rounding leaves nothing of a number; the sweeper is given "
                "train.returned_when_diverged, %g, in its place.",
                *(run.path, settings.returned_metric, settings.returned_when_diverged),
            )
        return settings.returned_when_diverged
    return numbers[settings.returned_metric]

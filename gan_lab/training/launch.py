"""One run from config to result: claimed, trained, and its ending written down whatever happens."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from gan_lab.config.checks import NonNegativeInt, PositiveInt, conform
from gan_lab.config.errors import BadValueError, UserError, lack_of_memory
from gan_lab.evaluation.feature_cache import find_feature_network
from gan_lab.game.claims import claims_of, sentences_of
from gan_lab.game.setup import Setup, build_setup
from gan_lab.numerics.memory import BYTES_PER_PARAMETER, total_bytes
from gan_lab.numerics.precision import float32_products
from gan_lab.runs.checkpoint import FOLDER, METRICS_BYTES, load_newest
from gan_lab.runs.checkpoint_format import Checkpoint
from gan_lab.runs.group import GROUP_NAME, Group, read_group
from gan_lab.runs.opening import open_run, require_fit
from gan_lab.runs.record import RECORD_NAME
from gan_lab.runs.run import Run
from gan_lab.training.loop import train_members
from gan_lab.training.member import Member
from gan_lab.training.progress import tell_endings
from gan_lab.training.same_data import hold_to_data
from gan_lab.training.settle import settle_execution, threads_as_before
from gan_lab.training.signals import stop_on_signals

_BYTES_PER_SEED = 1 << 20  # however small its networks: writers, buffers, pictures

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
    claimed: Callable[[], None] | None = None,
    accept_changed_data: bool = False,
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
        claimed: called once all folders are this process's, where there is something to train.
        accept_changed_data: whether runs go on with other images than they began with.

    Returns:
        The number that a sweeper gets; of several seeds, the mean.

    Raises:
        UserError: if the config or the folder is not fit for it.
        KeyboardInterrupt: after saving, if a signal asked to stop.
    """
    # One config, and what it describes, for each seed
    configs = configs_by_folder(config, run_dir)
    (first, *others), device_and_mode = configs.values(), (device, execution)
    setup = build_setup(_changed(first, *device_and_mode), trusted)
    _require_memory(setup, len(configs), config)
    setups = [setup, *(setup.with_seed(member["seed"]) for member in others)]

    # Claim all folders, train what is not finished, let go
    total = iterations or setup.train.iterations
    about = {
        "device": setup.device.type,
        "command": command,
        "choices": choices,
        "bounds": claims_of(setup),
    }
    with ExitStack() as stack:
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
                _train_all(
                    unfinished,
                    seeds,
                    run_dir,
                    as_before=execution is None,
                    accept_changed_data=accept_changed_data,
                )
            except (MemoryError, RuntimeError) as error:
                raise _as_refusal(error) from error
    return fmean(_returned(setup, run) for run in runs)


def _unfinished(setups: Sequence[Setup], runs: Sequence[Run]) -> list[tuple[Setup, Run]]:
    """Return the runs that have iterations left, and say of the others that they have none."""
    for run in runs:
        if run.outcome == "finished":
            log.info("%s: %s before, at iteration %d.", run.path, run.record.status, run.record.iteration)
    return [(setup, run) for setup, run in zip(setups, runs, strict=True) if run.outcome != "finished"]


def configs_by_folder(config: dict[str, Any], run_dir: Path) -> dict[Path, dict[str, Any]]:
    """Return the config of each seed by its run folder; of a lone run, the config as it is.

    Args:
        config: composed; ``train.seeds`` is a number of seeds from ``seed`` on, a list of them, or None.
        run_dir: the run's folder, or the one that holds the folders of the seeds.

    Raises:
        UserError: if the seeds are no whole numbers, or repeat, or the folder holds a lone run.
    """
    train = config.get("train")
    if not isinstance(train, dict) or train.get("seeds") is None:
        return {run_dir: config}
    asked = train["seeds"]
    seeds = conform("train.seeds", asked, PositiveInt | tuple[NonNegativeInt, ...])
    if isinstance(seeds, int):
        first = conform("seed", config.get("seed"), NonNegativeInt)
        most = total_bytes(torch.device("cpu")) // _BYTES_PER_SEED
        if seeds > most:
            raise BadValueError("train.seeds", _rule_of_seeds(most), asked)
        seeds = range(first, first + seeds)
    if not seeds or len(set(seeds)) < len(seeds):
        raise BadValueError("train.seeds", "a number of seeds, or a list of different ones", asked)
    if (run_dir / RECORD_NAME).exists():
        raise UserError(f"hydra.run.dir must not be the folder of a lone run; got {str(run_dir)!r}.")
    alone = config | {"train": train | {"seeds": None}}
    return {run_dir / f"seed{seed}": alone | {"seed": seed} for seed in seeds}


def _require_memory(setup: Setup, seeds: int, config: Mapping[str, Any]) -> None:
    """Check that the networks of all seeds fit into the device's memory side by side."""
    networks = (setup.generator, setup.critic)
    count = sum(parameter.numel() for network in networks for parameter in network.parameters())
    most = total_bytes(setup.device) // max(count * BYTES_PER_PARAMETER, _BYTES_PER_SEED)
    if seeds > max(most, 1):
        raise BadValueError("train.seeds", _rule_of_seeds(most), config["train"]["seeds"])


def _rule_of_seeds(most: int) -> str:
    return f"at most {most:,} seeds, for which there is memory"


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


def _changed(config: dict[str, Any], device: str | None, execution: str | None) -> dict[str, Any]:
    """Return a run's config with what may differ from one resumption to the next."""
    if device is not None:
        config = config | {"device": device}
    if execution is not None:
        config = config | {"train": config["train"] | {"execution": execution}}
    return config


def _train_all(
    unfinished: Sequence[tuple[Setup, Run]],
    seeds: Sequence[int],
    folder: Path,
    *,
    as_before: bool,
    accept_changed_data: bool,
) -> None:
    """Train runs, from their newest checkpoints, and write down how they end.

    Args:
        unfinished: what is played.
        seeds: of these and of those that are finished, in their order.
        folder: what ``gan-lab resume`` takes for them.
        as_before: whether iterations run as they did before, if there were any.
        accept_changed_data: whether they go on with other images than they began with.

    Raises:
        UserError: if data or a checkpoint is not fit for it.
        KeyboardInterrupt: after saving, if a signal asked to stop.
    """
    if not as_before:
        for _, run in unfinished:
            run.forget_execution()
    # What may take long, and is stopped at once by Ctrl-C
    checkpoints = [_find_checkpoint(setup, run) for setup, run in unfinished]
    first, _ = unfinished[0]
    sampler = first.dataset.open(first.device)  # may decode for hours: Ctrl-C stops that at once
    hold_to_data(first.dataset, [run for _, run in unfinished], folder, accept_changed=accept_changed_data)
    if first.metrics.every:
        find_feature_network(first.dataset, first.device)  # may train for a minute: likewise

    # Training, which a signal ends after saving
    with ExitStack() as stack, stop_on_signals() as request:
        if first.device.type == "cuda":
            stack.enter_context(torch.cuda.device(first.device))  # streams and graphs go to the current one
        stack.enter_context(float32_products(first.train.precision))
        stack.enter_context(threads_as_before([run for _, run in unfinished]))
        members = []
        for (setup, run), checkpoint in zip(unfinished, checkpoints, strict=True):
            member = Member(setup, sampler, run, checkpoint)
            stack.callback(member.close)
            members.append(member)
        train_members(members, settle_execution(members, seeds), lambda: bool(request))
    tell_endings(members)
    if request.signal is not None:
        raise KeyboardInterrupt(request.signal.name)


def _find_checkpoint(setup: Setup, run: Run) -> Checkpoint | None:
    folder = run.path / FOLDER
    if run.outcome == "new" or not folder.is_dir() or not any(folder.glob("*.pt")):
        return None
    checkpoint = load_newest(run.path, like=setup.init_state())
    if checkpoint.fingerprint != run.record.config_hash:
        raise UserError(f"{folder} holds checkpoints of another configuration; the run cannot go on.")
    if METRICS_BYTES not in checkpoint.counters or int(checkpoint.state.iteration) != checkpoint.iteration:
        raise UserError(f"{folder} holds a checkpoint that contradicts itself; gan-lab wrote no such one.")
    log.info("%s: goes on after iteration %d.", run.path, checkpoint.iteration)
    if checkpoint.device != setup.device.type:
        run.forget_execution()
        log.warning(
            "%s was trained on %s until here; %s draws other numbers, so its results are not those of a run "
            "that never moved.",
            run.path,
            checkpoint.device,
            setup.device.type,
        )
    return checkpoint


def _as_refusal(error: Exception) -> Exception:
    """Return what the user can mend about an error of the machine; other errors as they are."""
    if "No working C++ compiler" in str(error):
        return UserError("train.execution=compiled needs a C++ compiler, such as g++; use eager without one.")
    remedy = "lower train.batch_size, train.seeds, dataset.size or architecture.*.width"
    return lack_of_memory(error, remedy) or error


def _returned(setup: Setup, run: Run) -> float:
    """Return the number that the sweeper asked for; it never gets NaN."""
    settings = setup.train
    if run.record.status == "diverged":
        return settings.returned_when_diverged
    numbers = run.record.numbers
    if settings.returned_metric not in numbers:
        log.warning(
            "%s has no %s at its end, as where rounding leaves nothing of a number; a sweeper is given "
            "train.returned_when_diverged, %g, in its place.",
            *(run.path, settings.returned_metric, settings.returned_when_diverged),
        )
        return settings.returned_when_diverged
    return numbers[settings.returned_metric]

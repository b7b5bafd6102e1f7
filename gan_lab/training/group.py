"""Runs that differ in nothing but their seed, trained to their ends; a lone run is a group of one."""

import contextlib
import logging
import os
import shlex
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch

from gan_lab.config.checks import UserError
from gan_lab.evaluation.feature_cache import find_feature_network
from gan_lab.game.setup import Experiment
from gan_lab.numerics.precision import float32_products
from gan_lab.runs.checkpoint import FOLDER, Checkpoint, load_newest
from gan_lab.runs.run import Run
from gan_lab.training.autotune import choose
from gan_lab.training.ensemble import make_players
from gan_lab.training.loop import train
from gan_lab.training.member import Member
from gan_lab.training.signals import stop_on_signals

log = logging.getLogger(__name__)


def train_group(unfinished: Sequence[tuple[Experiment, Run]]) -> None:
    """Train runs, from their newest checkpoints, and write down how they end.

    Raises:
        UserError: if data or a checkpoint is not fit for it.
        KeyboardInterrupt: after saving, if a signal asked to stop.
    """
    checkpoints = [_find_checkpoint(experiment, run) for experiment, run in unfinished]
    first, _ = unfinished[0]
    sampler = first.dataset.open(first.device)  # may decode for hours: Ctrl-C stops that at once
    if first.metrics.every:
        find_feature_network(first.dataset, first.device)  # may train for a minute: likewise
    with ExitStack() as stack, stop_on_signals() as request:
        if first.device.type == "cuda":
            stack.enter_context(torch.cuda.device(first.device))  # streams and graphs go to the current one
        stack.enter_context(float32_products(first.train.precision))
        members = []
        for (experiment, run), checkpoint in zip(unfinished, checkpoints, strict=True):
            member = Member(experiment, sampler, run, checkpoint)
            stack.callback(member.close)
            members.append(member)
        _train_members(members, lambda: bool(request))
    _tell(members)
    if request.signal is not None:
        raise KeyboardInterrupt(request.signal.name)


def _train_members(members: Sequence[Member], stop: Callable[[], bool]) -> None:
    """Train until all have ended; seeds that an interruption left behind catch up with the others first."""
    while active := _going_on(members):
        at = min(member.safe.iteration for member in active)
        group = [member for member in active if member.safe.iteration == at]
        marks = {member.safe.iteration for member in active} | {member.total for member in group}
        until = min(mark for mark in marks if mark > at)
        choice = choose(group, until)
        log.info("Execution %s.", choice.reason)
        for member in group:
            member.run.update(execution=choice.recorded(len(group)))
        with ExitStack() as stack:
            players = make_players(group, choice)
            for player in players:
                stack.enter_context(contextlib.closing(player))
            train(players, until, stop)
        if stop():
            for member in members:
                if member.outcome is None:  # it was ahead, and has nothing new to save
                    member.end("interrupted")


def _going_on(members: Sequence[Member]) -> list[Member]:
    """End the members that were saved at their last iteration, and return those that have some left."""
    for member in members:
        if member.outcome is None and member.safe.iteration >= member.total:
            member.end("completed")
    return [member for member in members if member.outcome is None]


def _find_checkpoint(experiment: Experiment, run: Run) -> Checkpoint | None:
    folder = run.path / FOLDER
    if run.outcome == "new" or not folder.is_dir() or not any(folder.glob("*.pt")):
        return None
    checkpoint = load_newest(run.path, like=experiment.init_state())
    if checkpoint.fingerprint != run.record.config_hash:
        raise UserError(f"{folder} holds checkpoints of another configuration; the run cannot go on.")
    log.info("%s: goes on after iteration %d.", run.path, checkpoint.iteration)
    if checkpoint.device != experiment.device.type:
        run.update(execution="")  # what was chosen for the other device
        log.warning(
            "%s was trained on %s until here; %s draws other numbers, so its results are not those of a run "
            "that never moved.",
            run.path,
            checkpoint.device,
            experiment.device.type,
        )
    return checkpoint


def _tell(members: Sequence[Member]) -> None:
    """Say how each run ended and where its results are."""
    for member in members:
        outcome = member.outcome
        assert outcome is not None
        reason = f": {outcome.message}" if outcome.message else "."
        seed, iteration = member.experiment.seed, outcome.iteration
        log.info("Seed %d %s at iteration %d%s", seed, outcome.status, iteration, reason)
        for tag, value in outcome.numbers.items():
            if tag.startswith("distance/"):
                log.info("  %-24s %.6g", tag, value)
    run = members[0].run
    folder, each = _shown(run.path), ""
    if len(members) > 1:
        folder, each = _shown(run.path.parent), "seed*/"
    log.info("  samples      %s", folder / f"{each}{run.samples_path.name}")
    log.info("  metrics      %s", folder / f"{each}{run.metrics_path.name}")
    log.info("  checkpoints  %s", folder / f"{each}{run.checkpoints_path.name}")
    log.info("  look at it   gan-lab board %s", shlex.quote(str(folder)))
    if any(member.outcome and member.outcome.status == "interrupted" for member in members):
        log.info("  go on        gan-lab resume %s", shlex.quote(str(folder)))


def _shown(path: Path) -> Path:
    return Path(os.path.relpath(path)) if path.is_relative_to(Path.cwd()) else path

"""Claimed runs, from their newest checkpoints to their ends, with the machine set up for them."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from gan_lab.config.errors import UserError
from gan_lab.config.phrases import counted, verb
from gan_lab.evaluation.feature_cache import find_feature_network
from gan_lab.game.setup import Setup
from gan_lab.numerics.card import card_of, what_another_card_changes
from gan_lab.runs.checkpoint import FOLDER, METRICS_BYTES, load_newest
from gan_lab.runs.checkpoint_format import Checkpoint
from gan_lab.runs.run import Run
from gan_lab.tracking.snapshots import Snapshots
from gan_lab.tracking.writers.base import ExperimentTracker
from gan_lab.training.ending import tell_endings
from gan_lab.training.loop import train_members
from gan_lab.training.member import Member
from gan_lab.training.same_data import hold_to_data
from gan_lab.training.settle import settle_execution, threads_as_before
from gan_lab.training.signals import stop_on_signals
from gan_lab.training.together import ONE_PROCESS, Leader, computing_as
from gan_lab.types import Sampler

log = logging.getLogger(__name__)


def train_all(
    unfinished: Sequence[tuple[Setup, Run]],
    seeds: Sequence[int],
    folder: Path,
    tracker: ExperimentTracker,
    leader: Leader = ONE_PROCESS,
    *,
    as_before: bool,
    accept_changed_data: bool,
) -> None:
    """Train runs, from their newest checkpoints, and write down how they end.

    Args:
        unfinished: what is played.
        seeds: of these and of those that are finished, in their order.
        folder: what ``gan-lab resume`` takes for them.
        tracker: where their numbers go besides ``metrics.csv``.
        leader: of the processes that play them.
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
        new = [
            played for played, checkpoint in zip(unfinished, checkpoints, strict=True) if checkpoint is None
        ]
        # may train for a minute: likewise, and nobody waits that long for a first picture
        find_feature_network(
            first.dataset, first.device, before_training=lambda: _show_beginnings(new, sampler)
        )

    # Training, which a signal ends after saving
    with ExitStack() as stack, stop_on_signals() as request:
        stack.enter_context(computing_as(first))
        card = card_of(first.device)
        for (_, run), checkpoint in zip(unfinished, checkpoints, strict=True):
            _note_card(run, checkpoint, card)
        stack.enter_context(threads_as_before([run for _, run in unfinished]))
        members = []
        for (setup, run), checkpoint in zip(unfinished, checkpoints, strict=True):
            member = Member(setup, sampler, run, checkpoint, tracker, leader.processes)
            stack.callback(member.close)
            members.append(member)
        executions = stack.enter_context(closing(settle_execution(members, seeds, leader)))
        train_members(members, executions, lambda: bool(request))
    tell_endings(members)
    if request.signal is not None:
        raise KeyboardInterrupt(request.signal.name)


def _show_beginnings(new: Sequence[tuple[Setup, Run]], sampler: Sampler) -> None:
    """Write real images and the first samples of runs that begin; trackers get them later."""
    for setup, run in new:
        snapshots = Snapshots(setup, sampler, run.path, writer=None)
        snapshots.show_real()
        snapshots.look(setup.init_state(), 0)


def _find_checkpoint(setup: Setup, run: Run) -> Checkpoint | None:
    folder = run.path / FOLDER
    if run.outcome == "new" or not folder.is_dir() or not any(folder.glob("*.pt")):
        if done := run.record.iteration:
            raise UserError(
                f"{folder} holds no checkpoint any more of the {counted(done, 'iteration')} that "
                f"{verb(done, 'is', 'are')} done: bring them back, or begin anew in another hydra.run.dir."
            )
        return None
    checkpoint = load_newest(run.path, like=setup.init_state())
    if checkpoint.fingerprint != run.record.config_hash:
        raise UserError(f"{folder} holds checkpoints of another configuration; the run cannot go on.")
    if METRICS_BYTES not in checkpoint.counters or int(checkpoint.state.iteration) != checkpoint.iteration:
        raise UserError(f"{folder} holds a checkpoint that contradicts itself; gan-lab wrote no such one.")
    log.info("%s: goes on after iteration %s.", run.path, f"{checkpoint.iteration:,}")
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


def _note_card(run: Run, checkpoint: Checkpoint | None, card: Mapping[str, str]) -> None:
    """Write down which card a run is computed on, and say what is not to the bit where it was another."""
    if card:
        run.note_card(card)
    changes = what_another_card_changes(checkpoint.card, card) if checkpoint and card else ""
    if changes:
        log.warning(
            "%s goes on elsewhere, %s; its results are not to the bit those of a run that never moved.",
            run.path,
            changes,
        )

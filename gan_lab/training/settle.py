"""What decides on the rounding of a run is written down when it begins, and kept until it ends."""

import dataclasses
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from gan_lab.config.phrases import counted, listed, verb
from gan_lab.runs.record import ExecutionRecord
from gan_lab.runs.run import Run
from gan_lab.training.ensemble import Executions
from gan_lab.training.execution_rule import choose_execution
from gan_lab.training.member import Member
from gan_lab.training.together import ONE_PROCESS, Leader

log = logging.getLogger(__name__)


def settle_execution(
    members: Sequence[Member], seeds: Sequence[int], leader: Leader = ONE_PROCESS
) -> Executions:
    """Write down how each run is executed: as before, or where that is open by the rule.

    Args:
        members: those that are played now.
        seeds: all that are trained together, in the order of their slots, whether they are finished or not.
        leader: of the processes that play them.

    Returns:
        What the rule has made in trying.
    """
    executions, count = Executions(leader), leader.processes.count
    open_ones = []
    for member in members:
        before = member.run.record.execution
        if before is not None and before.processes != count:
            log.warning(
                "%s: processes were %d the last time, and are %d now: it may round otherwise.",
                *(member.run.path, before.processes, count),
            )
        elsewhere = before is not None and before.mode == "graph" and member.setup.device.type != "cuda"
        if before is None or elsewhere or before.processes != count:
            open_ones.append(member)
        elif before.stacked and before.slot is None:  # an earlier version did not write it
            slot = seeds.index(member.setup.seed) % before.seeds
            member.run.update(execution=dataclasses.replace(before, slot=slot))
    if open_ones:
        first = open_ones[0]
        choice = choose_execution(first.setup, first.source.sampler, len(seeds), first.total, count)
        log.debug("Execution %s.", choice.rule)
        if choice.execution is not None:
            executions.keep(choice.mode, choice.stacked, choice.execution)
        for member in open_ones:
            record = ExecutionRecord(
                mode=choice.mode,
                seeds=len(seeds),
                stacked=choice.stacked,
                slot=seeds.index(member.setup.seed) if choice.stacked else None,
                threads=torch.get_num_threads(),
                processes=count,
                rule=choice.rule,
            )
            member.run.update(execution=record)
    return executions


@contextmanager
def threads_as_before(runs: Sequence[Run]) -> Iterator[None]:
    """Use as many threads of the CPU inside as the runs were begun with: sums are split among them.

    Where the process may use fewer cores, or the runs disagree, that is said.
    """
    at_first = torch.get_num_threads()
    executions = [run.record.execution for run in runs if run.record.execution is not None]
    counts = sorted({each.threads for each in executions if each.threads is not None})
    wanted = counts[0] if len(counts) == 1 and counts[0] <= _cores() else at_first
    if any(count != wanted for count in counts):
        told = f"{listed(map(str, counts))} {verb(counts[-1], 'thread', 'threads')}"
        log.warning("Begun with %s, goes on with %d: it may round otherwise.", told, wanted)
    elif wanted != at_first:
        log.info("Uses %s, as before.", counted(wanted, "thread"))
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(at_first)


def _cores() -> int:
    """Return how many cores this process may use."""
    # macOS has no such call
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

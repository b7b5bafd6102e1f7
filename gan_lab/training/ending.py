"""What a person is told at the end of a run: some lines, of seeds one more for each, its verdict the last."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from gan_lab.config.command_lines import command_line, path_word, shown_path
from gan_lab.diagnosis.diagnose import last_line
from gan_lab.diagnosis.way_out import command_of
from gan_lab.runs.words import duration_text
from gan_lab.tags.table import estimate_of
from gan_lab.tags.words import (
    estimate_text,
    number_text,
    quality_at_length,
    quality_of,
    quality_text,
    short_of,
)
from gan_lab.training.member import Member, Outcome
from gan_lab.training.progress import folder_of

log = logging.getLogger(__name__)


def tell_endings(members: Sequence[Member]) -> None:
    """Say how each run ended, what it came to, where its results are, and what can be done next."""
    folder = shown_path(folder_of(members))
    together = len(members) > 1
    for member in members:
        assert member.outcome is not None
        log.info("%s%s", _ended(member, member.outcome), _numbers(member.outcome) if together else "")
    first = members[0]
    assert first.outcome is not None
    lines = [] if together else list(_measured(first.outcome, first.setup.metrics.every))
    lines += _places(members, folder)
    wide = max(len(title) for title, _ in lines)
    for title, text in lines:
        log.info("  %s  %s", title.ljust(wide), text)
    _tell_verdicts(members, wide)


def _tell_verdicts(members: Sequence[Member], wide: int) -> None:
    """Say what is seen in each run's numbers, a line each; of seeds that are well, one line together."""
    verdicts = {member.setup.seed: member.run.record.verdicts for member in members}
    told = {seed: found for seed, found in verdicts.items() if found}  # an interrupted run has none
    well = [seed for seed, found in told.items() if found[0].severity == "none"]
    if len(well) > 1:
        text = f"of {len(well)} of {len(members)} seeds no rule has anything to say"
        log.info("  %s  %s", "verdict".ljust(wide), text)
    for seed, found in told.items():
        if len(well) < 2 or seed not in well:
            which = f"of seed {seed}: " if len(members) > 1 else ""
            log.info("  %s  %s%s", "verdict".ljust(wide), which, last_line(found))


def _ended(member: Member, outcome: Outcome) -> str:
    record = member.run.record
    reason = f": {outcome.message}" if outcome.message else "."
    said = f"Seed {member.setup.seed} {outcome.status} at iteration {outcome.iteration}{reason}"
    return f"{said} It took {duration_text(record.duration_s)}."


def _numbers(outcome: Outcome) -> str:
    told = [text for text in (estimate_text(outcome.numbers), quality_text(outcome.numbers)) if text != "-"]
    return f"  {', '.join(told)}" if told else ""


def _measured(outcome: Outcome, every: int) -> Iterator[tuple[str, str]]:
    tag = estimate_of(outcome.numbers)
    if tag is None:
        ended_first = outcome.status == "diverged" or outcome.iteration == 0
        why = "no iteration came to one" if ended_first else "rounding leaves nothing of it"
        yield "estimate", f"none: {why}"
    else:
        yield short_of(tag), number_text(outcome.numbers[tag]) + _earlier(outcome, tag)
    measured = quality_of(outcome.numbers)
    if measured is None:
        yield "quality", f"not measured{_unmeasured(outcome, every)}"
    else:
        yield "quality", quality_at_length(outcome.numbers) + _earlier(outcome, measured)


def _unmeasured(outcome: Outcome, every: int) -> str:
    if every:
        return (
            f": iteration {outcome.iteration} came before the first measurement, or samples were not finite"
        )
    return "; metrics.every=100 does, every 100 iterations"


def _earlier(outcome: Outcome, tag: str) -> str:
    at = outcome.measured_at[tag]
    return "" if at == outcome.iteration else f"  (of iteration {at})"


def _places(members: Sequence[Member], folder: Path) -> Iterator[tuple[str, str]]:
    run, each = members[0].run, "seed*" if len(members) > 1 else ""
    word = path_word(folder)
    held = f"{run.samples_path.name}/, {run.metrics_path.name}, {run.checkpoints_path.name}/"
    yield "results", f"{folder / each}  ({held})"
    yield "look at it", command_line(["gan-lab", "board", word])
    outcomes = [member.outcome for member in members if member.outcome is not None]
    if any(outcome.status == "interrupted" for outcome in outcomes):
        yield "go on", command_line(["gan-lab", "resume", word])
    elif outcomes[0].status == "completed" and all(quality_of(outcome.numbers) for outcome in outcomes):
        longer = f"train.iterations={2 * members[0].total}"
        yield "train on", command_line(["gan-lab", "resume", word, longer])
    else:
        yield "measure it", command_line(["gan-lab", "evaluate", word])  # what was last finite
    for member in members:
        verdicts = member.run.record.verdicts
        if verdicts and (way := command_of(member.run.record.command, verdicts[0].remedy)):
            yield "way out" if len(members) == 1 else f"way out of seed {member.setup.seed}", way
            break  # of several seeds' the first

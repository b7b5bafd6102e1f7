"""What a person is told at the end of a run, in six lines at most; of seeds in a table and some lines.

The first line says how it ended, the last what is seen in its numbers.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from gan_lab.config.command_lines import command_line, path_word, shown_path
from gan_lab.config.phrases import counted
from gan_lab.diagnosis.diagnose import NOTHING_SEEN, last_line
from gan_lab.diagnosis.way_out import command_of
from gan_lab.files.text_table import MOST_ROWS, Column, lay_out
from gan_lab.runs.finding import SEVERITIES, Finding
from gan_lab.runs.record import EVENTS
from gan_lab.runs.words import duration_text, verdict_of
from gan_lab.tags.names import floor_tag
from gan_lab.tags.table import estimate_of
from gan_lab.tags.words import (
    HEADLINES,
    estimate_cell,
    number_text,
    quality_at_length,
    quality_of,
    quality_text,
    short_of,
)
from gan_lab.training.member import Member, Outcome
from gan_lab.training.progress import folder_of

log = logging.getLogger(__name__)

_FAILURE, *_, _NOTHING = SEVERITIES
_MORE_ITERATIONS = re.compile(r"train\.iterations=(\d+)")


def tell_endings(members: Sequence[Member]) -> None:
    """Say how each run ended, what it came to, where its results are, and what can be done next."""
    folder = shown_path(folder_of(members))
    if len(members) == 1:
        log.info("%s", _ended(members[0]))
        lines = [*_measured(members[0], folder), *_places(members, folder)]
    else:
        log.info("%s", _all_ended(members))
        for row in _table(members).splitlines():
            log.info("  %s", row)
        lines = list(_places(members, folder))
    lines += _verdict(members)
    wide = max(len(title) for title, _ in lines)
    for title, text in lines:
        log.info("  %s  %s", title.ljust(wide), text)


def _ended(member: Member) -> str:
    outcome = _outcome(member)
    reason = f": {outcome.message}" if outcome.message else "."
    said = f"Seed {member.setup.seed} {outcome.status} at iteration {outcome.iteration:,}{reason}"
    return f"{said} It took {duration_text(member.run.record.duration_s)}."


def _all_ended(members: Sequence[Member]) -> str:
    counts = Counter(_outcome(member).status for member in members)
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    took = max(member.run.record.duration_s for member in members)
    return f"Of {counted(len(members), 'seed')} {told}. They took {duration_text(took)}."


def _table(members: Sequence[Member]) -> str:
    """Return a row for each seed: how far it came and what it came to."""
    shown = members[:MOST_ROWS]
    # the last numbers of one that diverged are what it diverged by
    outcomes = [_outcome(member) for member in shown]
    numbers = [{} if outcome.status == "diverged" else outcome.numbers for outcome in outcomes]
    columns = [
        Column("seed", [str(member.setup.seed) for member in shown], right=True),
        Column("status", [_outcome(member).status for member in shown]),
        Column("iteration", [str(_outcome(member).iteration) for member in shown], right=True),
        Column("verdict", [verdict_of(member.run.record) or "-" for member in shown]),
        Column("estimate", [estimate_cell(each) for each in numbers]),
        Column("quality", [quality_text(each) for each in numbers]),
    ]
    more = f"\n... and {len(members) - len(shown):,} more" if len(members) > len(shown) else ""
    return f"{lay_out(columns)}{more}"


def _measured(member: Member, folder: Path) -> Iterator[tuple[str, str]]:
    outcome = _outcome(member)
    tag = estimate_of(outcome.numbers)
    if tag is None:
        why = "no iteration came to one" if outcome.iteration == 0 else "rounding leaves nothing of it"
        yield "estimate", f"none: {why}"
    else:
        yield short_of(tag), number_text(outcome.numbers[tag]) + _earlier(outcome, tag)
    measured = quality_of(outcome.numbers)
    if measured is None:
        yield "quality", f"not measured{_unmeasured(outcome, member.setup.metrics.every, folder)}"
    else:
        # the verdict may be of a median over several measurements
        several = 0 < member.setup.metrics.every < outcome.measured_at[measured]
        yield "quality", quality_at_length(outcome.numbers) + _earlier(outcome, measured, always=several)


def _unmeasured(outcome: Outcome, every: int, folder: Path) -> str:
    """Say why the quality of samples is not known, and what measures it where that helps."""
    measure = f"{command_line(['gan-lab', 'evaluate', path_word(folder)])} does"
    if not every:
        return f"; {measure}, and metrics.every=100 while it is trained"
    if outcome.status != "completed" and outcome.iteration < every:
        return f": it ended before the first measurement, at iteration {every:,}; {measure}"
    # what real samples get is known wherever generated ones could be compared
    if any(floor_tag(tag) in outcome.numbers for tag in HEADLINES):
        return ": compared with real ones, these samples gave no number"
    return ": the samples were not finite"


def _earlier(outcome: Outcome, tag: str, *, always: bool = False) -> str:
    at = outcome.measured_at[tag]
    return f"  (of iteration {at})" if always or at != outcome.iteration else ""


def _places(members: Sequence[Member], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield how results are looked at, and the one thing to do next where there is one."""
    run, where = members[0].run, "in each seed*/" if len(members) > 1 else "there"
    held = f"{run.samples_path.name}/, {run.metrics_path.name} and {run.checkpoints_path.name}/"
    if any(any(member.run.path.glob(EVENTS)) for member in members):
        # as a comment, so that the whole line can be pasted
        yield "look at it", f"{command_line(['gan-lab', 'board', path_word(folder)])}  # {held} are {where}"
    else:  # its numbers went to another tracker
        yield "look at it", f"{folder}: {held} are {where}"
    yield from _next(members, folder)


def _next(members: Sequence[Member], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield a command: to go on with what was interrupted, out of a fault, or to train longer."""
    word, outcomes = path_word(folder), [_outcome(member) for member in members]
    if any(outcome.status == "interrupted" for outcome in outcomes):
        yield "go on", command_line(["gan-lab", "resume", word])
        return
    judged = _worst_first(members)
    for member in judged:
        if way := _way_out(member, members, word):
            yield "way out" if len(members) == 1 else f"way out of seed {member.setup.seed}", way
            return
    failed = any(_worst(member).severity == _FAILURE for member in judged)
    if not failed and all(outcome.status == "completed" for outcome in outcomes):
        longer = f"train.iterations={2 * members[0].total}"
        yield "train on", command_line(["gan-lab", "resume", word, longer])


def _way_out(member: Member, members: Sequence[Member], word: str) -> str:
    """Return the command that follows the way out of the worst that was seen; empty where there is none.

    More iterations alone need no run from the start.
    """
    worst, total = _worst(member), member.run.record.iterations
    more = _MORE_ITERATIONS.fullmatch(worst.remedy)
    completed = all(_outcome(each).status == "completed" for each in members)
    if more and int(more[1]) > total and completed:
        return command_line(["gan-lab", "resume", word, worst.remedy])
    return command_of(member.run.record.command, worst.remedy)


def _verdict(members: Sequence[Member]) -> Iterator[tuple[str, str]]:
    """Yield what is seen in a run's numbers; of several seeds what is worst, and of how many it is said."""
    told = _worst_first(members)
    if not told:
        return
    if len(members) == 1:
        yield "verdict", last_line(told[0].run.record.verdicts)
        return
    worst = told[0]
    name = _worst(worst).name
    if _worst(worst).severity == _NOTHING:
        counts = Counter(_worst(member).name for member in told)
        for each, count in counts.items():
            yield "verdict", f"of {count} of {counted(len(members), 'seed')} {each}: {NOTHING_SEEN[each]}"
    else:
        # it may be the second worst of another
        alike = sum(name in [each.name for each in member.run.record.verdicts] for member in told)
        seed = f"seed {worst.setup.seed}"
        whose = (
            f"{seed} alone" if alike == 1 else f"{alike} of {counted(len(members), 'seed')}, such as {seed}"
        )
        yield "verdict", f"of {whose}: {last_line(worst.run.record.verdicts)}"


def _worst_first(members: Sequence[Member]) -> list[Member]:
    """Return the members with verdicts; of equal ones the first comes first."""
    judged = [member for member in members if member.run.record.verdicts]
    return sorted(judged, key=lambda member: SEVERITIES.index(_worst(member).severity))


def _worst(member: Member) -> Finding:
    return member.run.record.verdicts[0]


def _outcome(member: Member) -> Outcome:
    assert member.outcome is not None, "not ended"
    return member.outcome

"""All rules, and what they say of a run, worst first."""

from collections.abc import Sequence
from dataclasses import replace

from gan_lab.config.phrases import counted, verb
from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.rules import (
    critic_dead,
    divergence,
    imbalance,
    layers,
    memorised,
    mode_collapse,
    momentum,
    negative,
    not_near_optimum,
    overfitted,
    poor,
    rounded_estimate,
    saturated,
    standstill,
    untrained,
    weights_at_bound,
)
from gan_lab.diagnosis.samples import Lines, ends_of, grade_of
from gan_lab.diagnosis.words import end_of, to_usual_rate
from gan_lab.runs.finding import SEVERITIES, Finding
from gan_lab.tags.names import CRITIC_ACCURACY, MEDIAN_WINDOW, MODES_HIT, SLOPE, floor_tag
from gan_lab.tags.table import estimate_of

ALL_WELL, UNMEASURED = "all_well", "unmeasured"
"""What stands for a finding where no rule has one: that all was looked at, or that samples were not."""

NOTHING_SEEN = {
    ALL_WELL: "There is no sign of trouble.",
    UNMEASURED: (
        "Whether the samples are any good was not measured: gan-lab evaluate does, and metrics.every=100 "
        "while it is trained."
    ),
}

NOTHING_MEASURED = "Nothing was measured, and nothing can be said."

RULES: tuple[Rule, ...] = (
    divergence.RULE,
    critic_dead.RULE,
    saturated.RULE,
    mode_collapse.RULE,
    untrained.RULE,
    layers.VANISHING,
    layers.EXPLODING,
    momentum.RULE,
    weights_at_bound.RULE,
    not_near_optimum.RULE,
    overfitted.RULE,
    negative.RULE,
    memorised.RULE,
    poor.RULE,
    rounded_estimate.RULE,
    imbalance.RULE,
    standstill.RULE,
)
"""Causes before what follows from them; of equal severity, what comes first is said first."""


_OF_DIVERGENCE = (divergence.RULE.name, momentum.RULE.name, layers.EXPLODING.name)
"""What is said of a run that diverged: that it did, and what may have led to it; the rest is its wreckage."""

_EFFECTS = (untrained.RULE.name, poor.RULE.name)
_CAUSES = tuple(rule.name for rule in RULES[: RULES.index(poor.RULE)] if rule.name not in _EFFECTS)
"""What may have caused those: then the way out is the cause's, as more iterations of a fault lead nowhere."""


def diagnose(run: Observed) -> tuple[Finding, ...]:
    """Return what the rules see in a run, worst first; where they see nothing, one finding that says so.

    That is ``all_well`` only where samples were measured beside real ones: a critic without a fault says
    nothing of them. Of a rate out of all proportion, whatever is seen may come of it, and the way out is a
    usual one.
    """
    diverged = run.record.status == "diverged"
    rules = [rule for rule in RULES if not diverged or rule.name in _OF_DIVERGENCE]
    found = [finding for rule in rules if (finding := rule.of(run)) is not None]
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))  # of equal ones the order stays
    cause = next((finding for finding in found if finding.name in _CAUSES and finding.remedy), None)
    if cause is not None:
        found = [replace(each, remedy=cause.remedy) if each.name in _EFFECTS else each for each in found]
    if not diverged and (usual := to_usual_rate(run)):
        found = [replace(each, remedy=usual) for each in found]
    return tuple(found) or (_nothing_found(run),)


def _why_unmeasured(run: Observed) -> str:
    """Say why nobody knows whether samples are good, and what measures it where something does."""
    every, done = run.number("metrics.every"), run.iterations[-1]
    if not every:
        return NOTHING_SEEN[UNMEASURED]
    if done < every:
        return (
            f"Whether the samples are any good is first measured at iteration {every:,.0f}; gan-lab evaluate "
            "does at any."
        )
    return "Whether the samples are any good is not known: beside real ones they gave no number."


def last_line(findings: tuple[Finding, ...]) -> str:
    """Return the worst finding as one line, and how many others there are."""
    if not findings:
        return "not diagnosed"
    others = [finding.name for finding in findings[1:]]
    more = f" (and {len(others)} more: {', '.join(others)})" if others else ""
    return f"{findings[0]}{more}"


def _nothing_found(run: Observed) -> Finding:
    """Return that no rule saw anything, in numbers, or that samples were not compared with real ones."""
    ends = ends_of(run)
    if ends is None or grade_of(ends, Lines()) is None:  # a distance without a floor says nothing
        return Finding(UNMEASURED, "none", _of_critic_alone(run, _seen_of_critic(run)))
    floor = run.end(floor_tag(ends.distance))
    seen = _seen_of_critic(run)
    seen.append(f"{ends.distance} {end_of(run, ends.distance)}, of real samples {floor:.3g}")
    if run.has(MODES_HIT):
        hit = end_of(run, MODES_HIT, "g")  # of two, a median may lie between whole numbers
        seen.append(f"modes hit {hit}, of real samples {run.end(floor_tag(MODES_HIT)):.0f}")
    return Finding(ALL_WELL, "none", f"{NOTHING_SEEN[ALL_WELL].rstrip('.')}: {', '.join(seen)}.")


def _of_critic_alone(run: Observed, seen: Sequence[str]) -> str:
    """Say what was seen of a critic, and why nothing is known of samples."""
    if not seen:
        return NOTHING_MEASURED
    done = int(run.iterations[-1])
    few = f"Of its critic {counted(done, 'iteration')} {verb(done, 'says', 'say')} little"
    calm = few if done < MEDIAN_WINDOW else "In the critic there is no sign of trouble"
    return f"{_why_unmeasured(run)} {calm}: {', '.join(seen)}."


def _seen_of_critic(run: Observed) -> list[str]:
    """Return its slope, its accuracy and its estimate in words, those that were measured."""
    seen = []
    if run.has(SLOPE):
        seen.append(f"the critic's slope is {end_of(run, SLOPE)}")
    if len(accuracy := run.late(CRITIC_ACCURACY)):
        whose = "its accuracy" if seen else "the critic's accuracy is"
        mean = f" (mean of its last {len(accuracy):,})" if len(accuracy) > 1 else ""
        seen.append(f"{whose} {float(sum(accuracy) / len(accuracy)):.2f}{mean}")
    estimate = estimate_of([tag for tag in run.columns if run.has(tag)])
    if estimate is not None:
        seen.append(f"{estimate} {run.values(estimate)[-1]:.3g}")
    return seen

"""An estimate that rounding has taken: scores far from 0 that differ by little."""

from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.rules import critic_dead
from gan_lab.diagnosis.samples import is_at_floor
from gan_lab.diagnosis.words import rounding_of
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import RAW


def judge(run: Observed) -> Finding | None:
    """Return that the difference of mean scores is below what rounding may move it by, every other time.

    Scores are rounded relative to their size (:mod:`gan_lab.game.resolution`). Of a Wasserstein critic only
    differences of them matter, so that nothing keeps them near 0 but a drift penalty: a critic with a slope
    may lose its estimate in them, in bf16 first. Of one that is dead the other rule speaks.
    """
    if not run.part("objective", "Wasserstein") or is_at_floor(run) or critic_dead.RULE.of(run):
        return None
    rounding = rounding_of(run, RAW)
    if rounding is None:
        return None
    text = f"The estimate {rounding}: it says little of the distance, whatever the critic has learned."
    precision = str(run.settings.get("train.precision", "fp32"))
    return Finding("rounded_estimate", "warning", text, "" if precision == "fp32" else "train.precision=fp32")


RULE = Rule(
    name="rounded_estimate",
    needs=(),
    judge=judge,
    symptom="The Wasserstein estimate has gaps, or jumps between a few numbers, while samples improve.",
    shows=f"`{RAW}` empty in half of the last 101 iterations, of a critic that is not dead.",
    cause="A Wasserstein critic may add any constant to its scores. Where they have drifted far from 0, "
    "their difference is lost in their rounding: of bf16, beyond 1 / 256 of their size.",
    cure="`train.precision=fp32`, where it is another.",
)

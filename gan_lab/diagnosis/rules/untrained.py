"""Samples that are no nearer to real ones than they were at first."""

from gan_lab.diagnosis.falls import fall_by_default
from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.words import longer
from gan_lab.runs.finding import Finding

_SMALL = 1e-4  # WGAN-GP's rate; WGAN's is half of it


def judge(run: Observed) -> Finding | None:
    """Return that next to no sample is good, and that the distance is still nine tenths of the first one."""
    fall = fall_by_default(run)
    if fall is None or fall.outcome != "untrained":
        return None
    text = f"The generator has learned next to nothing. {fall.reason}"
    return Finding("untrained", "failure", text, _remedy(run))


def _remedy(run: Observed) -> str:
    """Return ten times the rate, at least WGAN-GP's 1e-4, where it is no larger; else more iterations."""
    rate = run.number("optimizer.lr")
    if rate is None or rate > _SMALL:
        return longer(run)
    return f"optimizer.lr={max(10 * rate, _SMALL):g}"


RULE = Rule(
    name="untrained",
    needs=(),
    judge=judge,
    symptom="Noise or grey at the end as at the beginning.",
    shows="Samples fall short as poor ones do, next to none of them is good (below a tenth of what real "
    "ones have), and their distance is at least nine tenths of the first one, "
    "measured in the first third of the run.",
    cause="A rate or a number of iterations that moves nothing, or a critic that gives no gradient.",
    cure="A larger `optimizer.lr`, more `train.iterations`; and what is said of the critic.",
)

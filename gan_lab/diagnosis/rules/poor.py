"""Poor samples: they differ from real ones, whether or not they also differ from one another."""

from gan_lab.diagnosis.falls import fall_by_default
from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.words import scaled
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import COVERAGE, HIGH_QUALITY_SHARE, W1_DEBIASED, W1_DEBIASED_SCATTER, W1_EXACT


def judge(run: Observed) -> Finding | None:
    """Return that samples fall short of real ones without having collapsed, by ``samples.Lines``."""
    fall = fall_by_default(run)
    if fall is None or fall.outcome != "poor":
        return None
    text = f"The samples are poor. {fall.reason}"
    return Finding("poor", "warning", text, scaled(run, "train.iterations", 4))


RULE = Rule(
    name="poor",
    needs=(),
    judge=judge,
    symptom="Blurred pictures, or points between the modes.",
    shows=f"`{HIGH_QUALITY_SHARE}` of a mixture's points below half of that of real ones, `{COVERAGE}` of "
    "labelled images below a tenth, any other distance above three times its floor; or, where that is "
    f"`{W1_EXACT}`, samples closer together than real ones: `{W1_DEBIASED}` above three times "
    f"`{W1_DEBIASED_SCATTER}`, and two samples of the generator less than three quarters as far apart as "
    "real ones; without the signs of a collapse.",
    cause="Most often too few iterations; else a critic that tells the generator too little.",
    cure="More `train.iterations`; and what else is said of the run, which comes before.",
)

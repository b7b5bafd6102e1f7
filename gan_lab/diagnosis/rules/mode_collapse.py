"""Mode collapse: samples that are good, and of too few kinds."""

from gan_lab.diagnosis.falls import fall_by_default
from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.words import to_wgan_gp
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import CONFIDENT_SHARE, HIGH_QUALITY_SHARE, MODE_KL, MODES_HIT, PRECISION, RECALL


def judge(run: Observed) -> Finding | None:
    """Return that quality is there and diversity is not, by the lines of ``diagnosis.samples.Lines``.

    They are those of a report's failure rule: half of the modes, or a histogram as uneven as one of half of
    them (a KL divergence log 2 above that of real samples); of points in the plane also a tenth of the
    recall of real ones.
    """
    fall = fall_by_default(run)
    if fall is None or fall.outcome != "collapsed":
        return None
    text = f"The generator has collapsed: its samples are good, but of too few kinds. {fall.reason}"
    return Finding("mode_collapse", "failure", text, to_wgan_gp(run))


RULE = Rule(
    name="mode_collapse",
    needs=(),
    judge=judge,
    symptom="Good pictures, again and again the same ones.",
    shows=f"`{HIGH_QUALITY_SHARE}` of a mixture's points, or of other samples `{PRECISION}`, at half of that "
    f"of real ones or more, of labelled images also `{CONFIDENT_SHARE}` at three quarters, "
    f"and yet `{MODES_HIT}` below half of theirs, or `{MODE_KL}` above theirs by log 2 = 0.69; in the plane "
    f"also `{RECALL}` below a tenth of theirs.",
    cause="A generator that fools the critic of the moment is best off with one sample; a critic that sees "
    "samples one by one cannot tell that they are alike (Goodfellow, 2016, section 5.1; Metz et al., 2017).",
    cure="`objective=wgan_gp`; more critic steps (`train.n_critic`); a lower `optimizer.lr`.",
)

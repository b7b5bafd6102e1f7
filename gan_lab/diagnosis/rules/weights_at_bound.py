"""Clipped weights that all lie on the edge of the box."""

from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.words import to_wgan_gp
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import AT_CLIP

_MOST = 0.9


def judge(run: Observed) -> Finding | None:
    """Return that nine tenths of the critic's weights are at the clipping bound at the end.

    Such a critic is little more than its signs: with a share s at the bound, only the fraction 1 - s of its
    parameters can still move both ways, and what training chooses are corners of the box, simple functions
    (Gulrajani et al., 2017, section 3.1 and figure 1(b), where all weights are pushed to the two ends).
    Nine tenths leave a tenth of the parameters free. Living critics of this lab are observed at 0.6 to 0.8.
    """
    share = run.late_median(AT_CLIP)
    if not share >= _MOST:
        return None
    clip = run.part("constraint", "WeightClip") or "constraint"
    bound = run.number(f"{clip}.bound")
    at = f" of {bound:g}" if bound is not None else ""
    text = (
        f"{share:.0%} of the critic's weights lie at the clipping bound{at}: it has little left to choose "
        "but signs."
    )
    return Finding("weights_at_bound", "warning", text, to_wgan_gp(run))


RULE = Rule(
    name="weights_at_bound",
    needs=(AT_CLIP,),
    judge=judge,
    symptom="The critic's surface is nearly linear; histograms of its weights are two spikes.",
    shows=f"The median of `{AT_CLIP}` over the last tenth of the run is 0.9 or more.",
    cause="A score gap is largest where weights are as large as the box lets them be (WGAN-GP, section 3.1 "
    "and figure 1(b)); and each step moves a weight by about the rate, so that where the rate is not small "
    "beside the bound, weights go from one end of the box to the other.",
    cure="`objective=wgan_gp`, which holds slopes instead of weights; else a rate that is small beside the "
    "bound, or a larger `constraint.bound`.",
)

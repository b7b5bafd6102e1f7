"""A discriminator that is never wrong: its estimate stands at log 2."""

import math

from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.words import median_of, to_wgan_gp
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import JSD

_SHARE = 0.9


def judge(run: Observed) -> Finding | None:
    """Return that the bound on the Jensen-Shannon divergence has reached its largest value, log 2.

    The bound is log 2 + (E log D(x) + E log(1 - D(G(z)))) / 2. At nine tenths of log 2 the geometric mean of
    the probability of the right answer is 2^-0.1 = 0.93. The gradient of the minimax loss by a logit is
    D(G(z)), some 0.07 there and vanishing beyond (Arjovsky & Bottou, 2017, theorem 2.4); that of the
    non-saturating one does not vanish, but its variance grows (theorem 2.6). The divergence itself is then
    at log 2 wherever the generator is, and says nothing of how far (WGAN, example 1).
    """
    estimate = run.late_median(JSD)
    if not estimate >= _SHARE * math.log(2):
        return None
    ended = f"{estimate:.3f}{median_of(len(run.late(JSD)))}"
    text = (
        f"The discriminator is saturated: its estimate ended at {ended}, of at most log 2 = 0.693, which no "
        "longer says how far the samples are."
    )
    return Finding("discriminator_saturated", "failure", text, to_wgan_gp(run))


RULE = Rule(
    name="discriminator_saturated",
    needs=(JSD,),
    judge=judge,
    symptom="The GAN's estimate climbs to 0.69 and stays; its generator's gradient vanishes or jumps.",
    shows=f"The median of `{JSD}` over the last tenth of the run is above nine tenths of log 2 = 0.693.",
    cause="Real and generated samples lie on sets that hardly meet, and a discriminator tells them apart "
    "without error (Arjovsky & Bottou, 2017, theorems 2.1 to 2.6; WGAN, example 1).",
    cure="`objective=wgan_gp`, whose critic has a slope everywhere; or fewer or smaller steps of the "
    "discriminator (`train.n_critic=1`, `critic_lr_share=0.2`).",
)

"""Momentum that carries the critic against its gradient."""

import numpy as np

from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.words import critic_key, to_wgan_gp
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import STEP_GRADIENT_COSINE

_SHARE = 0.2
_LEAST = 10  # steps


def judge(run: Observed) -> Finding | None:
    """Return that a fifth of the critic's late steps go uphill.

    To first order a step s changes the loss by -|s| |g| cos, so that a cosine below 0 raises what it should
    lower. Were gradients noise without a memory, a mean of them with decay b would keep a cosine of
    sqrt(1 - b²) with the last, 0.44 for 0.9, which in thousands of dimensions hardly scatters: next to none
    would be negative. A fifth of them is where gradients turn faster than the momentum forgets. WGAN
    (section 4.2) reports negative cosines whenever momentum made training unstable. RMSprop's steps have
    the sign of the gradient, entry by entry, and never do this. Fewer than ten steps say nothing of a fifth.
    """
    cosines = run.late(STEP_GRADIENT_COSINE)
    share = float((cosines < 0).mean()) if len(cosines) >= _LEAST else 0.0
    if share < _SHARE:
        return None
    key = critic_key(run, "beta1")
    beta = run.number(key)
    text = (
        f"Momentum carries the critic against its gradient: {share:.0%} of its last steps go uphill, and "
        f"their cosine with the descent direction has a median of {np.median(cosines):.2f}"
        + (f", with {key}={beta:g}." if beta is not None else ".")
    )
    return Finding("momentum_against_gradient", "warning", text, f"{key}=0" if beta else to_wgan_gp(run))


RULE = Rule(
    name="momentum_against_gradient",
    needs=(STEP_GRADIENT_COSINE,),
    judge=judge,
    symptom="The critic's loss swings or rises although the rate is small.",
    shows=f"`{STEP_GRADIENT_COSINE}` is below 0 in a fifth of the last tenth of the run.",
    cause="The critic's loss changes with every generator step, and a mean of past gradients points where it "
    "was lowest before (WGAN, section 4.2).",
    cure="No momentum: `optimizer.beta1=0`, or `optimizer=rmsprop`.",
)

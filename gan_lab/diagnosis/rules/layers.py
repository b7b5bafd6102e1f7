"""Gradients that vanish or explode on their way through the critic's layers."""

from gan_lab.config.phrases import counted
from gan_lab.diagnosis.observed import Observed
from gan_lab.diagnosis.rule import Rule
from gan_lab.diagnosis.samples import is_at_floor
from gan_lab.diagnosis.words import critic_key, end_of, to_wgan_gp
from gan_lab.runs.finding import Finding
from gan_lab.tags.names import LAYERS, PENALTY, SLOPE, group_of

_PER_LAYER, _IN_ALL = 2.0, 1000.0
_EPS = 1e-8  # of all optimizers by default


def judge_vanishing(run: Observed) -> Finding | None:
    """Return that gradients vanish on their way down, by the first of these that holds at the end.

    - The critic's slope, the gradient that arrives at its input for 1 that is sent from its output, is below
      2^-L for L layers, and below a thousandth: on average each layer halves what it passes on. Layers that
      keep lengths pass on a 1 as 1; under clipping it shrinks or grows exponentially with the layers
      (Gulrajani et al., 2017, section 3.2 and figure 1(b), with twelve of them).
    - The gradient by some layer's weights has a norm below eps of the critic's optimizer. Adam and RMSprop
      divide a gradient by its size plus eps: a steady one below eps moves no weight by half of the rate.
      Under a penalty nothing is said: these gradients are of the loss alone, and the optimizer gets both.
    """
    if is_at_floor(run):
        return None
    depth, slope = _depth(run), run.end(SLOPE)
    if depth and slope < min(_PER_LAYER**-depth, 1 / _IN_ALL):
        return _finding(run, "vanish", depth, slope)
    norms = {} if run.has(PENALTY) else _norms(run)
    tag = min(norms, key=lambda each: norms[each], default=None)
    eps = run.number(critic_key(run, "eps")) or _EPS
    if tag is None or norms[tag] >= eps:
        return None
    text = (
        f"Gradients vanish in the critic: {tag} ended at {end_of(run, tag, '.2g')}, below the {eps:g} that "
        "its optimizer adds to a gradient's size before it divides by that: steps of this layer fall short "
        "of the rate, the more the smaller the gradient."
    )
    return Finding("gradients_vanish", "warning", text, to_wgan_gp(run))


def judge_exploding(run: Observed) -> Finding | None:
    """Return that each layer doubles what it passes on, and all of them make it a thousandfold; see above.

    A thousand, because data may ask for steep critics: modes of width s for slopes of about 1 / s. Of
    Wasserstein critics alone: the optimum of a divergence follows the ratio of densities, which has no
    largest slope.
    """
    depth, slope = _depth(run), run.end(SLOPE)
    if (
        not depth
        or not run.part("objective", "Wasserstein")
        or not slope > max(_PER_LAYER ** min(depth, 1000), _IN_ALL)
    ):
        return None
    return _finding(run, "explode", depth, slope)


def _finding(run: Observed, what: str, depth: int, slope: float) -> Finding:
    factor = slope ** (1 / depth) if slope > 0 else 0
    text = (
        f"Gradients {what} through the critic's {counted(depth, 'layer')}: what is 1 at its output is "
        f"{end_of(run, SLOPE, '.2g')} at its input, a factor of {factor:.2g} at each layer."
    )
    return Finding(f"gradients_{what}", "warning", text, to_wgan_gp(run))


def _depth(run: Observed) -> int:
    """Return how many layers the critic has; 0 where that is unknown."""
    hidden = run.number("architecture.critic.depth")
    return len(_norms(run)) or (round(hidden) + 1 if hidden is not None and 0 < hidden <= 1000 else 0)


def _norms(run: Observed) -> dict[str, float]:
    return {tag: run.end(tag) for tag in run.columns if group_of(tag) == LAYERS and run.has(tag)}


_CAUSE = (
    "Weights that are clipped to a small bound shrink what passes through them, to a large one "
    "stretch it, by the same factor at each layer (WGAN-GP, figure 1(b)). A rate far too large does either."
)
_CURE = (
    "`objective=wgan_gp`, whose penalty keeps slopes near 1; fewer layers "
    "(`architecture.critic.depth`); `constraint=bjorck`, whose layers keep lengths; where the rate is above "
    "0.1, longer than weights are, `optimizer.lr=0.001`."
)

VANISHING = Rule(
    name="gradients_vanish",
    needs=(SLOPE,),
    judge=judge_vanishing,
    symptom="A deep critic learns nothing below its last layers.",
    shows=f"`{SLOPE}` below 2^-L for L layers, and below 0.001; or one of `layers/<parameter>` (which need "
    "`metrics.every` and `metrics.layers=true`) below the optimizer's eps, 1e-8 unless you say "
    "otherwise, without a penalty.",
    cause=_CAUSE,
    cure=_CURE,
)

EXPLODING = Rule(
    name="gradients_explode",
    needs=(SLOPE,),
    judge=judge_exploding,
    symptom="A deep critic's scores jump from batch to batch.",
    shows=f"`{SLOPE}` of a Wasserstein critic above 2^L for L layers, and above 1,000.",
    cause=_CAUSE,
    cure=_CURE,
)

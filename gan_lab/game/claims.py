"""What the numbers of a game bound: of samples, of whole batches, or of nothing."""

from collections.abc import Iterator, Mapping

from gan_lab.config.phrases import counted, listed
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bounds import MEANING, NORMS, Bounds, Critic
from gan_lab.constraints.clip import WeightClip
from gan_lab.constraints.gradient_penalty import GradientPenalty
from gan_lab.game.critics import describe_critic
from gan_lab.game.setup import Setup
from gan_lab.tags.names import RAW, distance_tag

_WAYS = {
    "clip": (WeightClip.table_row, "bounds the slope"),
    "gp": (GradientPenalty.table_row, "draws it to 1"),
}


def claims_of(setup: Setup) -> Mapping[str, str]:
    """Return what each estimate of a run bounds, by tag, as ``run.json`` keeps it.

    A divergence has ``samples`` where the estimate bounds that of the distributions of samples, from below
    and in the mean, and ``batches`` where the critic mixes the samples of a batch, and it bounds that of
    whole batches. The score gap has a word of ``constraints.bounds.MEANING``.
    """
    game = setup.game
    claims: dict[str, str] = {RAW: game.constraint.bounds.beside(_critic(setup))}
    if game.objective.estimate_tag is not None:
        claims |= {distance_tag(game.objective.estimate_tag): "batches" if game.critic_mixes else "samples"}
    return claims


def sentences_of(setup: Setup) -> Iterator[str]:
    """Yield a line on each estimate, and each constraint, that bounds less than its name promises."""
    game, critic = setup.game, _critic(setup)
    idle = [each for each in game.constraint.members if each.bounds.best and _is_idle(each, critic)]
    for constraint in idle:
        yield (
            f"{type(constraint).__name__} bounds nothing in this critic, which has {_named(critic)}. "
            f"{constraint.bounds.why} {_remedy(setup, constraint)}"
        )
    if game.objective.estimate_tag is not None and game.critic_mixes:
        yield (
            f"{distance_tag(game.objective.estimate_tag)} is a bound on the divergence of batches of "
            f"{counted(setup.train.batch_size, 'sample')}, not of samples: the critic's score of a sample "
            "depends on the others of its batch, as batch norm makes it."
        )
    bounded = game.constraint.bounds.beside(critic)
    if game.objective.needs_slope and bounded not in ("everywhere", "between") and not idle:
        yield f"Of {RAW}: {MEANING[bounded]}.{_advice(critic) if bounded == 'nothing' else ''}"


def _advice(critic: Critic) -> str:
    """Return which constraints bound the slope of a critic; where none does, of which critic they do."""
    held = [f"constraint={name}, which {what}" for name, (row, what) in _WAYS.items() if _holds(row, critic)]
    if held:
        return f" Use {', or '.join(held)}."
    ways = ", or ".join(f"constraint={name}, which {what}" for name, (_, what) in _WAYS.items())
    return f" Use a critic without {NORMS[critic.norm]}, and {ways}."


def _holds(row: Bounds, critic: Critic) -> bool:
    return row.beside(critic) in ("everywhere", "between")


def _critic(setup: Setup) -> Critic:
    return describe_critic(setup.critic, setup.game.critic_mixes)


def _named(critic: Critic) -> str:
    return f"{NORMS[critic.norm]} ({', '.join(critic.unknown)})" if critic.unknown else NORMS[critic.norm]


def _remedy(setup: Setup, constraint: Constraint) -> str:
    _, architecture = setup.architectures
    if not hasattr(architecture, "norm"):
        names = listed((NORMS[norm] for norm in constraint.bounds.best), "or")
        return f"It does in a critic with {names}."
    return f"Use architecture.critic.norm={listed(constraint.bounds.best, 'or')}."


def _is_idle(constraint: Constraint, critic: Critic) -> bool:
    return constraint.bounds.beside(critic) == "nothing"

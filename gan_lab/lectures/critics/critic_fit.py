"""A critic fitted to two distributions that stand still: the lab's game with its generator taken out."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_lab.architectures.base import CriticArchitecture
from gan_lab.config.checks import NonNegativeInt, PositiveInt, conform
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.gradients import sample_gradients
from gan_lab.game.iteration import make_critic_step
from gan_lab.game.networks import critic_of, critic_weights, mixes_samples, parameters
from gan_lab.game.rules import Game
from gan_lab.numerics.derivatives import use_autograd
from gan_lab.numerics.streams import build_with, make_rng
from gan_lab.numerics.trees import flatten
from gan_lab.objectives.base import Objective
from gan_lab.optimizers.base import UpdateRule
from gan_lab.types import Params, Sampler, Score, State

Source = Tensor | Sampler
"""Points (n, *D) that are all there is, or a sampler of as many as are asked for."""

Look = Callable[[int, Score], None]
"""``look(step, score)``: what is to be done with the critic as it stands after that many steps."""


@dataclass(frozen=True)
class FittedCritic:
    """A critic after its last step.

    Attributes:
        game: the rules it was fitted by; its generator is a placeholder.
        state: its parameters, and what optimizer and constraint remember.
    """

    game: Game
    state: State

    @property
    def weights(self) -> Params:
        """The parameters that it scores with."""
        return critic_weights(self.game, self.state)

    def score(self, points: Tensor) -> Tensor:
        """Return the raw scores (n,) of points (n, *D); they can be differentiated by the points."""
        return critic_of(self.game, self.state)(points)

    def gradients(self, points: Tensor) -> Tensor:
        """Return the gradient of each point's score by that point, (n, *D) flattened to (n, d)."""
        return sample_gradients(critic_of(self.game, self.state), points).detach()


def fit_critic(
    real: Source,
    fake: Source,
    *,
    objective: Objective,
    constraint: Constraint,
    critic: CriticArchitecture,
    optimizer: UpdateRule,
    steps: int,
    batch_size: int | None = None,
    seed: int = 0,
    look_every: int = 0,
    look: Look | None = None,
) -> FittedCritic:
    """Take critic steps, those of the training loop, against a pair that stays what it is.

    Args:
        real: what the critic shall score high.
        fake: what it shall score low.
        objective: whose critic loss is minimised.
        constraint: what holds the critic's slope.
        critic: builds it, for the shape of the points.
        optimizer: of its parameters.
        steps: how many, 0 or greater; 0 leaves the critic as it was initialised.
        batch_size: points of each side per step, drawn afresh, from fixed points with replacement; None takes
            all points in every step, of which both sides must have equally many.
        seed: of initial parameters, batches and penalties: the same seed gives the same critic.
        look_every: steps between two looks; 0 for none.
        look: called before the first step, then after every ``look_every``-th and after the last.

    Raises:
        UserError: if the two sides do not fit together, or the critic is not for such points.
    """
    steps = conform("steps", steps, NonNegativeInt)
    look_every = conform("look_every", look_every, NonNegativeInt)
    draw_real, draw_fake = _draws(real, fake, conform("batch_size", batch_size, PositiveInt | None), seed)
    shape = tuple(draw_real().shape[1:])
    if draw_fake().shape[1:] != shape:
        raise BadValueError("fake", f"points of shape {shape}, as real are", tuple(draw_fake().shape[1:]))
    game, state = _init(objective, constraint, critic, optimizer, shape, seed)
    step, noise_rng = make_critic_step(game), make_rng(seed, "noise")
    noise_shape, no_label = constraint.noise_shape(shape), torch.zeros(0, dtype=torch.int64)

    def looked(done: int) -> None:
        if look is not None and look_every and (done % look_every == 0 or done == steps):
            look(done, FittedCritic(game, state).score)

    looked(0)
    for k in range(steps):
        x, y = draw_real(), draw_fake()
        noise = torch.rand((len(x), *noise_shape), generator=noise_rng)
        with use_autograd():
            state, _ = step(state, x, y, noise, no_label)
        looked(k + 1)
    return FittedCritic(game, state)


def _init(
    objective: Objective,
    constraint: Constraint,
    critic: CriticArchitecture,
    optimizer: UpdateRule,
    shape: tuple[int, ...],
    seed: int,
) -> tuple[Game, State]:
    """Return the rules, and the state before the first step."""
    network = build_with(seed, "critic", lambda: critic.build(shape))
    params, constraint = parameters(network), constraint.bind(network, shape)
    game = Game(
        generator=nn.Identity(),
        critic=network,
        objective=objective,
        constraint=constraint,
        generator_optimizer=optimizer,
        critic_optimizer=optimizer,
        n_critic=1,
        critic_mixes=mixes_samples(network, shape),
    )
    return game, State(
        generator={},
        critic=params,
        generator_optimizer={},
        critic_optimizer=optimizer.init(flatten(params)),
        constraint=constraint.init(params, make_rng(seed, "constraint")),
        generator_constraint={},
        average={},
        iteration=torch.zeros((), dtype=torch.int64),
    )


def _draws(
    real: Source, fake: Source, batch_size: int | None, seed: int
) -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    """Return what gives the next batch of either side."""
    if batch_size is not None:
        return (
            _batches(real, batch_size, make_rng(seed, "data")),
            _batches(fake, batch_size, make_rng(seed, "fake")),
        )
    if not (isinstance(real, Tensor) and isinstance(fake, Tensor)):
        raise UserError("batch_size must be a whole number greater than 0 for a sampler; got None.")
    if len(real) != len(fake):
        raise UserError(
            f"batch_size=null takes all points of both sides, which must be equally many; got {len(real):,} "
            f"real and {len(fake):,} fake: give a batch_size."
        )
    return (lambda: real), (lambda: fake)


def _batches(source: Source, size: int, rng: torch.Generator) -> Callable[[], Tensor]:
    if isinstance(source, Tensor):
        return lambda: source[torch.randint(len(source), (size,), generator=rng)]
    return lambda: source(size, rng)

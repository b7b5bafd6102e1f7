"""How a run is trained and measured, with types and ranges."""

from dataclasses import dataclass
from typing import Annotated, Literal

from gan_lab.config.checks import AT_MOST, Decay, NonNegativeInt, PositiveInt, Rule, Settings
from gan_lab.config.errors import BadValueError
from gan_lab.config.modes import Mode
from gan_lab.numerics.precision import Precision

_FEWEST = 32
EnoughSamples = Annotated[int, Rule(f"a whole number of at least {_FEWEST}", lambda n: n >= _FEWEST), AT_MOST]
_MOST_STEPS = 1_000_000
UpToMillion = Annotated[int, Rule(f"a whole number from 0 to {_MOST_STEPS}", lambda n: 0 <= n <= _MOST_STEPS)]
OneToMillion = Annotated[
    int, Rule(f"a whole number from 1 to {_MOST_STEPS}", lambda n: 1 <= n <= _MOST_STEPS)
]
"""Of critic steps of one iteration: a run is stopped and saved between iterations, never within one; and of
the samples of a batch, of which memory does not hold more."""
_MOST_PROFILED = 1000  # at half a megabyte of trace or more an iteration, all of it in memory
Profiled = Annotated[
    int, Rule(f"a whole number from 0 to {_MOST_PROFILED}", lambda n: 0 <= n <= _MOST_PROFILED)
]


@dataclass(frozen=True)
class TrainSettings(Settings):
    """The node ``train`` of the config; conf/config.yaml says what each key means."""

    iterations: PositiveInt
    batch_size: OneToMillion
    n_critic: OneToMillion
    warmup_critic_steps: UpToMillion
    warmup_iterations: NonNegativeInt
    warmup_every: NonNegativeInt
    execution: Literal["auto", Mode]
    precision: Precision
    seeds: PositiveInt | tuple[NonNegativeInt, ...] | None
    ema: Decay | None
    log_every: PositiveInt
    sample_every: PositiveInt
    checkpoint_every: PositiveInt
    returned_metric: str
    returned_when_diverged: float
    deterministic: bool = False
    profile: Profiled = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.warmup_critic_steps and self.warmup_critic_steps < self.n_critic:
            raise BadValueError(
                "warmup_critic_steps",
                f"0 or at least train.n_critic ({self.n_critic})",
                self.warmup_critic_steps,
            )

    def extra_critic_steps(self, iteration: int) -> int:
        """Return how many critic steps come before those of generator iteration ``iteration``, from 0.

        The released WGAN code takes 100 instead of n_critic during the first 25 generator iterations and at
        every 500th, so that early estimates come from a critic near its optimum.
        """
        early = iteration < self.warmup_iterations
        recurring = self.warmup_every > 0 and iteration % self.warmup_every == 0
        if self.warmup_critic_steps and (early or recurring):
            return self.warmup_critic_steps - self.n_critic
        return 0

    def extra_critic_steps_between(self, first: int, last: int) -> int:
        """Return the sum of ``extra_critic_steps`` of iterations ``first`` up to, but without, ``last``."""
        early_end = max(first, min(last, self.warmup_iterations))
        count = early_end - first
        if self.warmup_every:
            # multiples of warmup_every among the iterations that are not early
            count += -(-last // self.warmup_every) - -(-early_end // self.warmup_every)
        return max(self.warmup_critic_steps - self.n_critic, 0) * count


@dataclass(frozen=True)
class MetricsSettings(Settings):
    """The node ``metrics`` of the config; conf/config.yaml says what each key means."""

    every: NonNegativeInt = 0
    samples: EnoughSamples = 1024
    layers: bool = False

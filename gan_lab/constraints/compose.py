"""A constraint made of constraints."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_lab.config.errors import BadValueError
from gan_lab.constraints.base import Constraint
from gan_lab.constraints.bounds import Bounds, strongest
from gan_lab.types import ConstraintState, Measurements, Params, Score


@dataclass(frozen=True)
class Compose(Constraint):
    """Several constraints at once: penalties add up, weights pass through the parts in order.

    Each part has its own slice of the noise, and its own state under "<part>/".

    Attributes:
        parts: the constraints by name, at least one; a name holds no "/".
    """

    parts: dict[str, Constraint]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.parts:
            rule = "at least one constraint by name, as of constraint=[gp,clip]"
            raise BadValueError("parts", rule, self.parts)
        for name in self.parts:
            if "/" in name:
                raise BadValueError("parts", 'constraints under names without "/"', name)

    @property
    def bounds(self) -> Bounds:
        """What the part that bounds most bounds."""
        return strongest(part.bounds for part in self.parts.values())

    @property
    def members(self) -> tuple[Constraint, ...]:
        """The parts, and theirs."""
        return tuple(member for part in self.parts.values() for member in part.members)

    @property
    def has_penalty(self) -> bool:
        """Whether any part has one."""
        return any(part.has_penalty for part in self.parts.values())

    def bind(self, network: nn.Module, data_shape: tuple[int, ...]) -> Constraint:
        """Bind every part."""
        return Compose({name: part.bind(network, data_shape) for name, part in self.parts.items()})

    def noise_shape(self, data_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of all parts' noise, flattened and put end to end.

        Raises:
            UserError: if a part cannot be used on data of that shape.
        """
        sizes = []
        for name, part in self.parts.items():
            try:
                sizes.append(math.prod(part.noise_shape(data_shape)))
            except BadValueError as error:
                raise error.below(f"parts.{name}") from None
        return (sum(sizes),)

    def init(self, params: Params, rng: torch.Generator) -> ConstraintState:
        """Return the states of all parts, drawn in order."""
        states = {name: part.init(params, rng) for name, part in self.parts.items()}
        return {f"{name}/{key}": value for name, state in states.items() for key, value in state.items()}

    def reparameterize(self, params: Params, state: ConstraintState) -> tuple[Params, ConstraintState]:
        """Pass the parameters through all parts in order."""
        following: ConstraintState = {}
        for name, part in self.parts.items():
            prefix = f"{name}/"
            own = {key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)}
            params, own = part.reparameterize(params, own)
            following |= {prefix + key: value for key, value in own.items()}
        return params, following

    def penalty(self, score: Score, real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
        """Return the sum of the parts' penalties, as (); each reads its own columns of the noise."""
        total, start = real.new_zeros(()), 0
        for part in self.parts.values():
            shape = part.noise_shape(tuple(real.shape[1:]))
            stop = start + math.prod(shape)
            own = noise[:, start:stop].reshape(real.shape[0], *shape)
            total, start = total + part.penalty(score, real, fake, own), stop
        return total

    def weight_penalty(self, params: Params) -> Tensor:
        """Return the sum of the parts' penalties on weights, as ()."""
        total = super().weight_penalty(params)
        for part in self.parts.values():
            total = total + part.weight_penalty(params)
        return total

    def project(self, params: Params) -> Params:
        """Project by all parts in order."""
        for part in self.parts.values():
            params = part.project(params)
        return params

    def measure(self, params: Params) -> Measurements:
        """Return the measurements of all parts."""
        return {tag: value for part in self.parts.values() for tag, value in part.measure(params).items()}

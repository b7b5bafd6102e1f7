"""What every constraint offers: hooks that do nothing until a subclass fills them."""

from dataclasses import dataclass
from textwrap import fill
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gan_lab.config.checks import Settings
from gan_lab.constraints.bounds import Bounds
from gan_lab.types import ConstraintState, Measurements, Params, Score


@dataclass(frozen=True)
class Constraint(Settings):
    """A way to keep the critic Lipschitz or smooth, or the weights of either network in bounds.

    Three kinds share this interface: a *penalty* on a network's loss, a *projection* of its
    parameters after each step, and a *reparameterisation* of its weights before each use. Every hook
    is a pure function of tensors: it runs under ``torch.func.grad``, ``vmap`` and ``torch.compile``.

    The critic's constraint may fill every hook. The generator's acts on weights alone: ``penalty``, which is
    about scores, is not asked of it.

    Attributes:
        table_row: what it bounds beside each normalisation of the critic, which a subclass declares.
        shares_batch: whether what it asks of a sample depends on the others of its batch, likewise.
    """

    shares_batch: ClassVar[bool] = False

    table_row: ClassVar[Bounds] = Bounds(why="A critic is as steep as its objective makes it.")

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Let the docstring of a constraint that has one end in what the table says of it."""
        super().__init_subclass__(**arguments)
        if cls.__doc__ and "table_row" in vars(cls):
            said = fill(cls.table_row.paragraph, 106, initial_indent="    ", subsequent_indent="    ")
            cls.__doc__ = f"{cls.__doc__.rstrip()}\n\n{said}\n    "

    @property
    def bounds(self) -> Bounds:
        """What it bounds beside each normalisation of the critic."""
        return self.table_row

    @property
    def members(self) -> "tuple[Constraint, ...]":
        """What it is made of: itself, unless it is a composition."""
        return (self,)

    @property
    def has_penalty(self) -> bool:
        """Whether ``penalty`` or ``weight_penalty`` is anything but zero."""
        own = type(self)
        return own.penalty is not Constraint.penalty or own.weight_penalty is not Constraint.weight_penalty

    def bind(self, network: nn.Module, data_shape: tuple[int, ...]) -> "Constraint":
        """Return the constraint as it is for one network: itself, unless it asks how layers are laid out.

        Args:
            network: as its architecture built it; it is left as it is.
            data_shape: of one input.
        """
        del network, data_shape
        return self

    def noise_shape(self, data_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the uniform noise that ``penalty`` needs for one sample of ``data_shape``.

        Raises:
            UserError: if the constraint cannot be used on data of that shape.
        """
        del data_shape
        return (0,)

    def init(self, params: Params, rng: torch.Generator) -> ConstraintState:
        """Return the constraint's state for a network's initial parameters; empty by default."""
        del params, rng
        return {}

    def reparameterize(self, params: Params, state: ConstraintState) -> tuple[Params, ConstraintState]:
        """Return the parameters that the network is evaluated with, and the next state."""
        return params, state

    def penalty(self, score: Score, real: Tensor, fake: Tensor, noise: Tensor) -> Tensor:
        """Return the term () added to the critic's loss.

        Args:
            score: the critic, samples (B, *D) to scores (B,).
            real: real samples (B, *D).
            fake: generated samples (B, *D), detached from the generator.
            noise: uniform on [0, 1), (B, *noise_shape).
        """
        del score, fake, noise
        return real.new_zeros(())

    def weight_penalty(self, params: Params) -> Tensor:
        """Return the term () that the parameters alone add to their network's loss."""
        return next(iter(params.values())).new_zeros(())

    def project(self, params: Params) -> Params:
        """Return the network's parameters moved back into the allowed set after a step."""
        return params

    def measure(self, params: Params) -> Measurements:
        """Return what the constraint reports of the network's parameters, as tags to scalars ()."""
        del params
        return {}

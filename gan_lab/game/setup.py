"""From a composed config to everything that a run needs, checked before anything starts."""

import copy
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from gan_lab.architectures.base import CriticArchitecture, GeneratorArchitecture
from gan_lab.config.build import build, make
from gan_lab.config.checks import NonNegativeInt, PositiveFloat, PositiveInt, conform
from gan_lab.config.errors import BadValueError, UserError
from gan_lab.config.modes import refuse_on_cpu
from gan_lab.constraints.base import Constraint
from gan_lab.datasets.base import Dataset
from gan_lab.game.batches import BatchShape
from gan_lab.game.composed import refuse_unknown_keys, section_of
from gan_lab.game.networks import convolves, mixes_samples, parameters, template_of
from gan_lab.game.rules import Game, init_state
from gan_lab.game.settings import MetricsSettings, TrainSettings
from gan_lab.numerics.memory import parameters_that_fit
from gan_lab.numerics.precision import DTYPES, check_precision, find_device, prefers_channels_last
from gan_lab.numerics.streams import build_with, make_rng
from gan_lab.numerics.trees import to_device
from gan_lab.objectives.base import Objective
from gan_lab.optimizers.base import UpdateRule
from gan_lab.runs.config_hash import TRACKER
from gan_lab.types import State

_OF_ARCHITECTURE = ("latent_dim", "generator", "critic")
_READ_ELSEWHERE = {"trusted", "critic_norm", TRACKER}  # by who calls, and by the files of critics


@dataclass(frozen=True)
class Setup:
    """What a config describes.

    Attributes:
        seed: of parameters, data order, latents and penalties.
        device: where it runs.
        generator: the initialised generator, on the CPU.
        critic: the initialised critic, on the CPU.
        batch_shape: sizes of what one iteration consumes.
        architectures: what built generator and critic.
    """

    seed: int
    device: torch.device
    train: TrainSettings
    metrics: MetricsSettings
    dataset: Dataset
    generator: nn.Module
    critic: nn.Module
    game: Game
    batch_shape: BatchShape
    architectures: tuple[GeneratorArchitecture, CriticArchitecture]

    def with_seed(self, seed: int) -> "Setup":
        """Return what the same config describes with another seed."""
        generator, critic = _build_networks(*self.architectures, seed, self.batch_shape, self.device)
        return dataclasses.replace(self, seed=seed, generator=generator, critic=critic)

    def new_generator(self) -> nn.Module:
        """Return a copy of the generator's module, to be filled with trained parameters."""
        return copy.deepcopy(self.generator)

    def init_state(self) -> State:
        """Return the state before the first iteration, on the setup's device."""
        rng = make_rng(self.seed, "constraint")
        state = init_state(self.game, parameters(self.generator), parameters(self.critic), rng)
        return to_device(state, self.device)


def build_setup(config: Mapping[str, Any], trusted: Iterable[str] = ()) -> Setup:
    """Build what a config describes.

    Args:
        config: the composed and resolved config, as plain containers.
        trusted: packages besides gan_lab that the config may name classes of.

    Raises:
        UserError: naming the first key that is wrong.
    """
    refuse_unknown_keys(config)
    config = _Read(config)
    trusted = tuple(trusted)

    # Plain settings, and where the run shall be
    seed = conform("seed", config.get("seed"), NonNegativeInt)
    device = find_device(conform("device", config.get("device"), str))
    train = make(TrainSettings, section_of(config, "train"), "train")
    # runs that an earlier version began have none
    metrics = make(MetricsSettings, section_of(config, "metrics", {}), "metrics")
    check_precision(train.precision, device)
    if device.type != "cuda":
        refuse_on_cpu(f"train.execution={train.execution}")

    # Data, and the sizes of what an iteration consumes
    architecture = section_of(config, "architecture")
    latent_dim = conform("architecture.latent_dim", architecture.get("latent_dim"), PositiveInt)
    dataset = build(config.get("dataset"), Dataset, "dataset", trusted)
    constraint = build(config.get("constraint"), Constraint, "constraint", trusted)
    shape = BatchShape(
        batch_size=train.batch_size,
        n_critic=train.n_critic,
        latent_dim=latent_dim,
        data_shape=dataset.data_shape,
        noise_shape=_noise_shape(constraint, dataset.data_shape),
    )

    # Networks, and what has to be known of them
    architectures = _architectures(architecture, trusted)
    generator, critic = _build_networks(*architectures, seed, shape, device)
    constraint = constraint.bind(critic, dataset.data_shape)
    critic_mixes = mixes_samples(critic, dataset.data_shape)

    # The rules that they play by
    optimizer = build(config.get("optimizer"), UpdateRule, "optimizer", trusted)
    share = conform("critic_lr_share", config.get("critic_lr_share"), PositiveFloat | None)
    if config.get("critic_optimizer") is not None:
        critic_optimizer = build(config["critic_optimizer"], UpdateRule, "critic_optimizer", trusted)
    else:
        critic_optimizer = _with_share(optimizer, share)
    game = Game(
        generator=template_of(generator, device, "architecture.generator"),
        critic=template_of(critic, device, "architecture.critic"),
        objective=build(config.get("objective"), Objective, "objective", trusted),
        constraint=constraint,
        generator_optimizer=optimizer,
        critic_optimizer=critic_optimizer,
        n_critic=train.n_critic,
        ema=train.ema,
        generator_mixes=mixes_samples(generator, (latent_dim,)),
        critic_mixes=critic_mixes,
        dtype=DTYPES[train.precision],
        channels_last=prefers_channels_last(train.precision, device)
        and convolves(generator, (latent_dim,))
        and convolves(critic, dataset.data_shape),
    )
    _refuse_unread_keys(config)
    return Setup(seed, device, train, metrics, dataset, generator, critic, game, shape, architectures)


class _Read(Mapping[str, Any]):
    """A config that knows which of its keys were asked for."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self.unread = set(config)

    def __getitem__(self, key: str) -> Any:
        self.unread.discard(key)
        return self._config[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._config)

    def __len__(self) -> int:
        return len(self._config)


def _with_share(optimizer: UpdateRule, share: float | None) -> UpdateRule:
    """Return the generator's rule with a share of its learning rate, for the critic."""
    if share is None:
        return optimizer
    if not hasattr(optimizer, "lr"):
        raise UserError(f"critic_lr_share is a share of optimizer.lr; {type(optimizer).__name__} has no lr.")
    return dataclasses.replace(optimizer, lr=share * optimizer.lr)  # type: ignore[call-arg]


def _refuse_unread_keys(config: _Read) -> None:
    """Refuse a group of conf/ that nothing above builds: what was chosen of it would be without effect."""
    for key in sorted(config.unread - _READ_ELSEWHERE):
        raise UserError(f"{key} is a group or key of conf/ that no part of a run is built from.")


def _architectures(
    section: Mapping[str, Any], trusted: tuple[str, ...]
) -> tuple[GeneratorArchitecture, CriticArchitecture]:
    for key in section:
        if key not in _OF_ARCHITECTURE:
            raise UserError(
                f"architecture.{key} is not a setting; architecture has {', '.join(_OF_ARCHITECTURE)}."
            )
    generator = build(section.get("generator"), GeneratorArchitecture, "architecture.generator", trusted)
    critic = build(section.get("critic"), CriticArchitecture, "architecture.critic", trusted)
    return generator, critic


def _build_networks(
    generator: GeneratorArchitecture,
    critic: CriticArchitecture,
    seed: int,
    shape: BatchShape,
    device: torch.device,
) -> tuple[nn.Module, nn.Module]:
    """Return generator and critic.

    Raises:
        UserError: if the device's memory is too small for one of them.
    """
    with parameters_that_fit(device, "architecture.generator"):
        first = build_with(seed, "generator", lambda: generator.build(shape.latent_dim, shape.data_shape))
    with parameters_that_fit(device, "architecture.critic"):
        second = build_with(seed, "critic", lambda: critic.build(shape.data_shape))
    return first, second


def _noise_shape(constraint: Constraint, data_shape: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return constraint.noise_shape(data_shape)
    except BadValueError as error:
        raise error.below("constraint") from None

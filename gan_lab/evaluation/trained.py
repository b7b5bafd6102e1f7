"""What a run has trained, read from its newest checkpoint: where samples, exports and scores come from."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from gan_lab.config.errors import BadValueError
from gan_lab.game.networks import critic_of
from gan_lab.game.sampling import sample, sampling_network_of
from gan_lab.game.setup import Setup, build_setup
from gan_lab.numerics.draws import normal
from gan_lab.numerics.memory import total_bytes
from gan_lab.numerics.streams import make_rng
from gan_lab.numerics.trees import to_device
from gan_lab.runs.checkpoint import load_newest
from gan_lab.runs.reading import read_run
from gan_lab.runs.record import RunRecord
from gan_lab.types import State

_CRITIC_CHUNK = 256


@dataclass(frozen=True)
class Trained:
    """A run's networks as its newest checkpoint holds them.

    Attributes:
        record: of the run.
        setup: what was trained, on the device that was asked for.
        state: of the checkpoint, on that device.
        iteration: how many iterations it was trained for.
    """

    record: RunRecord
    setup: Setup
    state: State
    iteration: int

    @property
    def latent_dim(self) -> int:
        """Z."""
        return self.setup.batch_shape.latent_dim

    @property
    def data_shape(self) -> tuple[int, ...]:
        """D, the shape of one sample."""
        return self.setup.dataset.data_shape

    def generator(self) -> nn.Module:
        """Return the generator that samples are taken from, latents (n, Z) to samples (n, *D).

        Its weights are as its constraint makes them, those of the moving average where the run keeps one,
        and its batch norm has standing statistics, so that a sample does not depend on its neighbours.
        """
        return sampling_network_of(self.setup, self.state)

    def draw(self, n: int, seed: int, generator: nn.Module | None = None) -> Tensor:
        """Return n samples (n, *D): the same for the same seed on every device, but for rounding.

        Args:
            n: how many; the first of them are those of a smaller n.
            seed: of the latents.
            generator: ``self.generator()``, where it was made before.

        Raises:
            UserError: if memory cannot hold so many.
        """
        self.require_room(n)
        network = self.generator() if generator is None else generator
        return sample(network, latents_of(n, self.latent_dim, seed).to(self.setup.device))

    def score(self, samples: Tensor) -> Tensor:
        """Return the critic's scores (n,) of samples (n, *D), as its constraint lets it score.

        A critic with batch norm scores a sample by its batch: all samples make one then.
        """
        critic = critic_of(self.setup.game, self.state)
        size = len(samples) if self.setup.game.critic_mixes else _CRITIC_CHUNK
        return torch.cat([critic(chunk) for chunk in torch.split(samples, max(size, 1))])

    def require_room(self, n: int) -> None:
        """Refuse samples that memory cannot hold before the first of them is drawn.

        Raises:
            BadValueError: that names ``--n``.
        """
        # latents, samples, and a copy of either on its way
        bytes_per_sample = 8 * (self.latent_dim + math.prod(self.data_shape))
        most = total_bytes(torch.device("cpu")) // bytes_per_sample
        if n > most:
            raise BadValueError("--n", f"at most {most:,}, which is what memory holds of such samples", n)


def load_trained(run_dir: Path, device: str = "auto", trusted: Iterable[str] = ()) -> Trained:
    """Return what a run has trained.

    Args:
        run_dir: its folder.
        device: as in the config: ``auto``, ``cpu``, ``cuda``, ...
        trusted: packages besides gan_lab that its config may name classes of.

    Raises:
        UserError: if it is no run folder, or has no checkpoint that can be read.
    """
    record = read_run(run_dir)
    setup = build_setup(record.read_config() | {"device": device}, trusted)
    checkpoint = load_newest(run_dir, like=setup.init_state())
    return Trained(record, setup, to_device(checkpoint.state, setup.device), checkpoint.iteration)


def latents_of(n: int, latent_dim: int, seed: int) -> Tensor:
    """Return the latents (n, Z) that a seed stands for, on any device: standard normal, on the CPU.

    They are drawn one by one, because what torch draws at once depends on how much that is: the first of two
    would not be the one alone.
    """
    rng = make_rng(seed, "sample")
    return torch.stack([normal((latent_dim,), rng) for _ in range(n)])

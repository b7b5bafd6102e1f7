"""What is looked at: always the same latents, made into samples by the weights that are measured."""

from pathlib import Path

import torch

from gan_lab.game.sampling import sample, sampling_network_of
from gan_lab.game.setup import Setup, build_setup
from gan_lab.tracking.snapshots import Snapshots
from gan_lab.tracking.writers.tensorboard import TensorBoardWriter
from gan_lab.types import State
from support.configs import compose_config

DIGITS = ["dataset=digits", "architecture.generator.width=4", "architecture.critic.width=4"]


def setup_of(*overrides: str) -> Setup:
    return build_setup(compose_config("device=cpu", *DIGITS, *overrides))


def look(setup: Setup, state: State, folder: Path, *iterations: int) -> list[bytes]:
    """The pictures that one process makes."""
    folder.mkdir(exist_ok=True)
    snapshots = Snapshots(setup, setup.dataset.open(setup.device), folder, TensorBoardWriter(folder, 0))
    for iteration in iterations:
        snapshots.look(state, iteration)
    return [(folder / "samples" / f"{iteration:06d}.png").read_bytes() for iteration in iterations]


def test_all_looks_are_from_the_same_latents(tmp_path: Path) -> None:
    """Of one state all pictures are one, also those of a process that goes on later; not of another seed."""
    setup = setup_of()
    state = setup.init_state()
    one, same = look(setup, state, tmp_path / "first", 4, 8)
    (later,) = look(setup, state, tmp_path / "later", 12)
    assert one == same == later
    (other,) = look(setup.with_seed(1), state, tmp_path / "other", 4)
    assert other != one


def test_the_average_makes_what_is_looked_at_and_what_is_drawn(tmp_path: Path) -> None:
    setup = setup_of("train.ema=0.9")
    state = setup.init_state()
    moved = {name: value + 0.2 for name, value in state.generator.items()}
    only, both, neither = (
        state._replace(average=moved),
        state._replace(generator=moved, average=moved),
        state._replace(generator=moved),
    )
    pictures = [
        look(setup, each, tmp_path / str(k), 1) for k, each in enumerate((only, both, neither, state))
    ]
    assert pictures[0] == pictures[1] != pictures[2] == pictures[3]
    latents = torch.randn(3, setup.batch_shape.latent_dim)
    drawn = [sample(sampling_network_of(setup, each), latents) for each in (only, both, neither, state)]
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[2], drawn[3])
    assert not torch.equal(drawn[0], drawn[2])

"""The generator's average against its closed form."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gan_lab.game.execution import make_execution
from gan_lab.game.sampling import sampling_network_of
from gan_lab.game.setup import build_setup
from gan_lab.numerics.averages import ENDLESS, begin_average, move_average
from gan_lab.numerics.trees import stack
from gan_lab.runs.checkpoint import load_newest
from support.configs import TOY, Train, compose_config
from support.games import MAIN, make_cast, plainly, play_alone, play_stacked

EARLIER = Path(__file__).parents[1] / "data" / "version_0.1"


def weights_at(iteration: int) -> Tensor:
    return torch.randn(50, generator=torch.Generator().manual_seed(iteration)) + iteration


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.99, 0.9999])
@pytest.mark.parametrize("iterations", [1, 2, 40])
def test_it_is_the_weighted_mean_of_the_weights_seen(decay: float, iterations: int) -> None:
    average, state = begin_average({"w": torch.full((50,), 1e6)})  # a share of 1e-6 of it would be seen
    assert torch.equal(average["w"], torch.full((50,), 1e6))
    for k in range(1, iterations + 1):
        average, state = move_average(average, state, {"w": weights_at(k)}, decay)
    shares = torch.tensor([decay ** (iterations - k) for k in range(1, iterations + 1)], dtype=torch.float64)
    seen = torch.stack([weights_at(k).double() for k in range(1, iterations + 1)])
    expected = (shares[:, None] * seen).sum(dim=0) / shares.sum()
    torch.testing.assert_close(average["w"].double(), expected, rtol=1e-5, atol=1e-5)
    assert int(state["count"]) == iterations


def test_constant_weights_are_their_own_average() -> None:
    average, state = begin_average({"w": torch.zeros(3)})
    for _ in range(5):
        average, state = move_average(average, state, {"w": torch.full((3,), 0.3)}, 0.9999)
        assert torch.equal(average["w"], torch.full((3,), 0.3))


def test_without_decay_there_is_none() -> None:
    assert move_average({}, {}, {"w": torch.ones(1)}, None) == ({}, {})


def test_an_average_that_was_not_counted_goes_on_as_it_was() -> None:
    state = load_newest(EARLIER / "ring8_wgan_gp").state
    assert int(state.averaging["count"]) == ENDLESS
    params = {name: value + 1 for name, value in state.average.items()}
    moved, counted = move_average(state.average, state.averaging, params, 0.9)
    for name, value in state.average.items():
        torch.testing.assert_close(moved[name], value + 0.1, rtol=1e-6, atol=1e-6)
    assert int(counted["count"]) == ENDLESS + 1


@pytest.mark.slow
def test_it_is_the_same_stacked_and_compiled() -> None:
    cast = make_cast(MAIN["wgan_gp"](), members=2, iterations=3)
    reference = play_alone(plainly(cast.game), cast)
    together = play_stacked(make_execution(cast.game, "eager", stacked=True), cast)
    compiled = play_alone(make_execution(cast.game, "compiled", backend="aot_eager"), cast)
    for found in (together, compiled):
        for one, other in zip(found, reference, strict=True):
            for (state, _), (same, _) in zip(one, other, strict=True):
                assert torch.equal(state.averaging["count"], same.averaging["count"])
                for name, value in same.average.items():
                    torch.testing.assert_close(state.average[name], value, rtol=1e-5, atol=1e-6)
    assert int(reference[0][-1][0].averaging["count"]) == 3
    assert stack([cast.states[0], cast.states[1]]).averaging["count"].shape == (2,)


def test_a_resumed_average_is_the_same_to_the_bit(train: Train) -> None:
    overrides = [*TOY, "train.ema=0.999"]
    whole = train("whole", *overrides, "train.iterations=8")
    train("parts", *overrides, "train.iterations=8", iterations=4)
    parts = train("parts", *overrides, "train.iterations=8", iterations=8)
    one, other = load_newest(whole).state, load_newest(parts).state
    assert int(one.averaging["count"]) == int(other.averaging["count"]) == 8
    assert all(torch.equal(value, other.average[name]) for name, value in one.average.items())


def test_statistics_of_a_sampled_average_are_its_own() -> None:
    """Nothing of batch normalisation is averaged along training: it is taken anew, of the weights."""
    setup = build_setup(
        compose_config("device=cpu", "dataset=digits", "architecture.generator.width=4", "train.ema=0.9")
    )
    state = setup.init_state()
    moved = state._replace(
        generator={name: value + 1 for name, value in state.generator.items()}, average=state.generator
    )
    found, expected = sampling_network_of(setup, moved), sampling_network_of(setup, state, averaged=False)
    latents = torch.randn(8, setup.batch_shape.latent_dim)
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in found.modules())
    assert torch.equal(found(latents), expected(latents))
    assert not torch.equal(sampling_network_of(setup, moved, averaged=False)(latents), expected(latents))

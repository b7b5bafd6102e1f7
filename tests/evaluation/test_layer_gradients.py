"""The critic's gradient layer by layer, against plain autograd and a chain rule by hand."""

import pytest
import torch
from torch.func import functional_call

from gan_lab.evaluation.evaluator import make_evaluator
from gan_lab.evaluation.layer_gradients import layer_gradients, layer_tags
from gan_lab.game.setup import build_setup
from support.configs import TOY, compose_config


@pytest.mark.parametrize("objective", ["wgan", "gan"])
def test_norms_are_those_of_plain_autograd(objective):
    unnormalised = ["constraint=none"] if objective == "gan" else []
    setup = build_setup(compose_config("device=cpu", *TOY, f"objective={objective}", *unnormalised))
    game, state = setup.game, setup.init_state()
    real, fake = torch.randn(2, 32, 2, generator=torch.Generator().manual_seed(0))
    leaves = {name: value.clone().requires_grad_() for name, value in state.critic.items()}
    scores = [functional_call(game.critic, leaves, (points,)) for points in (real, fake)]
    game.objective.critic_loss(*scores).backward()
    expected = {
        f"layers/{name.removesuffix('.weight')}": float(leaf.grad.norm())
        for name, leaf in leaves.items()
        if name.endswith("weight")
    }
    found = layer_gradients(game, state, real, fake)
    assert list(found) == layer_tags(game.critic)
    assert found == pytest.approx(expected, rel=1e-5)


def test_small_weights_starve_the_layers_below_by_the_factor_that_they_shrink():
    setup = build_setup(compose_config("device=cpu", *TOY, "objective=wgan"))
    state = setup.init_state()
    real, fake = torch.randn(2, 32, 2, generator=torch.Generator().manual_seed(0))
    before = layer_gradients(setup.game, state, real, fake)
    last = layer_tags(setup.game.critic)[-1]
    name = f"{last.removeprefix('layers/')}.weight"
    smaller = state._replace(critic=state.critic | {name: state.critic[name] / 100})
    after = layer_gradients(setup.game, smaller, real, fake)
    assert after.pop(last) == pytest.approx(before.pop(last), rel=1e-5)
    assert after == pytest.approx({tag: norm / 100 for tag, norm in before.items()}, rel=1e-4)


def test_they_are_measured_where_the_config_asks_for_them():
    config = compose_config("device=cpu", *TOY, "metrics.layers=true", "metrics.samples=64")
    setup = build_setup(config)
    evaluator = make_evaluator(setup, setup.dataset.open(setup.device))
    tags = layer_tags(setup.game.critic)
    assert len(tags) == 4
    assert set(tags) <= set(evaluator.tags)
    assert set(tags) <= set(evaluator.measure(setup.init_state()))

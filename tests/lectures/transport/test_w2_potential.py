"""Convex potentials: convexity, conjugates, and W2² between Gaussians learned from below."""

from typing import Any

import numpy as np
import pandas
import pytest
import torch
from torch import Tensor

from gan_lab.config.errors import UserError
from gan_lab.distances.plane import PlaneGaussian
from gan_lab.lectures.transport.convex_fit import PotentialPair
from gan_lab.lectures.transport.convex_potentials import ConvexNetwork, conjugate
from gan_lab.lectures.transport.w2_potential import W2Potential, gaussian_nodes, optimal_map
from gan_lab.optimizers.adam import Adam
from gan_lab.types import Params

SOURCE = PlaneGaussian((0, 0), ((2, 0.5), (0.5, 1)))
TARGET = PlaneGaussian((1, -1), ((1, -0.3), (-0.3, 1.5)))


def small(**settings: Any) -> W2Potential:
    defaults = {
        "source": SOURCE,
        "target": TARGET,
        "network": ConvexNetwork(32, 1),
        "optimizer": Adam(0.03, 0.5, 0.9),
        "steps": 150,
        "inner_steps": 2,
        "batch_size": 256,
    }
    return W2Potential(**(defaults | settings))


def rough(network: ConvexNetwork) -> Params:
    """Parameters far from the initial ones, in float64."""
    rng = torch.Generator().manual_seed(1)
    return {
        name: value.double() + torch.randn(value.shape, generator=rng, dtype=torch.float64)
        for name, value in network.init(2, rng).items()
    }


def points(n: int, seed: int) -> Tensor:
    return 2 * torch.randn(n, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("depth", [1, 3])
def test_networks_are_convex(depth: int) -> None:
    network = ConvexNetwork(8, depth)
    params = rough(network)
    x, y = points(200, 2), points(200, 3)
    middle = network.value(params, (x + y) / 2)
    assert (middle < (network.value(params, x) + network.value(params, y)) / 2).all()
    assert (torch.linalg.eigvalsh(network.hessian(params, x)) > 0).all()


def test_derivatives_against_differences() -> None:
    network = ConvexNetwork(8, 2)
    params, x, h = rough(network), points(5, 2), 1e-5
    for k, step in enumerate(h * torch.eye(2, dtype=torch.float64)):
        rise = (network.value(params, x + step) - network.value(params, x - step)) / (2 * h)
        assert network.gradient(params, x)[:, k] == pytest.approx(rise.numpy(), abs=1e-7)
        turn = (network.gradient(params, x + step) - network.gradient(params, x - step)) / (2 * h)
        assert network.hessian(params, x)[:, :, k].numpy() == pytest.approx(turn.numpy(), abs=1e-7)


@pytest.mark.parametrize("depth", [1, 2])
def test_conjugate_where_fenchel_and_young_are_equal(depth: int) -> None:
    network = ConvexNetwork(8, depth)
    params, x = rough(network), points(50, 4)
    slopes = network.gradient(params, x)
    expected = (x * slopes).sum(dim=1) - network.value(params, x)
    assert conjugate(network, params, slopes).numpy() == pytest.approx(expected.numpy(), abs=1e-9)


def test_a_learned_conjugate_is_never_above_the_true_one() -> None:
    network = ConvexNetwork(8, 2)
    pair = PotentialPair(network, rough(network), {k: 1.3 * v for k, v in rough(network).items()})
    y = points(50, 5)
    assert (pair.dual_terms(y) <= pair.conjugate(y) + 1e-9).all()
    assert (pair.dual_terms(y) < pair.conjugate(y) - 1e-3).any()


def test_optimal_map_carries_one_gaussian_onto_the_other() -> None:
    x = points(7, 6)
    carried = optimal_map(SOURCE, TARGET, x)
    matrix = (
        optimal_map(SOURCE, TARGET, torch.eye(2, dtype=torch.float64)) - torch.tensor(TARGET.mean())
    ).numpy()
    assert matrix.T @ SOURCE.covariance() @ matrix == pytest.approx(TARGET.covariance(), abs=1e-12)
    assert matrix == pytest.approx(matrix.T, abs=1e-12)
    assert np.linalg.eigvalsh(matrix).min() > 0
    assert optimal_map(TARGET, SOURCE, carried).numpy() == pytest.approx(x.numpy(), abs=1e-12)


def test_nodes_have_the_moments_of_their_gaussian() -> None:
    nodes, weights = gaussian_nodes(TARGET)
    centred = nodes - torch.from_numpy(TARGET.mean())
    assert (weights @ nodes).numpy() == pytest.approx(TARGET.mean(), abs=1e-12)
    assert (centred.T @ (weights[:, None] * centred)).numpy() == pytest.approx(TARGET.covariance(), abs=1e-12)
    assert float(weights @ centred[:, 0] ** 4) == pytest.approx(3, abs=1e-12)


def test_the_bound_is_below_the_closed_form_for_any_potential_on_any_pair() -> None:
    tilted = PlaneGaussian((0, 0), ((4, 1.9), (1.9, 1)))
    for source, target in ((SOURCE, TARGET), (tilted, SOURCE), (SOURCE, tilted)):
        table = small(steps=1, source=source, target=target).run().table
        assert (table["certified"] <= table["exact"] + 1e-9).all()


def test_the_value_is_learned_from_below() -> None:
    found = small().run()
    last = found.table.iloc[-1]
    assert found.table["exact"].to_list() == pytest.approx([2.463471] * len(found.table), abs=1e-6)
    assert (found.table["certified"] <= found.table["exact"] + 1e-9).all()
    assert (found.table["certified"] <= found.table["learned"] + 1e-9).all()
    assert last["certified"] > 2.35
    assert last["learned"] == pytest.approx(2.463471, abs=0.1)
    assert max(last["forward_error_percent"], last["backward_error_percent"]) < 4
    assert f"prove that it is {last['certified']:.4f} at least" in found.sentence


def test_same_seed_same_table() -> None:
    tables = [small(steps=3, seed=seed).run().table for seed in (1, 1, 2)]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])
    assert tables[0]["step"].to_list() == [0, 1, 2, 3]


def test_what_rounding_leaves_of_equal_gaussians_proves_nothing() -> None:
    lecture = small(steps=1, source=SOURCE, target=SOURCE)
    row = {"learned": 0.0, "certified": 1e-16, "exact": 0.0}
    errors = {"forward_error_percent": 0.0, "backward_error_percent": 0.0}
    said = lecture._sentence(pandas.DataFrame([row | errors]))
    assert said.startswith(
        "After 1 step the potentials give W2² = 0 and prove nothing; the closed form is 0."
    )


def test_errors_beside_a_tiny_variance_are_told_in_times_of_it() -> None:
    row = {"learned": 2.0, "certified": 1.0, "exact": 2.0}
    errors = {"forward_error_percent": 999.0, "backward_error_percent": 192528744814294.69}
    said = small(steps=1)._sentence(pandas.DataFrame([row | errors]))
    assert said.endswith(
        "by 999.00 % of the target's variance and, on the way back, by 1.93e+12 times the source's."
    )


def test_bad_settings_get_their_sentence() -> None:
    with pytest.raises(UserError, match=r"inner_steps must be a whole number greater than 0; got 0\."):
        small(inner_steps=0)
    with pytest.raises(UserError, match="covariance must be"):
        small(source=PlaneGaussian((0, 0), ((1, 2), (2, 1))))
    with pytest.raises(UserError, match=r"width must be a whole number greater than 0; got 0\."):
        ConvexNetwork(0, 1)
